// An incident as staff see it: the same parts as the resident's, and orders, each with why.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import type { OrderAsk } from "../../shared/model";
import { Dialog, Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { CaseState, CheckLine, Evidence, OrderLine, Timeline, word } from "../../shared/parts/Case";
import { clip, clock } from "../../shared/text";

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
          <section className="card stack tight"><h2>What we did</h2><p>{clip(x.what_we_did, 1000)}</p><p className="small quiet">{word("mode", x.mode)}. Released {x.releases} times.</p></section>
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
  return (
    <section className="card stack">
      <h2>Orders</h2>
      <div className="row">{verbs.map((v) => <button key={v} className="plain" onClick={() => setVerb(v)} data-testid={`do-${v}`}>{word("do", v)}</button>)}</div>
      {ask.error && <Trouble error={ask.error} />}
      <div role="status" className="stack tight">{[...orders].reverse().slice(0, 12).map((o, i) => <OrderLine key={i} order={o} />)}</div>
      <Dialog title={verb ? word("do", verb) : ""} open={verb !== null} close={() => setVerb(null)}>
        <p>This is for <Name>{name}</Name> only. The people who live there see it with your reason.</p>
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
