// The frame: who is signed in, which home, which screen, and whether what is shown is new.
import { Suspense, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { Problem, netState, watchNet } from "../shared/client";
import { t } from "../shared/i18n";
import { useEvents } from "../shared/live";
import type { Session } from "../shared/model";
import { Skeleton, Trouble } from "../shared/parts/Bits";
import { Boundary } from "../shared/parts/Boundary";
import { Icon } from "../shared/parts/Icon";
import { Link, match, navigate, Title, useArrival, useParams, usePath } from "../shared/router";
import { clip, clock } from "../shared/text";
import { appName, useBrand, wear } from "./brand";
import { CurrentHome, useOwnZone, useSession } from "./data";
import { doors, open, screens, tabs } from "./screens";

export function App() {
  const path = usePath();
  const door = Object.hasOwn(doors, path) ? doors[path] : undefined;
  if (door) return <Door>{door()}</Door>;
  return <SignedIn path={path} />;
}

function Door({ children }: { children: ReactNode }) {
  return <Boundary><Suspense fallback={<main className="page narrow stack"><Skeleton lines={4} /></main>}>{children}</Suspense></Boundary>;
}

function SignedIn({ path }: { path: string }) {
  const session = useSession();
  const out = session.error instanceof Problem && session.error.status === 401;
  const anyway = out && Object.hasOwn(open, path) ? open[path] : undefined;
  useEffect(() => {
    if (out && !anyway) navigate("/sign-in?next=" + encodeURIComponent(location.pathname + location.search), true);
  }, [out, anyway]);
  const provider = session.data?.provider;
  useEffect(() => {
    if (provider) wear(provider);
  }, [provider]);
  if (session.data) return <Frame session={session.data} />;
  if (anyway) return <Door>{anyway()}</Door>;
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
  const brand = useBrand();
  useArrival(path, `${title} · ${appName()}`);
  return (
    <CurrentHome value={home}>
      <a className="skip" href="#main">{t("nav.skip")}</a>
      <header className="top">
        <Link to="/" className="brand"><Icon name="shield" size={22} /><span data-testid="brand">{clip(brand.name, 30) || "Cardea"}</span></Link>
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
            {found ? <div className="stack" key={home + path}><Boundary><Suspense fallback={<Coming title={title} />}>{found.s.make(found.p ?? {})}</Suspense></Boundary></div> : <Lost />}
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
  useOwnZone();
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
          <span>{net.asOf ? t(net.slow ? "net.slow" : "net.as-of", { time: clock(net.asOf) }) : t("net.offline")}</span>
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
