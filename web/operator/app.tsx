// The staff page's frame: signing in, the way between screens, keys (? lists them), and what holds for all screens: simulated, offline.
import { Kbd } from "@mantine/core";
import { Suspense, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { api, netState, ok, Problem, watchNet } from "../shared/client";
import type { Session } from "../shared/model";
import { Dialog, Skeleton, Trouble } from "../shared/parts/Bits";
import { Boundary } from "../shared/parts/Boundary";
import { Icon } from "../shared/parts/Icon";
import { Link, match, navigate, Title, useArrival, usePath } from "../shared/router";
import { clip, clock } from "../shared/text";
import { sees, useSession, WhoMay } from "./may";
import { needsOf, screens, ways, type Way } from "./screens";
import { SignIn } from "./screens/SignIn";

export function App() {
  const session = useSession();
  if (session.data) return <Frame session={session.data} />;
  if (session.error instanceof Problem && session.error.status === 401) return <SignIn />;
  return (
    <main className="page">
      <h1 className="hidden">Cardea, staff</h1>
      {session.error ? <Trouble error={session.error} again={() => void session.refetch()} /> : <Skeleton lines={6} />}
    </main>
  );
}

const typing = (el: EventTarget | null) => el instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) || el.closest("dialog,[role=dialog]") !== null);

function useKeys(help: () => void, ways: Way[]) {
  useEffect(() => {
    let g = 0;
    const press = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
      if (e.key === "/") {
        e.preventDefault();
        document.querySelector<HTMLElement>("#search")?.focus();
      } else if (e.key === "?") {
        e.preventDefault();
        help();
      } else if (e.key === "g") g = Date.now();
      else if (Date.now() - g < 1500) {
        const way = ways.find((w) => w.key === e.key);
        g = 0;
        if (way) navigate("/staff" + way.to);
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [help, ways]);
}

function Frame({ session }: { session: Session }) {
  const path = usePath();
  const [help, setHelp] = useState(false);
  const [opened] = useState(() => () => setHelp(true));
  const may = useMemo(() => ways.filter((w) => sees(session.rights, needsOf(w.to))), [session.rights]);
  useKeys(opened, may);
  const found = screens.map((s) => ({ s, p: match(s.path, path) })).find((x) => x.p !== null);
  useArrival(path, `${found?.s.title ?? "No such page"} · Cardea, staff`);
  const out = async () => {
    await ok(api.DELETE("/v1/staff/session")).catch(() => undefined);
    location.assign("/staff/");
  };
  return (
    <div className="console">
      <a className="skip" href="#main">Skip to content</a>
      <header className="top">
        <span className="brand"><Icon name="shield" size={22} />{clip(session.provider.name, 30) || "Cardea"}</span>
        {sees(session.rights, "home.search") && <form role="search" onSubmit={(e) => {
          e.preventDefault();
          const q = String(new FormData(e.currentTarget).get("q")).trim();
          if (q) navigate("/staff/search?q=" + encodeURIComponent(q));
        }}>
          <input id="search" name="q" aria-label="Search: code, account, gateway, MAC, address or device's name" placeholder="Code, account, MAC, address…  ( / )" maxLength={100} autoComplete="off" data-testid="search-code" />
        </form>}
        <span className="row end">
          <button className="plain" onClick={() => setHelp(true)} aria-label="Keys" data-testid="help">?</button>
          <span className="quiet small" data-testid="me"><bdi>{clip(session.person.email, 40)}</bdi>, {session.roles?.map((r) => clip(r.name, 30)).join(", ") || "no role"}</span>
          <button className="plain" onClick={() => void out()}>Sign out</button>
        </span>
      </header>
      <nav aria-label="Main" className="side">
        {[...new Set(may.map((w) => w.group))].map((g) => (
          <div key={g}>
            <p className="quiet small">{g}</p>
            <ul>{may.filter((w) => w.group === g).map((w) => <li key={w.to}><Link to={w.to} aria-current={path === w.to ? "page" : undefined} title={`g ${w.key}`}>{w.word}</Link></li>)}</ul>
          </div>
        ))}
      </nav>
      <main id="main" className="page stack">
        {session.provider.simulated && <p className="simulated" role="note" data-testid="simulated"><Icon name="spark" size={18} /><strong>Simulated.</strong> These homes, devices and incidents are made up. Nobody lives there.</p>}
        <Net />
        <Boundary key={path}>
          <Suspense fallback={<Skeleton lines={8} />}>
            {!found ? <Title>There is no such page</Title> : sees(session.rights, found.s.needs) ? <div className="stack">{found.s.make(found.p ?? {})}</div> : <Refused title={found.s.title} needs={found.s.needs} />}
          </Suspense>
        </Boundary>
      </main>
      <Dialog title="Keys" open={help} close={() => setHelp(false)}>
        <dl className="facts" data-testid="keys">
          <dt><Kbd>/</Kbd></dt><dd>Search</dd>
          <dt><Kbd>?</Kbd></dt><dd>This list</dd>
          {may.map((w) => <div key={w.to} className="pair"><dt><Kbd>g</Kbd> <Kbd>{w.key}</Kbd></dt><dd>{w.word}</dd></div>)}
        </dl>
        <button className="plain" onClick={() => setHelp(false)}>Close</button>
      </Dialog>
    </div>
  );
}

// Refused stands in the place of a screen that somebody's role does not show.
function Refused({ title, needs }: { title: string; needs: string }) {
  return (
    <div className="stack" data-testid="refused">
      <Title>{title}</Title>
      <p className="empty"><Icon name="lock" size={28} /><span>Your role does not show this.</span></p>
      <WhoMay right={needs} />
    </div>
  );
}

// Net says that what is shown is old while the cloud cannot be reached.
function Net() {
  const net = useSyncExternalStore(watchNet, netState);
  if (!net.offline) return null;
  return <p className="trouble" role="status" data-testid="as-of"><Icon name="cloudOff" size={20} />No connection. What you see is as of {net.asOf ? clock(new Date(net.asOf).toISOString()) : "earlier"}.</p>;
}
