// Which screen is at which path, and which words it needs. Home comes with the app; every other screen comes when somebody goes there,
// with its words, and the service worker has both before that.
import { lazy, type ComponentType, type ReactNode } from "react";
import { load, type Key, type Part } from "../shared/i18n";
import type { IconName } from "../shared/parts/Icon";
import { HomeScreen } from "./screens/Home";

// later is a screen that is loaded with the parts of the words that it and what it shows use (a test compares).
function later<P extends object>(get: () => Promise<ComponentType<P>>, ...parts: Part[]) {
  return lazy(async () => ({ default: (await Promise.all([get(), load(...parts)]))[0] }));
}

const SignIn = later(async () => (await import("./screens/SignIn")).SignIn, "sign");
const Start = later(async () => (await import("./screens/Start")).Start, "sign");
const Invited = later(async () => (await import("./screens/Invited")).Invited, "sign");
const Recover = later(async () => (await import("./screens/Recover")).Recover, "sign");
const Genuine = later(async () => (await import("./screens/Genuine")).Genuine, "help", "sign");

const PublicHelp = later(async () => (await import("./screens/PublicHelp")).PublicHelp, "help", "sign");

// doors are the pages for whoever is not signed in.
export const doors: Readonly<Record<string, () => ReactNode>> = {
  "/sign-in": () => <SignIn />, "/start": () => <Start />, "/invited": () => <Invited />, "/recover": () => <Recover />, "/genuine": () => <Genuine />,
};

// open are screens that whoever is not signed in sees too, in another form.
export const open: Readonly<Record<string, () => ReactNode>> = { "/help": () => <PublicHelp /> };

const Asking = later(async () => (await import("./screens/Asking")).Asking, "sign");
const Devices = later(async () => (await import("./screens/Devices")).Devices, "device");
const Device = later(async () => (await import("./screens/Device")).DeviceScreen, "device", "control", "about", "policy", "case", "stopped", "plan");
const Exposures = later(async () => (await import("./screens/Exposures")).Exposures, "device", "case");
const Incidents = later(async () => (await import("./screens/Incidents")).Incidents, "case");
const Incident = later(async () => (await import("./screens/Incident")).IncidentScreen, "case", "guide");
const Stopped = later(async () => (await import("./screens/Stopped")).StoppedByDay, "stopped", "case", "device");
const More = later(async () => (await import("./screens/More")).More, "more");
const Activity = later(async () => (await import("./screens/Activity")).Activity, "more", "case");
const Support = later(async () => (await import("./screens/Support")).Support, "more");
const Notifications = later(async () => (await import("./screens/Notifications")).Notifications, "more", "notify");
const Privacy = later(async () => (await import("./screens/Privacy")).Privacy, "privacy");
const Policy = later(async () => (await import("./screens/Policy")).Policy, "policy");
const NewDevices = later(async () => (await import("./screens/NewDevices")).NewDevices, "new", "control", "policy");
const Reports = later(async () => (await import("./screens/Reports")).Reports, "report", "plan");
const Report = later(async () => (await import("./screens/Report")).Report, "report", "stopped", "plan");
const Members = later(async () => (await import("./screens/Members")).Members, "members", "sign");
const Account = later(async () => (await import("./screens/Account")).Account, "account");
const Help = later(async () => (await import("./screens/Help")).Help, "help");
const People = later(async () => (await import("./screens/People")).People, "people", "plan");
const Gateway = later(async () => (await import("./screens/Gateway")).GatewayScreen, "more");

const LineScreen = later(async () => (await import("./screens/Line")).LineScreen, "line");

export interface Screen { path: string; title: Key; make: (p: Record<string, string>) => ReactNode }

export const screens: readonly Screen[] = [
  { path: "/", title: "nav.home", make: () => <HomeScreen asking={<Asking />} /> },
  { path: "/devices", title: "nav.devices", make: () => <Devices /> },
  { path: "/devices/new", title: "nav.new", make: () => <NewDevices /> },
  { path: "/devices/:id", title: "nav.device", make: (p) => <Device id={p.id ?? ""} /> },
  { path: "/exposures", title: "nav.exposed", make: () => <Exposures /> },
  { path: "/incidents", title: "nav.incidents", make: () => <Incidents /> },
  { path: "/incidents/:id", title: "nav.incident", make: (p) => <Incident id={p.id ?? ""} /> },
  { path: "/stopped", title: "nav.stopped", make: () => <Stopped /> },
  { path: "/more", title: "nav.more", make: () => <More /> },
  { path: "/activity", title: "nav.activity", make: () => <Activity /> },
  { path: "/support", title: "nav.support", make: () => <Support /> },
  { path: "/notifications", title: "nav.notifications", make: () => <Notifications /> },
  { path: "/privacy", title: "nav.privacy", make: () => <Privacy /> },
  { path: "/people", title: "nav.people", make: () => <People /> },
  { path: "/reports", title: "nav.reports", make: () => <Reports /> },
  { path: "/reports/:week", title: "nav.reports", make: (p) => <Report week={p.week ?? ""} /> },
  { path: "/members", title: "nav.members", make: () => <Members /> },
  { path: "/account", title: "nav.account", make: () => <Account /> },
  { path: "/help", title: "nav.help", make: () => <Help /> },
  { path: "/policy", title: "nav.policy", make: () => <Policy /> },
  { path: "/line", title: "nav.line", make: () => <LineScreen /> },
  { path: "/gateway", title: "nav.gateway", make: () => <Gateway /> },
];

interface Tab { to: string; icon: IconName; word: Key; also: readonly string[] }

// tabs are the bar; also are the paths that belong to a tab without being below it.
export const tabs: readonly Tab[] = [
  { to: "/", icon: "home", word: "nav.home", also: ["/incidents"] },
  { to: "/devices", icon: "devices", word: "nav.devices", also: ["/exposures"] },
  { to: "/stopped", icon: "shield", word: "nav.stopped", also: [] },
  { to: "/more", icon: "more", word: "nav.more", also: ["/activity", "/support", "/notifications", "/privacy", "/policy", "/line", "/gateway", "/people", "/reports", "/members", "/account", "/help"] },
];
