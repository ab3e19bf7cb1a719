// Block proposes to block what a detection's devices called: first what it would have touched, then a proposal that another person decides about.
import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ok } from "../../shared/client";
import { State, Trouble } from "../../shared/parts/Bits";
import { Link } from "../../shared/router";
import { clip } from "../../shared/text";
import { bound, over } from "../bulk";
import { useGrant, WhoMay } from "../may";

// useOver says beforehand whether a block of a model, or of all homes, would be refused as too many. A model is looked for by its name once
// that is typed; of 200 that have it in theirs those in most homes are told, and those are what could be too many.
function useOver(model: string, may: boolean) {
  const [q] = useDebouncedValue(model.trim(), 300);
  const of = { params: { query: { limit: 200, q } } }, often = { enabled: may, staleTime: 60_000 }, named = { ...often, enabled: may && q !== "" };
  const fleet = useQuery({ queryKey: ["overview"], queryFn: () => ok(api.GET("/v1/staff/overview")), ...often });
  const profiles = useQuery({ queryKey: ["profiles", "named", q], queryFn: () => ok(api.GET("/v1/staff/profiles", of)), ...named });
  const models = useQuery({ queryKey: ["models", "named", q], queryFn: () => ok(api.GET("/v1/staff/models", of)), ...named });
  return over(model, { homes: fleet.data?.homes, profiles: profiles.data?.items, models: models.data?.items });
}

export function Block({ endpoint, model }: { endpoint: string; model: string }) {
  const [reason, setReason] = useState("");
  const [whom, setWhom] = useState(model);
  const grant = useGrant("bulk.block");
  const many = useOver(whom, grant === "two");
  const why = reason.trim();
  const run = useMutation({ mutationFn: () => ok(api.POST("/v1/staff/intel/dry-run", { body: { list: endpoint, class: "malware", reason: why } })) });
  const propose = useMutation({
    mutationFn: () => ok(api.POST("/v1/staff/approvals", { body: { kind: "bulk.block", what: { endpoints: [endpoint], ...(whom.trim() ? { model: whom.trim() } : { all: true }) }, reason: why } })),
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    run.mutate();
  };
  const d = run.data, p = propose.data;
  return (
    <section className="card stack tight" aria-labelledby="block" data-testid="block">
      <h2 id="block">Block <bdi>{clip(endpoint, 80)}</bdi> in many homes</h2>
      {grant !== "two" ? <WhoMay right="bulk.block" /> : p ? <p role="status" data-testid="proposed">It waits for another person, who agrees or refuses. {clip(p.preview, 500)} Nothing is blocked until then. <Link to="/people?view=approvals">What waits</Link></p> : (
        <form onSubmit={submit}>
          <div className="filters">
            <TextInput label="Only devices of the model (empty: everything in all homes)" value={whom} onChange={(e) => setWhom(e.currentTarget.value)} maxLength={64} autoComplete="off" data-testid="block-model" />
            <TextInput label="Why" value={reason} onChange={(e) => setReason(e.currentTarget.value)} required minLength={5} maxLength={300} autoComplete="off" data-testid="block-why" />
            <button className="plain" disabled={run.isPending} data-testid="block-try">What would it have touched?</button>
          </div>
          <p className="small quiet">{whom.trim() ? "It reaches each device of this model, also where nothing happened." : "It reaches everything in all homes."} {bound()} <Link to="/intel">Lists</Link></p>
          {many && <p role="status" data-testid="block-over" data-sure={many.sure}><State tone="work" icon="hand">{many.sure ? "Too many" : "Perhaps too many"}</State> {many.text}</p>}
          {run.error && <Trouble error={run.error} />}
          {d && (
            <div className="stack tight" role="status" data-testid="block-dry">
              <p>In the past seven days: {clip(d.homes.words, 60)}{d.devices > 0 && `, ${d.devices.toLocaleString()} devices`}.</p>
              {d.uses.length > 0 && <p>Healthy devices use it: {d.uses.slice(0, 10).map((u) => clip(u.model, 40)).join(", ")}.</p>}
              <div><button type="button" disabled={propose.isPending || why.length < 5 || many?.sure} onClick={() => propose.mutate()} data-testid="block-propose">Propose to block</button></div>
            </div>
          )}
          {propose.error && <Trouble error={propose.error} />}
        </form>
      )}
    </section>
  );
}
