// Signing in, with a password or with a link. A link's token is behind the # (it reaches no server's log) and leaves the
// address before it is used.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { api, ok, Problem } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { navigate, useParams } from "../../shared/router";
import { forget } from "../data";

// inside keeps the way back to this app: only a path of ours is followed.
export const inside = (next: string | null) => (next && /^\/(?![/\\])/.test(next) ? next : "/");

let linked: string | null = null;
if (location.pathname === "/sign-in" && location.hash.length > 1) {
  linked = location.hash.slice(1).replace(/^token=/, "");
  history.replaceState(null, "", location.pathname + location.search);
}

export function SignIn() {
  const client = useQueryClient();
  const next = inside(useParams().get("next"));
  const [busy, setBusy] = useState(linked !== null);
  const [error, setError] = useState<unknown>(null);
  const title = useRef<HTMLHeadingElement>(null);

  const enter = async (body: { email: string; password: string } | { token: string }) => {
    setBusy(true);
    setError(null);
    try {
      const s = await ok(api.POST("/v1/sessions", { body }));
      await forget();
      client.clear();
      client.setQueryData(["session"], s);
      navigate(next, true);
    } catch (e) {
      setError(e);
      setBusy(false);
      title.current?.focus();
    }
  };

  useEffect(() => {
    document.title = `${t("signin.title")} · Cardea`;
    if (linked === null) return;
    const token = linked;
    linked = null;
    void enter({ token });
  }, []);

  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    void enter({ email: String(f.get("email")), password: String(f.get("password")) });
  };
  const wrong = error instanceof Problem && (error.status === 401 || error.status === 400 || error.status === 422);
  return (
    <main className="page narrow stack">
      <p className="brand"><Icon name="shield" size={28} /><span>Cardea</span></p>
      <h1 ref={title} tabIndex={-1}>{t("signin.title")}</h1>
      {wrong && <p role="alert" className="trouble"><Icon name="alert" size={20} /><span>{t("signin.wrong")}</span></p>}
      {error !== null && !wrong && <Trouble error={error} />}
      <form onSubmit={submit} aria-busy={busy}>
        <label><span>{t("signin.email")}</span><input name="email" type="email" autoComplete="username" required maxLength={254} /></label>
        <label><span>{t("signin.password")}</span><input name="password" type="password" autoComplete="current-password" required maxLength={200} /></label>
        <button type="submit" disabled={busy}>{busy ? t("signin.busy") : t("signin.button")}</button>
      </form>
      <p className="quiet small">{t("signin.note")}</p>
    </main>
  );
}
