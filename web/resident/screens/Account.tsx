// Signing in: this person's password, passkeys, recovery codes, and where else they are signed in.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { t, tn } from "../../shared/i18n";
import { Ago, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip, date } from "../../shared/text";
import { canPasskey, make } from "../sign/passkey";
import "../settings.css";

function useDone() {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: ["account"] });
}

export function Account() {
  const account = useQuery({ queryKey: ["account"], queryFn: () => ok(api.GET("/v1/account")) });
  const [password, setPassword] = useState("");
  const a = account.data;
  const proof = password ? { password } : {};
  return (
    <>
      <Title>{t("nav.account")}</Title>
      {!a && (account.error ? <Trouble error={account.error} again={() => void account.refetch()} /> : <Skeleton lines={4} tall={80} />)}
      {a && (
        <>
          <p className="quiet"><bdi>{clip(a.email, 80)}</bdi>{a.linked && ` · ${t("account.linked")}`}</p>
          {a.password && <label className="card"><span>{t("account.confirm")}</span><input type="password" value={password} maxLength={200} autoComplete="current-password" onChange={(e) => setPassword(e.target.value)} data-testid="account-confirm" /></label>}
          <Passkeys proof={proof} />
          <Codes left={a.recovery_codes} proof={proof} />
          <Password has={a.password} current={password} />
          <Sessions />
          <p><Link to="/members">{t("nav.members")}</Link></p>
        </>
      )}
    </>
  );
}

interface Proof { proof: { password?: string } }

function Passkeys({ proof }: Proof) {
  const onSettled = useDone();
  const [name, setName] = useState("");
  const list = useQuery({ queryKey: ["account", "passkeys"], queryFn: () => ok(api.GET("/v1/account/passkeys")) });
  const add = useMutation({
    mutationFn: async () => ok(api.POST("/v1/account/passkeys", { body: await make(await ok(api.POST("/v1/account/passkeys/challenge", { body: proof })), name.trim()) })),
    onSuccess: () => setName(""),
    onSettled,
  });
  const remove = useMutation({ mutationFn: (passkey: string) => ok(api.DELETE("/v1/account/passkeys/{passkey}", { params: { path: { passkey } } })), onSettled });
  const error = add.error ?? remove.error ?? list.error;
  return (
    <section className="card stack tight" data-testid="passkeys">
      <h2>{t("passkeys.title")}</h2>
      <p>{t("passkeys.text")}</p>
      {error && <Trouble error={error} />}
      <ul className="lines">{list.data?.items.map((p) => (
        <li key={p.id} className="between" data-testid="passkey"><span className="grow"><Name>{p.name}</Name><br /><span className="small quiet">{t("passkeys.since", { date: date(p.created) })}</span></span>
          <button className="plain" disabled={remove.isPending} onClick={() => remove.mutate(p.id)} data-testid="remove-passkey">{t("passkeys.remove")}</button></li>
      ))}</ul>
      {canPasskey() ? (
        <form onSubmit={(e) => {
          e.preventDefault();
          add.mutate();
        }}>
          <label><span>{t("passkeys.name")}</span><input value={name} required maxLength={100} onChange={(e) => setName(e.target.value)} data-testid="passkey-name" /></label>
          <div><button className="plain" disabled={add.isPending || name.trim() === ""} data-testid="add-passkey"><Icon name="key" />{t("passkeys.add")}</button></div>
        </form>
      ) : <p className="quiet">{t("passkeys.cannot")}</p>}
    </section>
  );
}

// Codes are told once: they stay on the screen until it is left, and are kept nowhere here.
function Codes({ left, proof }: Proof & { left: number }) {
  const onSettled = useDone();
  const fresh = useMutation({ mutationFn: () => ok(api.POST("/v1/account/recovery-codes", { body: proof })), gcTime: 0, onSettled });
  return (
    <section className="card stack tight" data-testid="recovery" data-left={left}>
      <h2>{t("codes.title")}</h2>
      <p>{t("codes.text")} {tn("codes.left", left)}</p>
      {fresh.error && <Trouble error={fresh.error} />}
      {fresh.data && (
        <div role="status" className="stack tight">
          <p><strong>{t("codes.once")}</strong></p>
          <ol className="codes" data-testid="recovery-codes">{fresh.data.codes.map((c) => <li key={c}>{clip(c, 60)}</li>)}</ol>
        </div>
      )}
      <div><button className="plain" disabled={fresh.isPending} onClick={() => fresh.mutate()} data-testid="make-codes">{t("codes.make")}</button></div>
    </section>
  );
}

function Password({ has, current }: { has: boolean; current: string }) {
  const onSettled = useDone();
  const [password, set] = useState("");
  const change = useMutation({ mutationFn: () => ok(api.PUT("/v1/account/password", { body: { password, ...(current ? { current } : {}) } })), onSuccess: () => set(""), onSettled });
  return (
    <section className="card stack tight">
      <h2>{t(has ? "password.change" : "password.set")}</h2>
      <p className="small quiet">{t("password.text")}</p>
      {change.error && <Trouble error={change.error} />}
      {change.isSuccess && <p role="status" data-testid="password-changed"><Icon name="check" size={18} /> {t("password.done")}</p>}
      <form onSubmit={(e) => {
        e.preventDefault();
        change.mutate();
      }}>
        <label><span>{t("password.new")}</span><input type="password" value={password} required minLength={12} maxLength={200} autoComplete="new-password" onChange={(e) => set(e.target.value)} data-testid="new-password" /></label>
        <div><button className="plain" disabled={change.isPending} data-testid="set-password">{t(has ? "password.change" : "password.set")}</button></div>
      </form>
    </section>
  );
}

function Sessions() {
  const onSettled = useDone();
  const list = useQuery({ queryKey: ["account", "sessions"], queryFn: () => ok(api.GET("/v1/account/sessions")) });
  const end = useMutation({ mutationFn: (session: string) => ok(api.DELETE("/v1/account/sessions/{session}", { params: { path: { session } } })), onSettled });
  const all = useMutation({ mutationFn: () => ok(api.DELETE("/v1/account/sessions")), onSettled });
  const error = list.error ?? end.error ?? all.error;
  const items = list.data?.items ?? [];
  return (
    <section className="card stack tight" data-testid="sessions">
      <h2>{t("sessions.title")}</h2>
      {error && <Trouble error={error} />}
      <ul className="lines">{items.map((s) => (
        <li key={s.id} className="between" data-testid="session" data-this={s.this}><span className="grow"><Name max={60}>{s.agent}</Name><br /><span className="small quiet">{s.this ? t("sessions.this") : <>{t("sessions.used")} <Ago at={s.used} /></>}</span></span>
          {!s.this && <button className="plain" disabled={end.isPending} onClick={() => end.mutate(s.id)} data-testid="end-session">{t("sessions.end")}</button>}</li>
      ))}</ul>
      {items.length > 1 && <div><button className="plain" disabled={all.isPending} onClick={() => all.mutate()} data-testid="end-sessions">{t("sessions.all")}</button></div>}
    </section>
  );
}
