// Deliveries: what a webhook was sent, what came of each, and sending one again.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Empty, Skeleton, State, Trouble } from "../../../shared/parts/Bits";
import { clip, clock } from "../../../shared/text";

type Delivery = components["schemas"]["WebhookDelivery"];

const state = (d: Delivery) => d.state === "sent" ? <State tone="good" icon="check">Taken</State> : d.state === "failed" ? <State tone="need" icon="alert">Given up</State> : <State tone="work" icon="clock">Waits</State>;

export function Deliveries({ webhook }: { webhook: string }) {
  const client = useQueryClient();
  const [cursor, setCursor] = useState("");
  const list = useQuery({
    queryKey: ["staff", "webhooks", webhook, "deliveries", cursor],
    queryFn: () => ok(api.GET("/v1/staff/webhooks/{webhook}/deliveries", { params: { path: { webhook }, query: { limit: 20, ...(cursor ? { cursor } : {}) } } })),
    refetchInterval: 3000,
  });
  const again = useMutation({
    mutationFn: (delivery: string) => ok(api.POST("/v1/staff/webhooks/{webhook}/deliveries/{delivery}/again", { params: { path: { webhook, delivery } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ["staff", "webhooks", webhook] }),
  });
  return (
    <div className="stack tight">
      {(list.error ?? again.error) && <Trouble error={list.error ?? again.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={2} />}
      {list.data?.items.length === 0 && <Empty icon="out">Nothing was sent yet.</Empty>}
      {list.data && list.data.items.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="What was sent">
          <table data-testid="deliveries">
            <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col" className="num">Tries</th><th scope="col">Answer</th><th scope="col">Again</th></tr></thead>
            <tbody>{list.data.items.map((d) => (
              <tr key={d.id} data-state={d.state} data-kind={d.kind}>
                <td>{clock(d.made)}</td><td>{clip(d.kind, 40)}</td><td>{state(d)}{d.next && d.state === "waiting" && <p className="small quiet">next {clock(d.next)}</p>}</td>
                <td className="num">{d.tries}</td><td className="wide">{d.code ? `${d.code} ` : ""}{clip(d.why ?? "", 200)}</td>
                <td><button className="plain" disabled={again.isPending} onClick={() => again.mutate(d.id)} aria-label={`Send again: ${clip(d.kind, 40)} of ${clock(d.made)}`} data-testid="send-again">Send again</button></td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
      <div className="row">
        {cursor && <button className="plain" onClick={() => setCursor("")}>Newest</button>}
        {list.data?.next && <button className="plain" onClick={() => setCursor(list.data?.next ?? "")}>Older</button>}
      </div>
    </div>
  );
}
