// What one person proposed waits here for another, who agrees or refuses with a reason.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Dialog, Empty, Skeleton, State, Trouble, type Tone } from "../../../shared/parts/Bits";
import type { IconName } from "../../../shared/parts/Icon";
import { useParams } from "../../../shared/router";
import { clip, clock } from "../../../shared/text";
import { useGrant, WhoMay } from "../../may";
import { go } from "../../parts/DataTable";

type Approval = components["schemas"]["Approval"];

const kinds: Record<string, string> = {
  "home.erase": "Erase what is stored of a home", "home.export": "Export what is stored of a home", hunt: "Look into the past of all homes", "bulk.block": "Block in many homes",
  "rollout.start": "Start a rollout", "rollout.undo": "Undo a rollout", "intel.list": "Change a list",
};
const marks: Record<string, { tone: Tone; icon: IconName; word: string }> = {
  open: { tone: "work", icon: "clock", word: "Waits" }, running: { tone: "work", icon: "work", word: "Is being done" }, done: { tone: "good", icon: "check", word: "Done" },
  failed: { tone: "need", icon: "alert", word: "Failed" }, refused: { tone: "mute", icon: "hand", word: "Refused" }, expired: { tone: "mute", icon: "clock", word: "Too old" },
};

// need is the right with which somebody decides about a kind.
const need: Record<string, string> = {
  "home.erase": "home.erase", "home.export": "home.export", hunt: "hunt.start", "bulk.block": "bulk.block", "rollout.start": "rollout.approve", "rollout.undo": "rollout.approve", "intel.list": "intel.change",
};

export function Approvals({ state }: { state: "open" | "ended" }) {
  const params = useParams();
  const cursor = params.get("cursor") ?? "";
  const list = useQuery({
    queryKey: ["staff", "approvals", state, cursor],
    queryFn: () => ok(api.GET("/v1/staff/approvals", { params: { query: { limit: 50, state, ...(cursor ? { cursor } : {}) } } })),
    refetchInterval: 15_000,
  });
  return (
    <>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={6} />}
      {list.data?.items.length === 0 && <Empty>{state === "open" ? "Nothing waits for a second person. What a colleague proposes comes here." : "Nothing was decided yet. What is agreed to or refused comes here."}</Empty>}
      {list.data && list.data.items.length > 0 && <ul className="stack" data-testid="approvals">{list.data.items.map((a) => <One key={a.id} approval={a} />)}</ul>}
      <div className="row">
        {cursor && <button className="plain" onClick={() => go(params, { cursor: "" })}>Newest</button>}
        {list.data?.next && <button className="plain" onClick={() => go(params, { cursor: list.data?.next ?? "" })}>Older</button>}
      </div>
    </>
  );
}

