// Gateway: the home's gateways, joining a new one, and confirming one that waits: only a resident may swap it.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import type { Claim, Gateway } from "../../shared/model";
import { Ago, Empty, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Title } from "../../shared/router";
import { clip, clock, date } from "../../shared/text";
import { useGateways, useHome, useHomeID } from "../data";

export function GatewayScreen() {
  const home = useHomeID();
  const list = useGateways();
  const now = useHome().data?.gateway;
  const claim = useMutation({ mutationFn: () => ok(api.POST("/v1/homes/{home}/claims", { params: { path: { home } } })) });
  return (
    <>
      <Title>{t("nav.gateway")}</Title>
      {now && <p className="quiet">{t("gateway.seen")} <Ago at={now.last_seen} /> · {clip(now.version, 40)}</p>}
      {!list.data && (list.error ? <Trouble error={list.error} again={() => void list.refetch()} /> : <Skeleton lines={3} />)}
      {list.data?.items.length === 0 && <Empty icon="router">{t("gateway.none")}</Empty>}
      <ul className="stack tight">{list.data?.items.map((g) => <Row key={g.id} gateway={g} />)}</ul>
      <section className="card stack">
        <h2>{t("gateway.new")}</h2>
        <p>{t("gateway.new.text")}</p>
        {claim.error && <Trouble error={claim.error} />}
        {claim.data ? <Code claim={claim.data} /> : (
          <div><button className="plain" disabled={claim.isPending} onClick={() => claim.mutate()} data-testid="new-claim">{t("gateway.code")}</button></div>
        )}
      </section>
    </>
  );
}

function Row({ gateway: g }: { gateway: Gateway }) {
  const home = useHomeID();
  const client = useQueryClient();
  const confirm = useMutation({
    mutationFn: () => ok(api.POST("/v1/homes/{home}/gateways/{gateway}/confirm", { params: { path: { home, gateway: g.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: [home] }),
  });
  return (
    <li className="card stack tight" data-testid="gateway" data-state={g.state}>
      <div className="between">
        <strong>{clip(g.id, 13)}</strong>
        {g.state === "active" ? <State tone="good" icon="check">{t("gateway.active")}</State>
          : g.state === "waiting" ? <State tone="need" icon="alert">{t("gateway.waiting")}</State>
          : <State tone="mute" icon="stop">{t("gateway.revoked")}</State>}
      </div>
      <p className="small quiet">{t("gateway.since")} {date(g.enrolled)}{g.why && ` · ${clip(g.why, 200)}`}</p>
      {g.state === "waiting" && (
        <>
          <p>{t("gateway.confirm.text")}</p>
          {confirm.error && <Trouble error={confirm.error} />}
          <div><button disabled={confirm.isPending} onClick={() => confirm.mutate()} data-testid="confirm-gateway">{t("gateway.confirm")}</button></div>
        </>
      )}
    </li>
  );
}

// Code shows the claim. The drawing is an image: whatever it holds, it cannot run here.
function Code({ claim }: { claim: Claim }) {
  return (
    <div className="stack tight" role="status">
      <p className="code claim" data-testid="claim-code">{clip(claim.code, 80)}</p>
      <img className="qr" width="200" height="200" alt={t("gateway.qr")} src={"data:image/svg+xml;charset=utf-8," + encodeURIComponent(claim.qr_svg)} />
      <p className="small quiet">{t("gateway.until", { time: clock(claim.expires) })}</p>
    </div>
  );
}
