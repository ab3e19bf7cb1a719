// Starting a rollout, or proposing it to an administrator.
import { Checkbox, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ok } from "../../../shared/client";
import { Dialog, Trouble } from "../../../shared/parts/Bits";
import { Link } from "../../../shared/router";
import { clip } from "../../../shared/text";
import { useGrant, useMay, WhoMay } from "../../may";
import { asked, bundles, bundleWords, shadowed } from "./says";

type Bundle = (typeof bundles)[number];

export function Start() {
  const client = useQueryClient();
  const starts = useMay("rollout.change"), proposes = !["no", "audit"].includes(useGrant("rollout.propose"));
  const [open, setOpen] = useState(false);
  const [bundle, setBundle] = useState<Bundle>("lists");
  const send = useMutation({
    mutationFn: async ({ what, reason, propose }: { what: ReturnType<typeof asked>; reason: string; propose: boolean }) => {
      if (propose) return { said: (await ok(api.POST("/v1/staff/approvals", { body: { kind: "rollout.start", what, reason } }))).preview, propose };
      const r = await ok(api.POST("/v1/staff/rollouts", { body: { ...what, bundle: what.bundle as Bundle, reason } }));
      return { said: `Version ${r.version} of ${r.bundle} is under way.`, propose };
    },
    onSuccess: () => setOpen(false),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ["rollouts"] }), client.invalidateQueries({ queryKey: ["staff", "approvals"] })]),
  });
  if (!starts && !proposes) return <WhoMay right="rollout.change" what="To start, pin or undo one:" />;
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    send.mutate({ what: asked(f), reason: String(f.get("reason")).trim(), propose: !starts || f.get("propose") !== null });
  };
  return (
    <>
      <div className="row"><button onClick={() => { send.reset(); setOpen(true); }} data-testid="rollout-new">{starts ? "Start a rollout" : "Propose a rollout"}</button></div>
      {send.data && <p role="status" data-testid="rollout-begun">{clip(send.data.said, 300)} {send.data.propose && <>It waits for another person: <Link to="/people">what waits</Link>.</>}</p>}
      <Dialog title={starts ? "Start a rollout" : "Propose a rollout"} open={open} close={() => setOpen(false)}>
        <p>It goes to all homes ring by ring, and stops by itself where it does harm.</p>
        <form onSubmit={submit}>
          <NativeSelect name="bundle" label="What" value={bundle} onChange={(e) => setBundle(e.currentTarget.value as Bundle)} data={bundles.map((b) => ({ value: b, label: bundleWords[b] ?? b }))} data-testid="rollout-bundle" />
          <NumberInput name="version" label="Version (the newest, unless you say another)" min={1} allowDecimal={false} allowNegative={false} hideControls />
          {shadowed(bundle) && <NumberInput name="shadow" label="Hours for which homes only try it first" description="They judge by it without acting, and tell what it would have done." min={0} max={720} allowNegative={false} hideControls />}
          <NumberInput name="pace" label="Hours that each ring lasts at least (as is usual for it, unless you say otherwise)" min={0} max={720} allowNegative={false} hideControls />
          <TextInput name="reason" label="Why" required minLength={5} maxLength={500} autoComplete="off" data-testid="rollout-reason" />
          {starts && proposes && <Checkbox name="propose" label="An administrator has to agree first" />}
          {send.error && <Trouble error={send.error} />}
          <div className="row"><button disabled={send.isPending} data-testid="rollout-begin">{starts ? "Start" : "Propose"}</button><button type="button" className="plain" onClick={() => setOpen(false)}>Cancel</button></div>
        </form>
      </Dialog>
    </>
  );
}
