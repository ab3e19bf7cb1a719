// The service plans: which extras each has, and making, changing and taking one away.
import { TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Dialog, Empty, Skeleton, State, Trouble } from "../../../shared/parts/Bits";
import { clip } from "../../../shared/text";
import { Sure, Ticks } from "../people/Parts";
import { Faulty } from "./Faulty";
import { extra, extras, planDoes, removeDoes, type Draft } from "./says";

type Plan = components["schemas"]["Plan"];

const always: Record<string, string> = { protection: "protection", containment: "shutting in what is infected", cleaning: "cleaning it", telling: "being told", data: "one's own data" };

export function PlanList({ may }: { may: boolean }) {
  const client = useQueryClient();
  const list = useQuery({ queryKey: ["plans"], queryFn: () => ok(api.GET("/v1/staff/plans")) });
  const [form, setForm] = useState<Plan | "new" | null>(null);
  const [ends, setEnds] = useState<Plan | null>(null);
  const remove = useMutation({
    mutationFn: (plan: string) => ok(api.DELETE("/v1/staff/plans/{plan}", { params: { path: { plan } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ["plans"] }),
  });
  const all = list.data?.items ?? [];
  const was = form && form !== "new" ? form : null;
  return (
    <section className="stack tight" aria-labelledby="plans">
      <div className="between"><h2 id="plans">Service plans</h2>{may && list.data && form === null && <button className="plain" onClick={() => setForm("new")} data-testid="plan-new">Make a plan</button>}</div>
      {all[0] && <p className="quiet">Every plan has {all[0].always.map((w) => always[w] ?? clip(w, 40)).join(", ")}. Which home has which plan comes with provisioning.</p>}
      {form !== null && <Form key={was?.id ?? ""} was={was} all={all} close={() => setForm(null)} />}
      {(list.error ?? remove.error) && <Trouble error={list.error ?? remove.error} again={list.error ? () => void list.refetch() : undefined} />}
      {!list.data && !list.error && <Skeleton lines={3} />}
      {list.data && all.length === 0 && <Empty icon="home">There are no plans, so every home has everything.</Empty>}
      {all.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label="Table of plans">
          <table data-testid="plans">
            <thead><tr><th scope="col">Plan</th><th scope="col">What it has besides</th><th scope="col">For whom</th>{may && <th scope="col">Change</th>}</tr></thead>
            <tbody>{all.map((p) => (
              <tr key={p.id} data-plan={p.id}>
                <td><bdi>{clip(p.name, 60)}</bdi><p className="small quiet">{clip(p.id, 40)}</p></td>
                <td className="wide">{p.extras.length > 0 ? <ul>{p.extras.map((e) => <li key={e}>{extra(e)}</li>)}</ul> : "Nothing"}</td>
                <td>{p.standard ? <State tone="good" icon="home">Homes that were given none</State> : "Homes that were given it"}</td>
                {may && <td><div className="row"><button className="plain" onClick={() => setForm(p)} aria-label={`Change: ${clip(p.name, 60)}`} data-testid="plan-change">Change</button><button className="bad" onClick={() => setEnds(p)} aria-label={`Take away: ${clip(p.name, 60)}`} data-testid="plan-remove">Take away</button></div></td>}
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
      <Sure title={`Take ${clip(ends?.name ?? "", 60)} away?`} open={ends !== null} close={() => setEnds(null)} word="Take away" busy={remove.isPending} does={() => {
        if (ends) remove.mutate(ends.id);
        setEnds(null);
      }}>{ends && removeDoes(ends, all)}</Sure>
    </section>
  );
}

function Form({ was, all, close }: { was: Plan | null; all: Plan[]; close: () => void }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState<(Draft & { id: string }) | null>(null);
  const save = useMutation({
    mutationFn: ({ id, ...body }: Draft & { id: string }) => ok(api.PUT("/v1/staff/plans/{plan}", { params: { path: { plan: id } }, body })),
    onSuccess: close,
    onSettled: () => client.invalidateQueries({ queryKey: ["plans"] }),
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    save.reset();
    setDraft({ id: was?.id ?? String(f.get("id")).trim(), name: String(f.get("name")).trim(), extras: f.getAll("extra").map(String), standard: f.get("standard") !== null || (was?.standard ?? false) });
  };
  const old = was ?? all.find((p) => p.id === draft?.id) ?? null; // a new one of a name that is there changes that one
  const title = was ? `Change ${clip(was.name, 60)}` : "Make a plan";
  return (
    <section className="card stack tight" aria-labelledby="plan-form">
      <h3 id="plan-form">{title}</h3>
      <form onSubmit={submit}>
        <div className="filters">
          {!was && <TextInput name="id" label="Short name, as provisioning says it (small letters, digits, hyphens)" required maxLength={40} pattern="[a-z0-9][a-z0-9\-]*" autoComplete="off" data-testid="plan-id" />}
          <TextInput name="name" label="Name" required maxLength={100} defaultValue={was?.name} autoComplete="off" data-testid="plan-name" />
        </div>
        <Ticks legend="What it has besides" name="extra" of={extras} chosen={was?.extras} />
        {!was?.standard && all.length > 0 && <label className="check"><input type="checkbox" name="standard" /><span>Homes that were given no plan have it</span></label>}
        {save.error && <Faulty error={save.error} />}
        <div className="row"><button disabled={save.isPending} data-testid="plan-preview">What will happen?</button><button type="button" className="plain" onClick={close}>Cancel</button></div>
      </form>
      <Dialog title={title} open={draft !== null} close={() => setDraft(null)}>
        {draft && <ul className="stack tight" data-testid="plan-does">{planDoes(draft, old, all).map((s) => <li key={s}>{s}</li>)}</ul>}
        <div className="row">
          <button onClick={() => {
            if (draft) save.mutate(draft);
            setDraft(null);
          }} data-testid="plan-save">Save it</button>
          <button className="plain" onClick={() => setDraft(null)}>Back</button>
        </div>
      </Dialog>
    </section>
  );
}
