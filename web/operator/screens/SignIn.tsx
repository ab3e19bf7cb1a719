// Signing in: at the provider's own sign-on where it has one, with a password, or with a link, whose token is behind the # and leaves the address at once.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { api, ok, Problem } from "../../shared/client";
import { Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { navigate, useParams } from "../../shared/router";
import { clip } from "../../shared/text";
import { wayTo, whyOf } from "../door";

export function SignIn() {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const params = useParams();
  const provider = params.get("provider") ?? "";
  const why = whyOf("?" + params.toString());
  const at = useQuery({ queryKey: ["ways", provider], retry: false, staleTime: Infinity, queryFn: () => ok(api.GET("/v1/staff/sign-in", { params: { query: provider ? { provider } : {} } })) }).data?.items ?? [];
  useEffect(() => {
    document.title = "Sign in · Cardea, staff";
  }, []);
  const enter = async (body: { email: string; password: string; provider?: string } | { token: string }) => {
    setBusy(true);
    setError(null);
    try {
      const s = await ok(api.POST("/v1/staff/sessions", { body }));
      client.removeQueries({ predicate: (q) => q.queryKey[0] !== "session" });
      if (why) navigate("/staff/", true);
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
      {why && error === null && <p role="alert" className="trouble" data-testid="signin-why"><Icon name="alert" size={20} /><span>{why}</span></p>}
      {at.map((w) => <a key={w.provider} className="button plain" href={wayTo(w.provider)} data-testid="provider">Sign in with {clip(w.name, 40)}</a>)}
      {at.length > 0 && <p className="quiet small">or with e-mail and password:</p>}
      <form onSubmit={submit}>
        <label><span>E-mail</span><input name="email" type="email" autoComplete="username" required maxLength={254} /></label>
        <label><span>Password</span><input name="password" type="password" autoComplete="current-password" required maxLength={200} /></label>
        <label><span>Provider (only where there are several)</span><input name="provider" autoComplete="organization" defaultValue={provider} maxLength={64} /></label>
        <button disabled={busy}>Sign in</button>
      </form>
    </main>
  );
}
