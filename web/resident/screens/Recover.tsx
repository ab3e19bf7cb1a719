// A way back in without support: by one of the codes that were written down, or by a letter to the account's address.
import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Icon } from "../../shared/parts/Icon";
import { Link, useParams } from "../../shared/router";
import { take } from "../sign/door";
import { Page, useEnter } from "../sign/Enter";

const token = take("recover");
const fields = (e: FormEvent<HTMLFormElement>) => {
  e.preventDefault();
  const f = new FormData(e.currentTarget);
  return (n: string) => String(f.get(n) ?? "");
};

export function Recover() {
  const { busy, error, enter } = useEnter();
  const provider = useParams().get("provider") ?? undefined;
  const whose = provider ? { provider } : {};
  const ask = useMutation({ mutationFn: (email: string) => ok(api.POST("/v1/recovery", { body: { email, ...whose } })) });
  const password = <label><span>{t("start.password")}</span><input name="password" type="password" required minLength={12} maxLength={200} autoComplete="new-password" /></label>;
  const email = <label><span>{t("signin.email")}</span><input name="email" type="email" required maxLength={254} autoComplete="username" /></label>;
  if (token) {
    return (
      <Page title="recover.title" error={error} wrong="recover.wrong-link">
        <form aria-busy={busy} onSubmit={(e) => {
          const f = fields(e);
          void enter(() => ok(api.POST("/v1/recovery/link", { body: { token, password: f("password") } })));
        }}>{password}<button disabled={busy} data-testid="recover-link">{t("recover.set")}</button></form>
      </Page>
    );
  }
  return (
    <Page title="recover.title" error={error ?? ask.error} wrong="recover.wrong">
      <section className="card stack tight">
        <h2>{t("recover.letter")}</h2>
        {ask.isSuccess ? <p role="status" data-testid="letter-sent"><Icon name="check" size={18} /> {t("recover.sent")}</p> : (
          <form onSubmit={(e) => ask.mutate(fields(e)("email"))}>{email}<button disabled={ask.isPending} data-testid="recover-letter">{t("recover.send")}</button></form>
        )}
      </section>
      <section className="card stack tight">
        <h2>{t("recover.code")}</h2>
        <form aria-busy={busy} onSubmit={(e) => {
          const f = fields(e);
          void enter(() => ok(api.POST("/v1/recovery/code", { body: { email: f("email"), code: f("code"), password: f("password"), ...whose } })));
        }}>
          {email}
          <label><span>{t("recover.code.label")}</span><input name="code" required maxLength={100} autoComplete="off" spellCheck={false} /></label>
          {password}
          <button disabled={busy} data-testid="recover-code">{t("recover.set")}</button>
        </form>
      </section>
      <p><Link to="/sign-in">{t("start.have")}</Link></p>
    </Page>
  );
}
