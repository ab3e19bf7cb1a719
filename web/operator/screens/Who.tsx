// Who a device of a home is and how exposed, as staff see it: with the evidence. They may say what it is: alarm and medical
// are never guessed.
import { known } from "../../shared/i18n";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ok } from "../../shared/client";
import { needsLook } from "../../shared/marks";
import type { Correction, Device } from "../../shared/model";
import { Ago, Name, State, Trouble } from "../../shared/parts/Bits";
import { OrderLine } from "../../shared/parts/Case";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { Correct } from "../../shared/parts/Correct";
import { clip, date } from "../../shared/text";
import { className, product } from "../../shared/product";
import { judged } from "../../shared/who";
import { Only } from "../may";
import { Texts } from "./Models";

// whose says who says something, in words.
const whose: Record<string, string> = { rules: "our rules", learned: "learned from the fleet", operator: "the provider", owner: "a resident", gateway: "the gateway" };
const saysWho = (by: string) => whose[by] ?? (clip(by, 20) || "nobody");
const guessed = (by: string) => by !== "owner" && by !== "operator" && by !== "";

// Say takes the provider's word for one device of one home. Its people see it, with the reason of the look.
function Say({ home, device: d }: { home: string; device: Device }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const say = useMutation({
    mutationFn: (body: Correction | null) => {
      const params = { path: { home, device: d.id }, header: { "Idempotency-Key": crypto.randomUUID() } };
      return ok(body ? api.PUT("/v1/staff/homes/{home}/devices/{device}/identity", { params, body }) : api.DELETE("/v1/staff/homes/{home}/devices/{device}/identity", { params }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: [home, "devices"] }),
  });
  const id = say.data?.id ?? "";
  const order = useQuery({
    queryKey: [home, "order", id],
    queryFn: () => ok(api.GET("/v1/staff/homes/{home}/orders/{order}", { params: { path: { home, order: id } } })),
    enabled: id !== "",
    refetchInterval: (q) => (q.state.data && q.state.data.status !== "asked" ? false : 2000),
  });
  const now = order.data ?? say.data;
  const status = now?.status;
  useEffect(() => {
    if (!status || status === "asked") return;
    const look = () => void client.invalidateQueries({ queryKey: [home, "devices"] });
    look();
    const later = [1500, 5000].map((ms) => setTimeout(look, ms)); // the gateway tells of the device after it confirmed the order
    return () => later.forEach(clearTimeout);
  }, [client, home, status]);
  const busy = say.isPending || status === "asked";
  return (
    <div className="stack tight">
      <div className="row">
        <button className="plain" disabled={busy} onClick={() => setOpen(true)} data-testid="correct">Say what it is</button>
        {(d.identity.by === "owner" || d.identity.by === "operator") && <button className="plain" disabled={busy} onClick={() => say.mutate(null)} data-testid="take-back">Take back what was said</button>}
      </div>
      <Correct who={d.identity} name={d.name} by="operator" open={open} close={() => setOpen(false)} send={(c) => say.mutate(c)}
        note="It holds in this home only. The people who live there see it, with the reason of your look." />
      <div role="status">
        {say.error && <Trouble error={say.error} />}
        {now && <OrderLine order={now} />}
      </div>
    </div>
  );
}

export function Whole({ home, device: d }: { home: string; device: Device }) {
  const who = d.identity;
  const other = judged(who);
  return (
    <section className="stack" aria-labelledby="whole" data-testid="whole">
      <h3 id="whole">Who <Name>{d.name}</Name> is, and how exposed</h3>
      {!d.gateway && <Only right="home.act"><Say home={home} device={d} /></Only>}
      <div className="cols">
        <dl className="facts">
          <dt>Model</dt><dd><bdi>{clip(who.model, 64) || "not known"}</bdi></dd>
          <dt>Maker</dt><dd><bdi>{clip(who.vendor, 64) || "not known"}</bdi>{who.maker && who.maker !== who.vendor && <> (network part by <bdi>{clip(who.maker, 64)}</bdi>)</>}</dd>
          <dt>Kind</dt><dd><ClassMark of={who.class} />{other && <p className="small quiet">judged as: {className(other)}</p>}</dd>
          <dt>Who says so</dt><dd>{saysWho(who.by)}{guessed(who.by) && `, ${Math.round(who.confidence * 100)} % sure`}</dd>
          <dt>Evidence</dt><dd><Texts of={who.evidence} /></dd>
          {d.protections.length > 0 && <><dt>Protected by</dt><dd>{d.protections.slice(0, 16).map((p) => clip(known("guard", p.kind), 40) + (p.port ? ` ${p.port}` : "")).join(", ")}</dd></>}
          {d.behind.length > 0 && <><dt>Behind it</dt><dd><Texts of={d.behind.map((b) => [b.name, product(b), b.class && className(b.class)].filter(Boolean).join(", "))} /></dd></>}
          {d.aliases.slice(0, 16).map((a) => (
            <div key={a.device} className="pair"><dt>{a.proposed ? "Perhaps the same" : "Merged"}</dt><dd>{a.macs.slice(0, 4).map((m) => clip(m, 20)).join(", ")} ({saysWho(a.by)}{guessed(a.by) && `, ${Math.round(a.confidence * 100)} % sure`})<Texts of={a.why} /></dd></div>
          ))}
        </dl>
        <ul className="lines">
          {d.exposures.length === 0 && <li className="quiet">Nothing was seen that makes it easy to attack.</li>}
          {d.exposures.slice(0, 32).map((x) => (
            <li key={x.id} className="stack tight" data-testid="exposed" data-kind={x.kind}>
              <div className="between high"><strong>{clip(known("kind", x.kind), 40)}</strong>
                {needsLook(d, x) ? <State tone="work" icon="eye">Worth a look</State> : <State tone="mute" icon={x.certain ? "check" : "eye"}>{x.certain ? "Nothing to do" : "Perhaps"}</State>}</div>
              <p><bdi>{clip(x.sentence, 300)}</bdi> <bdi className="quiet">{clip(x.reference, 80)}</bdi></p>
              {x.advice && <p className="small"><bdi>{clip(x.advice, 300)}</bdi></p>}
              <p className="small quiet">Since {date(x.first)}, last <Ago at={x.last} />{x.source && <>, {clip(x.source, 60)}</>}</p>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
