// Block proposes to block what a detection's devices called: first what it would have touched, then a proposal that another person decides about.
import { TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ok } from "../../shared/client";
import { Trouble } from "../../shared/parts/Bits";
import { Link } from "../../shared/router";
import { clip } from "../../shared/text";
import { useGrant, WhoMay } from "../may";

export function Block({ endpoint, model }: { endpoint: string; model: string }) {
  const [reason, setReason] = useState("");
  const [whom, setWhom] = useState(model);
  const grant = useGrant("bulk.block");
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
          {run.error && <Trouble error={run.error} />}
          {d && (
            <div className="stack tight" role="status" data-testid="block-dry">
              <p>In the last 30 days: {clip(d.homes.words, 60)}{d.devices > 0 && `, ${d.devices.toLocaleString()} devices`}.</p>
              {d.uses.length > 0 && <p>Healthy devices use it: {d.uses.slice(0, 10).map((u) => clip(u.model, 40)).join(", ")}.</p>}
              <div><button type="button" disabled={propose.isPending || why.length < 5} onClick={() => propose.mutate()} data-testid="block-propose">Propose to block</button></div>
            </div>
          )}
          {propose.error && <Trouble error={propose.error} />}
        </form>
      )}
    </section>
  );
}
