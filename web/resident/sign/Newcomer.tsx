// Making an account: a name, an address, a passkey or a password, and how to be told. The same for an invitation and for a gateway's label.
import { useState, type FormEvent } from "react";
import { t } from "../../shared/i18n";
import { canPasskey } from "./passkey";
import { Telling } from "./Telling";
import { usual, type Told } from "./told";

export interface Made { name: string; email: string; password: string }

interface Props { email: string; busy: boolean; password: (m: Made, t: Told) => void; passkey: (m: Made, t: Told) => void }

export function Newcomer({ email, busy, password, passkey }: Props) {
  const [by, choose] = useState<"passkey" | "password">(canPasskey() ? "passkey" : "password");
  const [told, tell] = useState(usual);
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const made = { name: String(f.get("name")).trim(), email: email || String(f.get("email")), password: String(f.get("password") ?? "") };
    if (by === "passkey") passkey(made, told);
    else password(made, told);
  };
  return (
    <form onSubmit={submit} aria-busy={busy} data-testid="newcomer">
      <label><span>{t("start.name")}</span><input name="name" required maxLength={100} autoComplete="name" /></label>
      <label><span>{t("signin.email")}</span><input name="email" type="email" required maxLength={254} autoComplete="username" defaultValue={email} readOnly={email !== ""} /></label>
      {by === "password" && <label><span>{t("start.password")}</span><input name="password" type="password" required minLength={12} maxLength={200} autoComplete="new-password" /></label>}
      <Telling told={told} choose={tell} />
      <button disabled={busy} data-testid={`start-${by}`}>{t(by === "passkey" ? "start.by-passkey" : "start.by-password")}</button>
      {canPasskey() && <button type="button" className="link" onClick={() => choose(by === "passkey" ? "password" : "passkey")} data-testid="start-other">{t(by === "passkey" ? "start.rather-password" : "start.rather-passkey")}</button>}
      {by === "passkey" && <p className="small quiet">{t("start.passkey.text")}</p>}
    </form>
  );
}