function One({ approval: a }: { approval: Approval }) {
  const client = useQueryClient();
  const [yes, setYes] = useState<boolean | null>(null);
  const decide = useMutation({
    mutationFn: (body: { yes: boolean; reason: string }) => ok(api.POST("/v1/staff/approvals/{approval}/decision", { params: { path: { approval: a.id } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: ["staff", "approvals"] }),
  });
  const m = marks[a.state] ?? { tone: "mute" as const, icon: "dot" as const, word: clip(a.state, 20) };
  const known = a.what !== null; // what it is about is told to whoever may propose or decide it
  return (
    <li className="card stack tight" data-testid="approval" data-state={a.state}>
      <div className="between"><h2>{kinds[a.kind] ?? clip(a.kind, 40)}</h2><State tone={m.tone} icon={m.icon}>{m.word}</State></div>
      <p>{clip(a.preview, 600)}</p>
      <p><bdi>{clip(a.by, 80)}</bdi>: {clip(a.reason, 500) || "the reason is not for your role"} <span className="small quiet">{clock(a.proposed)}{a.state === "open" && `, until ${clock(a.expires)}`}</span></p>
      {known && <details><summary>All of it</summary><pre>{clip(JSON.stringify(a.what, null, 1), 4000)}</pre></details>}
      {a.decider && <p data-testid="decided">{a.state === "refused" ? "Refused" : "Agreed"} by <bdi>{clip(a.decider, 80)}</bdi>{a.why && `: ${clip(a.why, 500)}`} <span className="small quiet">{clock(a.decided)}</span></p>}
      {a.result && <p data-testid="result">Result: {clip(a.result, 600)}</p>}
      <After approval={a} />
      {decide.error && <Trouble error={decide.error} />}
      {a.state === "open" && a.mine && <p className="quiet">You proposed it. Another person decides.</p>}
      {a.state === "open" && !a.mine && !a.decides && need[a.kind] && <WhoMay right={need[a.kind] ?? ""} what="To decide:" />}
      {a.decides && (
        <div className="row"><button disabled={decide.isPending} onClick={() => setYes(true)} data-testid="agree">Agree</button><button className="bad" disabled={decide.isPending} onClick={() => setYes(false)} data-testid="refuse">Refuse</button></div>
      )}
      <Dialog title={`${yes ? "Agree" : "Refuse"}: ${kinds[a.kind] ?? clip(a.kind, 40)}`} open={yes !== null} close={() => setYes(null)}>
        <p>{yes ? "It is done at once." : "It is not done. It can be proposed again."}</p>
        <form onSubmit={(e) => {
          e.preventDefault();
          const reason = String(new FormData(e.currentTarget).get("reason")).trim();
          if (yes !== null) decide.mutate({ yes, reason });
          setYes(null);
        }}>
          <label><span>Why</span><input name="reason" required minLength={5} maxLength={500} autoComplete="off" data-testid="decide-why" /></label>
          <div className="row"><button className={yes ? "" : "bad"} data-testid="decide">{yes ? "Agree" : "Refuse"}</button><button type="button" className="plain" onClick={() => setYes(null)}>Cancel</button></div>
        </form>
      </Dialog>
    </li>
  );
}

// After is what can be done with what was agreed to: an export is fetched, once, and blocks of many homes are taken back.
function After({ approval: a }: { approval: Approval }) {
  const exports = useGrant("home.export") === "yes", blocks = useGrant("bulk.block") === "two";
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const fetched = useMutation({
    mutationFn: async () => {
      const zip = await ok(api.POST("/v1/staff/approvals/{approval}/archive", { params: { path: { approval: a.id } }, parseAs: "blob" })) as unknown as Blob;
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(zip), download: "cardea-home.zip" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
  });
  const undo = useMutation({
    mutationFn: (reason: string) => ok(api.POST("/v1/staff/approvals", { body: { kind: "bulk.block", what: { undo: a.id }, reason } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["staff", "approvals"] }),
  });
  const what = a.what as { undo?: string } | null;
  if (a.state !== "done") return null;
  return (
    <>
      {(fetched.error ?? undo.error) && <Trouble error={fetched.error ?? undo.error} />}
      {a.kind === "home.export" && exports && <div><button className="plain" disabled={fetched.isPending || fetched.isSuccess} onClick={() => fetched.mutate()} data-testid="take-export">{fetched.isSuccess ? "Fetched" : "Fetch it, once"}</button></div>}
      {a.kind === "bulk.block" && blocks && !what?.undo && (undo.data ? <p role="status">To take it back waits for another person. {clip(undo.data.preview, 300)}</p> : <div><button className="bad" onClick={() => setOpen(true)} data-testid="undo-bulk">Take it back</button></div>)}
      <Dialog title="Take these blocks back" open={open} close={() => setOpen(false)}>
        <p>Each block that this made ends again. Another person has to agree first.</p>
        <form onSubmit={(e) => {
          e.preventDefault();
          undo.mutate(String(new FormData(e.currentTarget).get("reason")).trim());
          setOpen(false);
        }}>
          <label><span>Why</span><input name="reason" required minLength={5} maxLength={500} autoComplete="off" /></label>
          <div className="row"><button className="bad">Propose it</button><button type="button" className="plain" onClick={() => setOpen(false)}>Cancel</button></div>
        </form>
      </Dialog>
    </>
  );
}
