// The table of screens: where each is, what it is called, and by which keys one comes to it. All but the frame are loaded when they are asked for.
import { lazy, type ReactNode } from "react";

const Fleet = lazy(() => import("./screens/Fleet").then((m) => ({ default: m.Fleet })));
const Board = lazy(() => import("./screens/Board").then((m) => ({ default: m.Board })));
const Search = lazy(() => import("./screens/Search").then((m) => ({ default: m.Search })));
const Detections = lazy(() => import("./screens/Detections").then((m) => ({ default: m.Detections })));
const Models = lazy(() => import("./screens/Models").then((m) => ({ default: m.Models })));
const Clusters = lazy(() => import("./screens/Clusters").then((m) => ({ default: m.Clusters })));
const Exposures = lazy(() => import("./screens/Exposures").then((m) => ({ default: m.Exposures })));
const Normal = lazy(() => import("./screens/Normal").then((m) => ({ default: m.Normal })));
const Facts = lazy(() => import("./screens/Normal").then((m) => ({ default: m.Facts })));
const Together = lazy(() => import("./screens/Together").then((m) => ({ default: m.Together })));
const System = lazy(() => import("./screens/System").then((m) => ({ default: m.System })));
const Rollouts = lazy(() => import("./screens/Rollouts").then((m) => ({ default: m.Rollouts })));
const Intel = lazy(() => import("./screens/Intel").then((m) => ({ default: m.Intel })));
const Hunts = lazy(() => import("./screens/Hunts").then((m) => ({ default: m.Hunts })));
const Plans = lazy(() => import("./screens/Plans").then((m) => ({ default: m.Plans })));
const Audit = lazy(() => import("./screens/Audit").then((m) => ({ default: m.Audit })));
const People = lazy(() => import("./screens/People").then((m) => ({ default: m.People })));
const HomeView = lazy(() => import("./screens/Home").then((m) => ({ default: m.HomeView })));

// needs is the right without which the server shows nothing of a screen; "": it shows each what they may see.
export interface Screen { path: string; title: string; needs: string; make: (p: Record<string, string>) => ReactNode }

export const screens: Screen[] = [
  { path: "/", title: "Fleet", needs: "home.search", make: () => <Fleet /> },
  { path: "/search", title: "Search", needs: "home.search", make: () => <Search /> },
  { path: "/detections", title: "Detections", needs: "fleet.view", make: () => <Detections /> },
  { path: "/incidents", title: "Incidents", needs: "fleet.view", make: () => <Board /> },
  { path: "/models", title: "Device models", needs: "fleet.view", make: () => <Models /> },
  { path: "/clusters", title: "Clusters to name", needs: "fleet.view", make: () => <Clusters /> },
  { path: "/exposures", title: "Exposures", needs: "fleet.view", make: () => <Exposures /> },
  { path: "/normal", title: "What is normal", needs: "fleet.view", make: () => <Normal /> },
  { path: "/normal/:profile", title: "What is normal for a model", needs: "fleet.view", make: (p) => <Facts profile={p.profile ?? ""} /> },
  { path: "/together", title: "In many homes", needs: "fleet.view", make: () => <Together /> },
  { path: "/rollouts", title: "Rollouts", needs: "rollout.view", make: () => <Rollouts /> },
  { path: "/rollouts/:rollout", title: "Rollout", needs: "rollout.view", make: (p) => <Rollouts id={p.rollout ?? ""} /> },
  { path: "/intel", title: "Intelligence and policy", needs: "intel.view", make: () => <Intel /> },
  { path: "/hunts", title: "Hunts", needs: "intel.view", make: () => <Hunts /> },
  { path: "/plans", title: "Plans and brand", needs: "plan.view", make: () => <Plans /> },
  { path: "/system", title: "Health of the system", needs: "fleet.view", make: () => <System /> },
  { path: "/audit", title: "Audit", needs: "audit.own", make: () => <Audit /> },
  { path: "/people", title: "People, tokens, integrations", needs: "", make: () => <People /> },
  { path: "/homes/:home", title: "Home", needs: "home.look", make: (p) => <HomeView home={p.home ?? ""} /> },
  { path: "/homes/:home/incidents/:incident", title: "Incident", needs: "home.look", make: (p) => <HomeView home={p.home ?? ""} incident={p.incident} /> },
];

export interface Way { to: string; word: string; key: string; group: string }

// needsOf is what a way's screen needs.
export const needsOf = (to: string) => screens.find((s) => s.path === to)?.needs ?? "";

export const ways: Way[] = [
  { to: "/", word: "Fleet", key: "f", group: "Homes" },
  { to: "/search", word: "Search", key: "s", group: "Homes" },
  { to: "/detections", word: "Detections", key: "d", group: "Danger" },
  { to: "/incidents", word: "Incidents", key: "i", group: "Danger" },
  { to: "/together", word: "Many homes", key: "t", group: "Danger" },
  { to: "/models", word: "Models", key: "m", group: "Devices" },
  { to: "/normal", word: "Normal", key: "n", group: "Devices" },
  { to: "/exposures", word: "Exposures", key: "e", group: "Devices" },
  { to: "/rollouts", word: "Rollouts", key: "r", group: "System" },
  { to: "/intel", word: "Intelligence", key: "l", group: "System" },
  { to: "/hunts", word: "Hunts", key: "u", group: "System" },
  { to: "/plans", word: "Plans, brand", key: "b", group: "System" },
  { to: "/system", word: "Health", key: "h", group: "System" },
  { to: "/audit", word: "Audit", key: "a", group: "System" },
  { to: "/people", word: "People", key: "p", group: "System" },
];
