// The staff page's frame: signing in, the way between pages, keys: / to search, g f fleet, g i incidents, g m models, g e exposures, g a audit.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { api, ok, Problem } from "../shared/client";
import type { Session } from "../shared/model";
import { Skeleton, Trouble } from "../shared/parts/Bits";
import { Icon } from "../shared/parts/Icon";
import { Link, match, navigate, Title, useArrival, usePath } from "../shared/router";
import { clip } from "../shared/text";
import { Audit } from "./screens/Audit";
import { Board, Search } from "./screens/Board";
import { Clusters } from "./screens/Clusters";
import { Exposures } from "./screens/Exposures";
import { Fleet } from "./screens/Fleet";
import { HomeView } from "./screens/Home";
import { Models } from "./screens/Models";

interface Screen { path: string; title: string; make: (p: Record<string, string>) => ReactNode }

const screens: Screen[] = [
  { path: "/", title: "Fleet", make: () => <Fleet /> },
  { path: "/incidents", title: "Incidents", make: () => <Board /> },
  { path: "/search", title: "Search", make: () => <Search /> },
  { path: "/models", title: "Device models", make: () => <Models /> },
  { path: "/clusters", title: "Clusters to name", make: () => <Clusters /> },
  { path: "/exposures", title: "Exposures", make: () => <Exposures /> },
  { path: "/audit", title: "Audit", make: () => <Audit /> },
  { path: "/homes/:home", title: "Home", make: (p) => <HomeView home={p.home ?? ""} /> },
  { path: "/homes/:home/incidents/:incident", title: "Incident", make: (p) => <HomeView home={p.home ?? ""} incident={p.incident} /> },
];

const ways = [
  { to: "/", word: "Fleet", key: "f" },
  { to: "/incidents", word: "Incidents", key: "i" },
  { to: "/models", word: "Models", key: "m" },
  { to: "/exposures", word: "Exposures", key: "e" },
  { to: "/audit", word: "Audit", key: "a" },
];

export function App() {
  const session = useQuery({ queryKey: ["session"], queryFn: () => ok(api.GET("/v1/staff/session")), staleTime: 300_000 });
  if (session.data) return <Frame session={session.data} />;
  if (session.error instanceof Problem && session.error.status === 401) return <SignIn />;
  return (
    <main className="page">
      <h1 className="hidden">Cardea, staff</h1>
      {session.error ? <Trouble error={session.error} again={() => void session.refetch()} /> : <Skeleton lines={6} />}
    </main>
  );
}

function SignIn() {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Sign in · Cardea, staff";
  }, []);
  const enter = async (body: { email: string; password: string; provider?: string } | { token: string }) => {
    setBusy(true);
    setError(null);
    try {
      const s = await ok(api.POST("/v1/staff/sessions", { body }));
      client.removeQueries({ predicate: (q) => q.queryKey[0] !== "session" });
      client.setQueryData(["session"], s);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const once = useRef(false);
  useEffect(() => {
    const token = location.pathname === "/staff/sign-in" ? location.hash.slice(1) : "";
    if (!token || once.current) return;
    once.current = true;
    navigate("/staff/", true);
    void enter({ token });
  }, []);
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const provider = String(f.get("provider"));
    void enter({ email: String(f.get("email")), password: String(f.get("password")), ...(provider ? { provider } : {}) });
  };
  return (
    <main className="page narrow stack">
      <p className="brand"><Icon name="shield" size={24} />Cardea, staff</p>
      <h1>Sign in</h1>
      {error instanceof Problem && error.status === 401 ? <p role="alert" className="trouble">E-mail and password do not fit.</p> : error !== null && <Trouble error={error} />}
      <form onSubmit={submit}>
        <label><span>E-mail</span><input name="email" type="email" autoComplete="username" required maxLength={254} /></label>
        <label><span>Password</span><input name="password" type="password" autoComplete="current-password" required maxLength={200} /></label>
        <label><span>Provider (only where there are several)</span><input name="provider" autoComplete="organization" maxLength={64} /></label>
        <button disabled={busy}>Sign in</button>
      </form>
    </main>
  );
}

function useKeys() {
  useEffect(() => {
    let g = 0;
    const press = (e: KeyboardEvent) => {
      const el = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)) return;
      if (e.key === "/") {
        e.preventDefault();
        document.querySelector<HTMLElement>("#search")?.focus();
      } else if (e.key === "g") g = Date.now();
      else if (Date.now() - g < 1500) {
        const way = ways.find((w) => w.key === e.key);
        g = 0;
        if (way) navigate("/staff" + way.to);
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function Frame({ session }: { session: Session }) {
  const path = usePath();
  useKeys();
  const found = screens.map((s) => ({ s, p: match(s.path, path) })).find((x) => x.p !== null);
  useArrival(path, `${found?.s.title ?? "No such page"} · Cardea, staff`);
  const out = async () => {
    await ok(api.DELETE("/v1/staff/session")).catch(() => undefined);
    location.assign("/staff/");
  };
  return (
    <>
      <a className="skip" href="#main">Skip to content</a>
      <header className="bar">
        <div>
          <span className="brand"><Icon name="shield" size={22} />{clip(session.provider.name, 30) || "Cardea"}</span>
          <nav aria-label="Main">
            <ul>{ways.map((w) => <li key={w.to}><Link to={w.to} aria-current={path === w.to ? "page" : undefined} title={`g ${w.key}`}>{w.word}</Link></li>)}</ul>
          </nav>
          <form role="search" onSubmit={(e) => {
            e.preventDefault();
            const code = String(new FormData(e.currentTarget).get("code")).trim().toUpperCase();
            if (code) navigate("/staff/search?code=" + encodeURIComponent(code));
          }}>
            <input id="search" name="code" aria-label="Incident's code" placeholder="Code, as K7QM  ( / )" maxLength={8} autoComplete="off" data-testid="search-code" />
          </form>
          <span className="row end"><span className="quiet small"><bdi>{clip(session.person.email, 40)}</bdi></span><button className="plain" onClick={() => void out()}>Sign out</button></span>
        </div>
      </header>
      <main id="main" className="page stack">
        {found ? <div className="stack" key={path}>{found.s.make(found.p ?? {})}</div> : <Title>There is no such page</Title>}
      </main>
    </>
  );
}
