// Sources: where lists come from and how each does, and adding, changing, asking, agreeing to and removing one.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Ago, Dialog, Empty, Skeleton, State, Trouble, type Tone } from "../../../shared/parts/Bits";
import type { IconName } from "../../../shared/parts/Icon";
import { clip } from "../../../shared/text";
import { useMay, WhoMay } from "../../may";
import { SourceForm } from "./SourceForm";
import { Tried, useTry } from "./Tried";

type Source = components["schemas"]["IntelSource"];
type Act = "try" | "fetch" | "agree" | "remove";

const marks: Record<string, { tone: Tone; icon: IconName; word?: string }> = {
  good: { tone: "good", icon: "check", word: "As it should be" }, new: { tone: "mute", icon: "spark", word: "Not asked yet" }, held: { tone: "work", icon: "hand", word: "Held back" }, failed: { tone: "need", icon: "alert", word: "Could not be read" },
};

// steers is whether this provider changes what is in force in all homes of the installation.
export function Sources({ steers }: { steers: boolean }) {
  const sources = useQuery({ queryKey: ["intel", "sources"], queryFn: () => ok(api.GET("/v1/staff/intel/sources")), refetchInterval: 30_000 });
  const may = useMay("intel.change");
  const [form, setForm] = useState<Source | "new" | null>(null);
  const [act, setAct] = useState<{ act: Act; of: Source } | null>(null);
  const items = sources.data?.items ?? [];
  const was = form && form !== "new" ? form : null;
  return (
    <section className="stack tight" aria-labelledby="sources">
      <div className="between"><h2 id="sources">Sources</h2>{may && steers && form === null && <button className="plain" onClick={() => setForm("new")} data-testid="source-new">Add a source</button>}</div>
      {!may && <WhoMay right="intel.change" what="Sources and exceptions:" />}
      {form !== null && <SourceForm key={was?.name ?? ""} was={was} names={items.map((s) => s.name)} close={() => setForm(null)} />}
      {sources.error && <Trouble error={sources.error} again={() => void sources.refetch()} />}
      {!sources.data && !sources.error && <Skeleton lines={4} />}
      {sources.data && items.length === 0 && <Empty icon="shield">No source of lists is set up, so only what the gateways bring along is in force. One of the web is added here; one that lies on the server, or inside your network, by the server’s administrator with the command cardea admin intel source.</Empty>}
      {items.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label="Table of sources">
          <table data-testid="sources">
            <thead><tr><th scope="col">Source</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col" className="num">Trust</th><th scope="col" className="num">Entries</th><th scope="col" className="num">In force</th><th scope="col" className="num">Held back</th><th scope="col">Last good</th>{may && steers && <th scope="col">Change</th>}</tr></thead>
            <tbody>{items.map((s) => <Row key={s.name} of={s} acts={may && steers} change={() => setForm(s)} ask={(a) => setAct({ act: a, of: s })} />)}</tbody>
          </table>
        </div>
      )}
      {act && <Acting act={act.act} source={act.of} close={() => setAct(null)} />}
    </section>
  );
}

