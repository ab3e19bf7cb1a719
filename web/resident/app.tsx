// The frame: who is signed in, which home, which screen, and whether what is shown is new.
import { lazy, Suspense, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { Problem, netState, watchNet } from "../shared/client";
import { t, type Key } from "../shared/i18n";
import { useEvents } from "../shared/live";
import type { Session } from "../shared/model";
import { Skeleton, Trouble } from "../shared/parts/Bits";
import { Icon, type IconName } from "../shared/parts/Icon";
import { Link, match, navigate, Title, useArrival, useParams, usePath } from "../shared/router";
import { clip, clock } from "../shared/text";
import { CurrentHome, useSession } from "./data";
import { Activity } from "./screens/Activity";
import { GatewayScreen } from "./screens/Gateway";
import { HomeScreen } from "./screens/Home";
import { IncidentScreen } from "./screens/Incident";
import { Incidents } from "./screens/Incidents";
import { More } from "./screens/More";
import { Notifications } from "./screens/Notifications";
import { Privacy } from "./screens/Privacy";
import { SignIn } from "./screens/SignIn";
import { StoppedToday } from "./screens/Stopped";
import { Support } from "./screens/Support";

// What is not needed for the first screen comes later; the service worker has it before somebody goes there.
const devices = () => import("./screens/Devices"), device = () => import("./screens/Device"), exposures = () => import("./screens/Exposures");
const Devices = lazy(async () => ({ default: (await devices()).Devices }));
const DeviceScreen = lazy(async () => ({ default: (await device()).DeviceScreen }));
const Exposures = lazy(async () => ({ default: (await exposures()).Exposures }));

interface Screen { path: string; title: Key; make: (p: Record<string, string>) => ReactNode }

const screens: Screen[] = [
  { path: "/", title: "nav.home", make: () => <HomeScreen /> },
  { path: "/devices", title: "nav.devices", make: () => <Devices /> },
  { path: "/devices/:id", title: "nav.device", make: (p) => <DeviceScreen id={p.id ?? ""} /> },
  { path: "/exposures", title: "nav.exposed", make: () => <Exposures /> },
  { path: "/incidents", title: "nav.incidents", make: () => <Incidents /> },
  { path: "/incidents/:id", title: "nav.incident", make: (p) => <IncidentScreen id={p.id ?? ""} /> },
  { path: "/stopped", title: "nav.stopped", make: () => <StoppedToday /> },
  { path: "/more", title: "nav.more", make: () => <More /> },
  { path: "/activity", title: "nav.activity", make: () => <Activity /> },
  { path: "/support", title: "nav.support", make: () => <Support /> },
  { path: "/notifications", title: "nav.notifications", make: () => <Notifications /> },
  { path: "/privacy", title: "nav.privacy", make: () => <Privacy /> },
  { path: "/gateway", title: "nav.gateway", make: () => <GatewayScreen /> },
];

const tabs: { to: string; icon: IconName; word: Key; also: string[] }[] = [
  { to: "/", icon: "home", word: "nav.home", also: ["/incidents"] },
  { to: "/devices", icon: "devices", word: "nav.devices", also: ["/exposures"] },
  { to: "/stopped", icon: "shield", word: "nav.stopped", also: [] },
  { to: "/more", icon: "more", word: "nav.more", also: ["/activity", "/support", "/notifications", "/privacy", "/gateway"] },
];

export function App() {
  const path = usePath();
  if (path === "/sign-in") return <SignIn />;
  return <SignedIn />;
}

function SignedIn() {
  const session = useSession();
  const out = session.error instanceof Problem && session.error.status === 401;
  useEffect(() => {
    if (out) navigate("/sign-in?next=" + encodeURIComponent(location.pathname + location.search), true);
  }, [out]);
  if (session.data) return <Frame session={session.data} />;
  return (
    <main className="page stack">
      {session.error && !out ? <Trouble error={session.error} again={() => void session.refetch()} /> : <Skeleton lines={2} tall={120} />}
    </main>
  );
}

function useChosenHome(session: Session): [string, (id: string) => void] {
  const asked = useParams().get("home");
  const [chosen, set] = useState(() => localStorage.getItem("home"));
  const known = (id: string | null) => session.homes.find((h) => h.id === id)?.id;
  const home = known(asked) ?? known(chosen) ?? session.homes[0]?.id ?? "";
  return [home, (id) => {
    localStorage.setItem("home", id);
    set(id);
    navigate("/");
  }];
}

function Frame({ session }: { session: Session }) {
  const path = usePath();
  const [home, choose] = useChosenHome(session);
  const found = screens.map((s) => ({ s, p: match(s.path, path) })).find((x) => x.p !== null);
  const title = t(found ? found.s.title : "nav.lost");
  useArrival(path, `${title} · Cardea`);
  return (
    <CurrentHome value={home}>
      <a className="skip" href="#main">{t("nav.skip")}</a>
      <header className="top">
        <Link to="/" className="brand"><Icon name="shield" size={22} /><span>Cardea</span></Link>
        {session.homes.length > 1 && (
          <label className="which">
            <span className="hidden">{t("nav.which")}</span>
            <select value={home} onChange={(e) => choose(e.target.value)}>
              {session.homes.map((h) => <option key={h.id} value={h.id}>{clip(h.name, 40)}</option>)}
            </select>
          </label>
        )}
      </header>
      <Tabs path={path} />
      <main id="main" className="page stack">
        <Age />
        {home === "" ? <p>{t("nav.no-home")}</p> : (
          <>
            <Events key={home} home={home} />
            {found ? <div className="stack" key={home + path}><Suspense fallback={<Coming title={title} />}>{found.s.make(found.p ?? {})}</Suspense></div> : <Lost />}
          </>
        )}
      </main>
    </CurrentHome>
  );
}

function Coming({ title }: { title: string }) {
  return <><Title className="hidden">{title}</Title><Skeleton lines={4} tall={120} /></>;
}

function Events({ home }: { home: string }) {
  useEvents(home);
  return null;
}

function Tabs({ path }: { path: string }) {
  const on = (x: (typeof tabs)[number]) => path === x.to || (x.to !== "/" && path.startsWith(x.to + "/")) || x.also.some((a) => path.startsWith(a));
  return (
    <nav className="tabs" aria-label={t("nav.main")}>
      <ul>
        {tabs.map((x) => (
          <li key={x.to}>
            <Link to={x.to} aria-current={path === x.to ? "page" : on(x) ? "true" : undefined}>
              <Icon name={x.icon} size={24} />
              <span>{t(x.word)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

// Age says how old what is shown is, as long as nothing newer can be had.
function Age() {
  const net = useSyncExternalStore(watchNet, netState);
  return (
    <div role="status" aria-live="polite" className="agebox">
      {net.offline && (
        <p className="age" data-testid="as-of">
          <Icon name="cloudOff" size={18} />
          <span>{net.asOf ? t("net.as-of", { time: clock(net.asOf) }) : t("net.offline")}</span>
        </p>
      )}
    </div>
  );
}

function Lost() {
  return (
    <>
      <Title>{t("nav.lost")}</Title>
      <p><Link to="/">{t("nav.to-home")}</Link></p>
    </>
  );
}
