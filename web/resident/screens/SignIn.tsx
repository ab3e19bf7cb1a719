// Signing in: with a passkey, a password, a link, or the provider's own account. A link's token is behind the # (it reaches no
// server's log) and leaves the address before it is used.
import { useQuery } from "@tanstack/react-query";
import { useEffect, type FormEvent } from "react";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Icon } from "../../shared/parts/Icon";
import { Link, useParams } from "../../shared/router";
import { clip } from "../../shared/text";
import { inside, take, whyOf } from "../sign/door";
import { Page, useEnter } from "../sign/Enter";
import { wear } from "../brand";
import { canPasskey, show } from "../sign/passkey";

const linked = { token: take("sign-in") };

export function SignIn() {
  const params = useParams();
  const back = inside(params.get("next"));
  const why = whyOf(back);
  const provider = params.get("provider") ?? undefined;
  const { busy, error, enter } = useEnter(why ? "/" : back, linked.token !== "");
  const ways = useQuery({ queryKey: ["ways", provider ?? ""], retry: false, staleTime: Infinity, queryFn: () => ok(api.GET("/v1/sign-in", { params: { query: provider ? { provider } : {} } })) }).data;

  const look = ways?.look;
  useEffect(() => {
    if (look) wear(look);
  }, [look]);
  useEffect(() => {
    const { token } = linked;
    linked.token = "";
    if (token) void enter(() => ok(api.POST("/v1/sessions", { body: { token } })));
  }, []);

  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const body = { email: String(f.get("email")), password: String(f.get("password")), ...(provider ? { provider } : {}) };
    void enter(() => ok(api.POST("/v1/sessions", { body })));
  };
  return (
    <Page title="signin.title" error={error} wrong="signin.wrong">
      {why && error === null && <p role="alert" className="trouble" data-testid="signin-why"><Icon name="alert" size={20} /><span>{t(`signin.why.${why}`)}</span></p>}
      {ways?.passkeys && canPasskey() && (
        <button className="plain" disabled={busy} data-testid="passkey" onClick={() => void enter(async () => ok(api.POST("/v1/sign-in/passkey", { body: await show(await ok(api.POST("/v1/sign-in/passkey/challenge"))) })))}>
          <Icon name="key" />{t("signin.passkey")}
        </button>
      )}
      {ways?.account && <a className="button plain" href={`/v1/sign-in/provider${ways.provider ? `?provider=${encodeURIComponent(ways.provider)}` : ""}`} data-testid="provider">{t("signin.provider", { name: clip(ways.name, 40) })}</a>}
      {((ways?.passkeys && canPasskey()) || ways?.account) && <p className="or small">{t("signin.or")}</p>}
      <form onSubmit={submit} aria-busy={busy}>
        <label><span>{t("signin.email")}</span><input name="email" type="email" autoComplete="username" required maxLength={254} /></label>
        <label><span>{t("signin.password")}</span><input name="password" type="password" autoComplete="current-password" required maxLength={200} /></label>
        <button type="submit" disabled={busy}>{busy ? t("signin.busy") : t("signin.button")}</button>
      </form>
      <p className="row"><Link to="/recover" className="tall" data-testid="to-recover">{t("signin.forgot")}</Link><Link to="/start" className="tall" data-testid="to-start">{t("signin.label")}</Link><Link to="/genuine" className="tall">{t("signin.genuine")}</Link><Link to="/help" className="tall" data-testid="to-help">{t("nav.help")}</Link></p>
      <p className="quiet small">{t("signin.note")}</p>
    </Page>
  );
}