function Row({ of: s, acts, change, ask }: { of: Source; acts: boolean; change: () => void; ask: (a: Act) => void }) {
  const m = marks[s.state] ?? { tone: "mute" as const, icon: "dot" as const };
  const servers = s.kind === "folder"; // its administrator's
  const button = (a: Act, word: string) => <button className={a === "remove" ? "bad" : "plain"} onClick={() => ask(a)} aria-label={`${word}: ${clip(s.name, 40)}`} data-testid={`source-${a}`}>{word}</button>;
  return (
    <tr data-source={s.name}>
      <td className="wide"><bdi>{clip(s.name, 40)}</bdi><p className="small quiet"><bdi>{clip(s.place, 80)}</bdi></p>{s.why && <p className="small quiet">{clip(s.why, 120)}{s.who && `, ${clip(s.who, 60)}`}</p>}</td><td>{s.kind}</td>
      <td className="wide"><State tone={m.tone} icon={m.icon}>{m.word ?? clip(s.state, 20)}</State>{s.state === "held" && <p className="small">What came ({s.held.toLocaleString()} entries) is so unlike what was that it waits for a yes. What was stays in force.</p>}{s.failure && <p className="small">{clip(s.failure, 200)}</p>}</td>
      <td className="num">{s.trust}</td><td className="num">{s.entries.toLocaleString()}</td><td className="num">{s.in_force.toLocaleString()}</td><td className="num">{s.held.toLocaleString()}</td><td><Ago at={s.good} /></td>
      {acts && (
        <td><div className="row">
          {s.held > 0 && button("agree", "Agree")}
          {!servers && <button className="plain" onClick={change} aria-label={`Change: ${clip(s.name, 40)}`} data-testid="source-change">Change</button>}
          {tries(s) && button("try", "Try")}
          {button("fetch", "Ask now")}
          {!servers && button("remove", "Remove")}
        </div></td>
      )}
    </tr>
  );
}

// tries says whether there is something to be tried: nobody looks up who reads what of class adult.
const tries = (s: Source) => s.class !== "adult" && s.entries + s.held > 0;

const words: Record<Act, { title: (name: string) => string; does: (s: Source) => string; word: string }> = {
  try: { title: (n) => `What would ${n} have touched?`, does: (s) => `What it ${s.held > 0 ? "holds back" : "says"} is compared with what your homes did in the past week. Nothing is changed.`, word: "Look" },
  fetch: { title: (n) => `Ask ${n} now?`, does: () => "It is asked within a minute, whatever it said of its next time. What is good of it is in the next lists.", word: "Ask now" },
  agree: {
    title: (n) => `Agree to what ${n} says now?`, word: "Agree",
    does: (s) => `What it said before had ${s.entries.toLocaleString()} entries; what waits has ${s.held.toLocaleString()}. When you agree, the new takes the place of the old in all homes, within minutes.`,
  },
  remove: { title: (n) => `Remove ${n}?`, does: (s) => `It is asked no more, and what it alone says (${s.in_force.toLocaleString()} entries are in force) leaves the lists of all homes, within minutes.`, word: "Remove" },
};

// Acting asks before something happens to a source. What is held back is tried before it is agreed to; what the source said since then is not.
function Acting({ act, source: s, close }: { act: Act; source: Source; close: () => void }) {
  const client = useQueryClient();
  const [why, setWhy] = useState("");
  const run = useTry();
  const send = useMutation({
    mutationFn: (act: Exclude<Act, "try">) => ok(api.POST("/v1/staff/intel/sources/act", { body: { name: s.name, act, reason: why.trim(), ...(act === "agree" && s.tried ? { seen: s.tried } : {}) } })),
    onSuccess: close,
    onSettled: () => client.invalidateQueries({ queryKey: ["intel"] }),
  });
  const w = words[act];
  const looks = act === "try" || act === "agree" && tries(s) && !run.data && !run.error;
  return (
    <Dialog title={w.title(clip(s.name, 40))} open close={close}>
      <p>{w.does(s)}</p>
      {run.data && <Tried of={run.data} testid="held-result" />}
      {(run.error ?? send.error) && <Trouble error={run.error ?? send.error} />}
      <form onSubmit={(e) => {
        e.preventDefault();
        if (looks) run.mutate({ source: s.name, reason: why.trim() });
        else send.mutate(act);
      }}>
        <label><span>Why</span><input value={why} onChange={(e) => setWhy(e.currentTarget.value)} required minLength={3} maxLength={300} autoComplete="off" data-testid="source-why" /></label>
        <div className="row"><button className={act === "remove" ? "bad" : ""} disabled={run.isPending || send.isPending} data-testid="source-do">{looks ? "What would it have touched?" : w.word}</button><button type="button" className="plain" onClick={close}>{act === "try" ? "Close" : "Cancel"}</button></div>
      </form>
    </Dialog>
  );
}
