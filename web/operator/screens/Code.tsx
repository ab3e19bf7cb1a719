// One block by the code that a resident reads out: looked up with a reason, and taken back, without opening the home.
import { TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { Dialog, Empty, State, Trouble } from "../../shared/parts/Bits";
import { CaseState, word } from "../../shared/parts/Case";
import { clip, clock } from "../../shared/text";
import { Only } from "../may";

type CodeCase = components["schemas"]["CodeCase"];
type Deed = components["schemas"]["Deed"];

// deedDoes says what taking a deed back does.
export const deedDoes = (d: Pick<Deed, "kind" | "endpoint">) =>
  d.kind === "mapping" ? "The way in from the internet that the device had asked for opens again." : d.kind === "dns" ? "The device may ask any name server again, not only the gateway." :
  d.kind === "shut" ? "The service on this device that was shut can be reached again." : `The device reaches ${clip(d.endpoint, 80) || "what was cut off"} again.`;

export function ByCode({ code }: { code: string }) {
  const [reason, setReason] = useState("");
  const [undo, setUndo] = useState<Deed | null>(null);
  const look = useMutation({ mutationFn: (b: { code: string; reason: string }) => ok(api.POST("/v1/staff/codes/{code}", { params: { path: { code: b.code } }, body: { reason: b.reason } })) });
  const take = useMutation({
    mutationFn: (d: Deed) => ok(api.POST("/v1/staff/codes/{code}/undo", { params: { path: { code: look.data?.code ?? "" }, header: { "Idempotency-Key": crypto.randomUUID() } }, body: { reason, deed: d.id } })),
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const why = String(f.get("why")).trim();
    setReason(why);
    take.reset();
    look.mutate({ code: String(f.get("code")).trim(), reason: why });
  };
  const c: CodeCase | undefined = take.data ?? look.data;
  return (
    <section className="card stack tight" aria-labelledby="by-code" data-testid="by-code">
      <h2 id="by-code">An incident, by its code</h2>
      <Only right="home.code">
        <p className="quiet small">It shows that one incident and what was blocked for it, and nothing else of the home. The people who live there see that you looked, and why.</p>
        <form className="filters" key={code} onSubmit={submit}>
          <TextInput name="code" label="Code" defaultValue={code} required minLength={3} maxLength={16} autoComplete="off" data-testid="code" />
          <TextInput name="why" label="Why" required minLength={5} maxLength={500} autoComplete="off" placeholder="The customer called" data-testid="code-why" />
          <button className="plain" disabled={look.isPending} data-testid="code-look">Look it up</button>
        </form>
        {look.error && <Trouble error={look.error} />}
        {c && (
          <div className="stack tight" data-testid="code-case" data-state={c.state}>
            <p className="row"><span className="code">{clip(c.code, 8)}</span><CaseState state={c.state} /><span>{word("mode", c.mode)}</span><span className="quiet small">opened {clock(c.opened)}, changed {clock(c.changed)}</span></p>
            {c.blocks.length === 0 && <Empty icon="check">Nothing was blocked that can be taken back alone. To let the device out, open the home.</Empty>}
            <ul className="notes">{c.blocks.map((d) => (
              <li key={d.id} data-testid="block-of-case" data-undone={d.undone !== null}>
                <p><bdi>{clip(d.what, 300)}</bdi></p>
                <p className="row small"><span className="quiet">{clock(d.time)}</span>
                  {d.undone ? <State tone="good" icon="back">Taken back {clock(d.undone)}</State> : c.undoing === d.id ? <State tone="work" icon="clock">Asked, the gateway confirms it within a minute</State>
                    : <button className="plain" disabled={take.isPending} onClick={() => setUndo(d)} data-testid="code-undo">Take back</button>}</p>
              </li>
            ))}</ul>
            {take.error && <Trouble error={take.error} />}
            <div><button className="plain" disabled={look.isPending} onClick={() => { take.reset(); look.mutate({ code: c.code, reason }); }} data-testid="code-again">Look again</button></div>
          </div>
        )}
        <Dialog title="Take this block back" open={undo !== null} close={() => setUndo(null)}>
          <div data-testid="preview"><p><bdi>{clip(undo?.what ?? "", 300)}</bdi></p><p>{undo && deedDoes(undo)} Only this one block ends: the incident stays open, and everything else stays as it is.</p><p className="quiet small">If the device does the same again, it is blocked again. The people who live there see it, with your reason: {clip(reason, 200)}</p></div>
          <div className="row"><button onClick={() => { if (undo) take.mutate(undo); setUndo(null); }} data-testid="confirm">Take back</button><button className="plain" onClick={() => setUndo(null)}>Cancel</button></div>
        </Dialog>
      </Only>
    </section>
  );
}
