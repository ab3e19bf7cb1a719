// Webhooks: which of the provider's own systems are told of what happens, how they take it, and what each was sent.
import { TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Ago, Empty, Skeleton, State, Trouble } from "../../../shared/parts/Bits";
import { clip, clock } from "../../../shared/text";
import { Deliveries } from "./Deliveries";
import { Secret, Sure, Ticks } from "./Parts";

type Webhook = components["schemas"]["Webhook"];
type New = components["schemas"]["NewWebhook"];

const state = (w: Webhook) => w.paused ? <State tone="mute" icon="hand">Paused</State>
  : w.failing ? <State tone="need" icon="alert">Does not take it since {clock(w.failing)}</State> : <State tone="good" icon="check">In use</State>;

export function Webhooks() {
  const list = useQuery({ queryKey: ["staff", "webhooks"], queryFn: () => ok(api.GET("/v1/staff/webhooks")), refetchInterval: 15_000 });
  const [secret, setSecret] = useState("");
  return (
    <>
      <p className="quiet">Each gets CloudEvents, signed as Standard Webhooks say, and is asked again for three days when it does not take one.</p>
      {secret && <Secret what="The secret that signs what is sent." value={secret} gone={() => setSecret("")} />}
      <Add told={setSecret} />
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={4} />}
      {list.data?.items.length === 0 && <Empty icon="out">No system of yours is told yet. Add one above, then send it a test.</Empty>}
      {list.data && list.data.items.length > 0 && <ul className="stack" data-testid="webhooks">{list.data.items.map((w) => <One key={w.id} webhook={w} told={setSecret} />)}</ul>}
    </>
  );
}

function Add({ told }: { told: (secret: string) => void }) {
  const client = useQueryClient();
  const kinds = useQuery({ queryKey: ["staff", "webhook-events"], queryFn: () => ok(api.GET("/v1/staff/webhook-events")), staleTime: 3_600_000 });
  const add = useMutation({
    mutationFn: (body: New) => ok(api.POST("/v1/staff/webhooks", { body })),
    gcTime: 0,
    onSuccess: (w) => {
      told(w.secret);
      return client.invalidateQueries({ queryKey: ["staff", "webhooks"] });
    },
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = e.currentTarget, f = new FormData(form);
    add.mutate({ name: String(f.get("name")).trim(), url: String(f.get("url")).trim(), kinds: f.getAll("kind").map(String) }, { onSuccess: () => form.reset() });
  };
  return (
    <details className="card">
      <summary data-testid="new-webhook">Tell another system</summary>
      <form onSubmit={submit}>
        <div className="filters">
          <TextInput name="name" label="Name" required maxLength={80} autoComplete="off" data-testid="webhook-name" />
          <TextInput name="url" label="Address (https)" type="url" required maxLength={500} autoComplete="off" data-testid="webhook-url" />
        </div>
        <Ticks legend="Of what (none: all)" name="kind" of={(kinds.data?.items ?? []).filter((k) => k.kind !== "test").map((k) => ({ value: k.kind, label: `${k.kind}: ${clip(k.when, 120)}` }))} />
        {kinds.error && <Trouble error={kinds.error} again={() => void kinds.refetch()} />}
        {add.error && <Trouble error={add.error} />}
        <div><button disabled={add.isPending} data-testid="webhook-do">Add it</button></div>
      </form>
    </details>
  );
}

type Act = "test" | "pause" | "secret" | "remove";

function One({ webhook: w, told }: { webhook: Webhook; told: (secret: string) => void }) {
  const client = useQueryClient();
  const [shown, show] = useState(false);
  const [ends, setEnds] = useState(false);
  const params = { path: { webhook: w.id } };
  const act = useMutation({
    mutationFn: async (a: Act) => {
      if (a === "test") return ok(api.POST("/v1/staff/webhooks/{webhook}/test", { params }));
      if (a === "remove") return ok(api.DELETE("/v1/staff/webhooks/{webhook}", { params }));
      if (a === "pause") return ok(api.PUT("/v1/staff/webhooks/{webhook}", { params, body: { name: w.name, url: w.url, kinds: w.kinds ?? [], paused: !w.paused } }));
      told((await ok(api.POST("/v1/staff/webhooks/{webhook}/secret", { params }))).secret);
    },
    onSuccess: (_, a) => a === "test" && show(true),
    onSettled: () => client.invalidateQueries({ queryKey: ["staff", "webhooks"] }),
  });
  const button = (a: Act, word: string) => <button className="plain" disabled={act.isPending} onClick={() => act.mutate(a)} aria-label={`${word}: ${clip(w.name, 60)}`} data-testid={`webhook-${a}`}>{word}</button>;
  return (
    <li className="card stack tight" data-testid="webhook">
      <div className="between"><h2><bdi>{clip(w.name, 80)}</bdi></h2>{state(w)}</div>
      <p><bdi>{clip(w.url, 200)}</bdi> <span className="small quiet">made <Ago at={w.created} /></span></p>
      <p className="small quiet">{w.kinds && w.kinds.length > 0 ? w.kinds.slice(0, 40).map((k) => clip(k, 40)).join(", ") : "All kinds of events"}</p>
      <div className="row">
        {button("test", "Send a test")}
        <button className="plain" aria-expanded={shown} onClick={() => show(!shown)} aria-label={`What was sent: ${clip(w.name, 60)}`} data-testid="webhook-sent">What was sent</button>
        {button("pause", w.paused ? "Go on" : "Pause")}
        {button("secret", "New secret")}
        <button className="bad" onClick={() => setEnds(true)} aria-label={`Remove: ${clip(w.name, 60)}`}>Remove</button>
      </div>
      {act.error && <Trouble error={act.error} />}
      {shown && <Deliveries webhook={w.id} />}
      <Sure title={`Remove ${clip(w.name, 80)}?`} open={ends} close={() => setEnds(false)} word="Remove" busy={act.isPending} does={() => {
        setEnds(false);
        act.mutate("remove");
      }}>It is told nothing any more, and what it was sent is not listed any more.</Sure>
    </li>
  );
}
