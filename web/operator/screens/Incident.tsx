// An incident as staff see it: the same parts as the resident's, and orders, each with why.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import type { Deed, OrderAsk } from "../../shared/model";
import { Dialog, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { CaseState, CheckLine, Evidence, OrderLine, Timeline, word } from "../../shared/parts/Case";
import { clip, clock } from "../../shared/text";
import { Only, useGrant, useMay, WhoMay } from "../may";
import { deedDoes } from "./Code";

// preview says what an order does before it is given, and what it does not.
const preview: Partial<Record<OrderAsk["verb"], { does: string; back: string }>> = {
  check: { does: "The gateway looks once more whether the symptom shows. Nothing changes for the device.", back: "There is nothing to undo." },
  release: { does: "The device may use the network again at once. It is watched ten times as closely, and shut in again automatically if it does the same.", back: "It can be shut in again at any time." },
  dismiss: { does: "The incident is closed as a false alarm and the device is let out. The same finding opens no incident for this device again.", back: "A finding of another kind opens a new incident." },
  quarantine: { does: "The device reaches only the gateway: no internet, no other devices at home. Whoever uses it sees the gateway's page with the reason.", back: "Release undoes it within a second." },
};

const verbs: OrderAsk["verb"][] = ["check", "release", "dismiss", "quarantine"];

export function Case({ home, incident }: { home: string; incident: string }) {
  const one = useQuery({
    queryKey: [home, "incident", incident],
    queryFn: () => ok(api.GET("/v1/staff/homes/{home}/incidents/{incident}", { params: { path: { home, incident } } })),
    refetchInterval: 3000,
  });
  const x = one.data;
  if (!x) return one.error ? <Trouble error={one.error} again={() => void one.refetch()} /> : <Skeleton lines={6} />;
  return (
    <>
      <div className="row"><span className="code" data-testid="incident-code">{clip(x.code, 8)}</span><CaseState state={x.state} /><Name>{x.device.name}</Name><span className="quiet small">opened {clock(x.opened)}</span></div>
      <div className="cols">
        <div className="stack">
          <section className="card stack tight"><h2>What happened</h2><p>{clip(x.what_happened, 1000)}</p></section>
          <section className="card stack tight"><h2>What we did</h2><p>{clip(x.what_we_did, 1000)}</p><p className="small quiet">{word("mode", x.mode)}.{x.releases > 0 && ` Let out ${x.releases === 1 ? "once" : `${x.releases} times`} so far.`}</p>
            {/\byours?\b|\byou\b/i.test(x.what_happened + x.what_we_did) && <p className="small quiet">The residents read the same sentences: “you” is somebody at home.</p>}</section>
          <Deeds home={home} incident={incident} device={x.device.id} deeds={x.deeds} />
          <Orders home={home} incident={incident} device={x.device.id} name={x.device.name} orders={x.orders} />
          {x.check && <section className="card stack tight"><h2>Last check</h2><CheckLine check={x.check} /></section>}
        </div>
        <div className="stack">
          <section className="card stack"><h2>Evidence</h2>{x.findings.length === 0 ? <Empty icon="eye">No evidence is kept any more.</Empty> : <Evidence findings={x.findings} />}</section>
          <section className="card stack"><h2>Timeline</h2><Timeline steps={x.history} /></section>
        </div>
      </div>
    </>
  );
}

interface OrdersProps { home: string; incident: string; device: string; name: string; orders: Parameters<typeof OrderLine>[0]["order"][] }

function Orders({ home, incident, device, name, orders }: OrdersProps) {
  const client = useQueryClient();
  const [verb, setVerb] = useState<OrderAsk["verb"] | null>(null);
  const ask = useMutation({
    mutationFn: (body: OrderAsk) =>
      ok(api.POST("/v1/staff/homes/{home}/orders", { params: { path: { home }, header: { "Idempotency-Key": crypto.randomUUID() } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: [home] }),
  });
  const acts = useMay("home.act"), lets = useGrant("home.release");
  const may = verbs.filter((v) => (v === "release" ? lets === "yes" || lets === "hour" : v === "dismiss" ? lets === "yes" : acts));
  const told = verb === "release" && lets === "hour" ? { does: "The device may use the network again for an hour, watched ten times as closely. Then it is shut in again, unless it is clean by then.", back: "It can be shut in again before that at any time." } : verb ? preview[verb] : undefined;
  return (
    <section className="card stack">
      <h2>Orders</h2>
      <div className="row">{may.map((v) => <button key={v} className="plain" onClick={() => setVerb(v)} data-testid={`do-${v}`}>{v === "release" && lets === "hour" ? "Release for an hour" : word("do", v)}</button>)}</div>
      {may.length === 0 && <WhoMay right="home.act" />}
      {lets === "hour" && <p className="quiet small">Support tier 2 or a SOC analyst can let a device out for good, or close the incident.</p>}
      {ask.error && <Trouble error={ask.error} />}
      <div role="status" className="stack tight">{[...orders].reverse().slice(0, 12).map((o, i) => <OrderLine key={i} order={o} />)}</div>
      <Dialog title={verb ? word("do", verb) : ""} open={verb !== null} close={() => setVerb(null)}>
        <div data-testid="preview"><p>This is for <Name>{name}</Name> only: one device of one home. {told?.does}</p><p className="quiet small">{told?.back} The people who live there see it with your reason.</p></div>
        <form onSubmit={(e) => {
          e.preventDefault();
          const why = String(new FormData(e.currentTarget).get("why")).trim();
          if (verb && why) ask.mutate({ verb, incident, device, why });
          setVerb(null);
        }}>
          <label><span>Why</span><input name="why" required minLength={5} maxLength={300} autoComplete="off" data-testid="why" /></label>
          <div className="row"><button data-testid="confirm">{verb ? word("do", verb) : ""}</button><button type="button" className="plain" onClick={() => setVerb(null)}>Cancel</button></div>
        </form>
      </Dialog>
    </section>
  );
}

// Deeds are what the gateway did first by itself, each to be taken back alone. That the device is shut in is an order's.
function Deeds({ home, incident, device, deeds }: { home: string; incident: string; device: string; deeds: Deed[] }) {
  const client = useQueryClient();
  const [deed, setDeed] = useState<Deed | null>(null);
  const undo = useMutation({
    mutationFn: (b: { deed: string; why: string }) => ok(api.POST("/v1/staff/homes/{home}/orders", { params: { path: { home }, header: { "Idempotency-Key": crypto.randomUUID() } }, body: { verb: "undo", incident, device, ...b } })),
    onSettled: () => client.invalidateQueries({ queryKey: [home] }),
  });
  const list = deeds.filter((d) => d.kind !== "hold");
  if (list.length === 0) return null;
  return (
    <section className="card stack tight" data-testid="deeds">
      <h2>What was blocked</h2>
      <ul className="notes">{list.map((d) => (
        <li key={d.id}><p><bdi>{clip(d.what, 300) || "One block. Your role does not see what it stops."}</bdi> <span className="quiet small">{clock(d.time)}</span></p>
          {d.undone ? <State tone="good" icon="back">Taken back {clock(d.undone)}</State> : <Only right="home.code"><button className="plain" disabled={undo.isPending} onClick={() => setDeed(d)} data-testid="undo">Take back</button></Only>}</li>
      ))}</ul>
      {undo.error && <Trouble error={undo.error} />}
      <Dialog title="Take this block back" open={deed !== null} close={() => setDeed(null)}>
        <div data-testid="preview"><p>{deed && deedDoes(deed)} Only this one block ends.</p><p className="quiet small">If the device does the same again, it is blocked again. The people who live there see it with your reason.</p></div>
        <form onSubmit={(e) => {
          e.preventDefault();
          const why = String(new FormData(e.currentTarget).get("why")).trim();
          if (deed && why) undo.mutate({ deed: deed.id, why });
          setDeed(null);
        }}>
          <label><span>Why</span><input name="why" required minLength={5} maxLength={300} autoComplete="off" data-testid="why" /></label>
          <div className="row"><button data-testid="confirm">Take back</button><button type="button" className="plain" onClick={() => setDeed(null)}>Cancel</button></div>
        </form>
      </Dialog>
    </section>
  );
}
