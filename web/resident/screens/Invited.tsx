// Taking an invitation: with the account that is signed in, or with a new one.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Skeleton } from "../../shared/parts/Bits";
import { Link } from "../../shared/router";
import { isolate } from "../../shared/text";
import { wear } from "../brand";
import { take } from "../sign/door";
import { Page, useEnter } from "../sign/Enter";
import { Newcomer } from "../sign/Newcomer";
import { make } from "../sign/passkey";

const token = take("invited");

export function Invited() {
  const { busy, error, enter } = useEnter();
  const [fresh, begin] = useState(false);
  const offer = useQuery({ queryKey: ["invited"], retry: false, queryFn: () => ok(api.POST("/v1/invitations/look", { body: { token } })) });
  const me = useQuery({ queryKey: ["invited-me"], retry: false, queryFn: () => ok(api.GET("/v1/session")) });
  const join = useMutation({ mutationFn: () => ok(api.POST("/v1/invitations/join", { body: { token } })), onSuccess: (j) => location.assign(`/?home=${encodeURIComponent(j.home)}`) });
  const o = offer.data;
  useEffect(() => {
    if (o) wear(o.look);
  }, [o]);
  return (
    <Page title="invited.title" error={error ?? join.error ?? offer.error} wrong="invited.wrong">
      {!o && !offer.error && <Skeleton lines={3} />}
      {o && <p data-testid="offer" data-role={o.role}>{t("invited.text", { home: isolate(o.home), provider: isolate(o.provider), role: t(`role.${o.role}`) })}</p>}
      {o && me.data && !fresh && (
        <>
          <button disabled={join.isPending} onClick={() => join.mutate()} data-testid="join">{t("invited.join", { name: isolate(me.data.person.name || me.data.person.email) })}</button>
          <button className="link" onClick={() => begin(true)}>{t("invited.new")}</button>
        </>
      )}
      {o && (fresh || (!me.data && !me.isPending)) && (
        <Newcomer email={o.email} busy={busy} password={(m, told) => void enter(() => ok(api.POST("/v1/invitations/accept", { body: { token, ...m } })), told)}
          passkey={(m, told) => void enter(async () => {
            const { name, email } = m;
            const q = await ok(api.POST("/v1/invitations/challenge", { body: { token, name, email } }));
            return ok(api.POST("/v1/invitations/accept", { body: { token, name, email, passkey: await make(q, t("signin.passkey.here")) } }));
          }, told)} />
      )}
      {!me.data && <p><Link to="/sign-in">{t("start.have")}</Link></p>}
    </Page>
  );
}
