// Rollouts: how far each version has come, ring by ring, what is looked at before it goes on, what one that is tried would do; starting, holding, going on and undoing.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { Dialog, Empty, Skeleton, State, Trouble, type Tone } from "../../shared/parts/Bits";
import type { IconName } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { sees, useMay, useSession, WhoMay } from "../may";
import { Pins } from "./rollouts/Pins";
import { can as canDo, rings, ringWord, type Act } from "./rollouts/says";
import { ByModel, Shadows } from "./rollouts/Shadow";
import { Start } from "./rollouts/Start";

type Rollout = components["schemas"]["Rollout"];

const marks: Record<string, { tone: Tone; icon: IconName; word?: string }> = {
  shadow: { tone: "mute", icon: "eye", word: "Judges without acting" }, running: { tone: "work", icon: "work", word: "Under way" }, paused: { tone: "mute", icon: "clock", word: "On hold" },
  halted: { tone: "need", icon: "alert", word: "Halted" }, undone: { tone: "need", icon: "back", word: "Undone" }, done: { tone: "good", icon: "check", word: "In all homes" },
};
const acts: Record<Act, { word: string; does: string }> = {
  pause: { word: "Hold", does: "No further ring gets it. Homes that have it keep it." },
  resume: { word: "Go on", does: "It goes on from the ring that it is at, when the gates are good. From the time in shadow it goes on to the first ring." },
  halt: { word: "Halt", does: "No further ring gets it, and nothing lets it go on but a new decision." },
  undo: { word: "Undo", does: "All homes that have it go back to the last good version." },
};

function Mark({ state }: { state: string }) {
  const m = marks[state] ?? { tone: "mute" as const, icon: "dot" as const };
  return <State tone={m.tone} icon={m.icon}>{m.word ?? clip(state, 20)}</State>;
}

// Rings fill up as a version comes further.
function Rings({ at }: { at: string }) {
  const n = (rings as readonly string[]).indexOf(at);
  return <span className="rings" role="img" aria-label={n < 0 ? "In no ring" : `Has come to ring ${ringWord(at)}`}>{rings.map((r, i) => <span key={r} className={i <= n ? "full" : ""}>{ringWord(r)}</span>)}</span>;
}

export function Rollouts({ id }: { id?: string }) {
  return id ? <One id={id} /> : <All />;
}

function All() {
  const pins = useMay("rollout.change"), shadow = sees(useSession().data?.rights, "intel.view");
  const list = useQuery({ queryKey: ["rollouts"], queryFn: () => ok(api.GET("/v1/staff/rollouts")), refetchInterval: 10_000 });
  return (
    <>
      <Title>Rollouts</Title>
      <Start />
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={6} />}
      {list.data?.items.length === 0 && <Empty icon="router">Nothing was rolled out yet. A network engineer starts one here, or with the command cardea rollout start.</Empty>}
      {list.data && list.data.items.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label="Rollouts">
          <table data-testid="rollouts">
            <thead><tr><th scope="col">Bundle</th><th scope="col">Version</th><th scope="col">State</th><th scope="col">Rings</th><th scope="col">Since</th><th scope="col">Verdict</th></tr></thead>
            <tbody>{list.data.items.map((r) => (
              <tr key={r.id} data-rollout={r.id}><td><Link to={`/rollouts/${encodeURIComponent(r.id)}`}>{clip(r.bundle, 20)}</Link></td><td>{r.version} (was {r.before})</td><td><Mark state={r.state} /></td><td><Rings at={r.ring} /></td><td>{clock(r.since)}</td><td className="wide">{clip(r.verdict, 20)}{r.reason && `: ${clip(r.reason, 200)}`}</td></tr>
            ))}</tbody>
          </table>
        </div>
      )}
      {shadow && <Shadows />}
      {pins && <Pins />}
    </>
  );
}

function One({ id }: { id: string }) {
  const one = useQuery({ queryKey: ["rollouts", id], queryFn: () => ok(api.GET("/v1/staff/rollouts/{rollout}", { params: { path: { rollout: id } } })), refetchInterval: 10_000 });
  const entries = sees(useSession().data?.rights, "intel.view");
  const r = one.data;
  if (!r) return <><Title>Rollout</Title>{one.error ? <Trouble error={one.error} again={() => void one.refetch()} /> : <Skeleton lines={6} />}</>;
  return (
    <>
      <Title>{clip(r.bundle, 20)} {r.version}</Title>
      <div className="row"><Mark state={r.state} /><Rings at={r.ring} /><span className="quiet small">began {clock(r.began)} by {clip(r.by, 60)}: {clip(r.why, 200)}</span></div>
      <Acts rollout={r} />
      <ByModel tried={r.tried} bundle={r.bundle} version={r.version} entries={entries && r.tried.length > 0} />
      <div className="cols">
        <section className="card stack tight"><h2>Gates</h2>
          {r.gates.length === 0 ? <Empty icon="eye">Nothing was compared yet: it begins when the first homes have run this version for a while.</Empty> : (
            <table><thead><tr><th scope="col">What</th><th scope="col" className="num">With it</th><th scope="col" className="num">Without</th><th scope="col">Good</th></tr></thead>
              <tbody>{r.gates.map((g) => <tr key={g.name}><td>{clip(g.name, 40)}</td><td className="num">{g.ring.toLocaleString()}</td><td className="num">{g.control.toLocaleString()}</td><td><State tone={g.failed ? "need" : "good"} icon={g.failed ? "alert" : "check"}>{g.failed ? "No" : "Yes"}</State></td></tr>)}</tbody></table>
          )}
          <p className="small quiet">{r.with.homes.toLocaleString()} homes reached, {r.with.have.toLocaleString()} have it, {r.with.returned.toLocaleString()} gave it up; {r.without.homes.toLocaleString()} to compare with.</p>
        </section>
        <section className="card stack tight"><h2>History</h2>
          <ul className="timeline">{[...r.history].reverse().slice(0, 40).map((h, i) => <li key={i}><p><strong>{clip(h.what, 60)}</strong> <span className="quiet small">{clock(h.time)}{h.ring && `, ring ${ringWord(h.ring)}`}, {clip(h.who, 60) || "by itself"}</span></p>{h.why && <p className="small">{clip(h.why, 300)}</p>}</li>)}</ul>
        </section>
      </div>
    </>
  );
}

function Acts({ rollout: r }: { rollout: Rollout }) {
  const client = useQueryClient();
  const may = useMay("rollout.change");
  const [act, setAct] = useState<Act | null>(null);
  const send = useMutation({
    mutationFn: async ({ act, reason }: { act: Act; reason: string }) => {
      const init = { params: { path: { rollout: r.id } }, body: { reason } };
      if (act === "halt") return ok(api.POST("/v1/staff/rollouts/{rollout}/halt", init));
      if (act === "pause") return ok(api.POST("/v1/staff/rollouts/{rollout}/pause", init));
      if (act === "resume") return ok(api.POST("/v1/staff/rollouts/{rollout}/resume", init));
      return ok(api.POST("/v1/staff/rollouts/{rollout}/undo", init));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["rollouts"] }),
  });
  const all = useQuery({ queryKey: ["rollouts"], queryFn: () => ok(api.GET("/v1/staff/rollouts")), enabled: r.state === "done" }).data?.items; // the newest first
  const can = canDo(r.state, all?.find((x) => x.bundle === r.bundle)?.id === r.id);
  return (
    <div className="stack tight">
      {can.length > 0 && !may && <WhoMay right="rollout.change" what="To hold, halt or undo it:" />}
      <div className="row">{may && can.map((a) => <button key={a} className={a === "undo" ? "bad" : "plain"} onClick={() => setAct(a)} data-testid={`rollout-${a}`}>{acts[a].word}</button>)}</div>
      {send.error && <Trouble error={send.error} />}
      <Dialog title={act ? `${acts[act].word}: ${clip(r.bundle, 20)} ${r.version}` : ""} open={act !== null} close={() => setAct(null)}>
        <p>{act && acts[act].does}</p>
        <form onSubmit={(e) => {
          e.preventDefault();
          const reason = String(new FormData(e.currentTarget).get("reason")).trim();
          if (act && reason) send.mutate({ act, reason });
          setAct(null);
        }}>
          <label><span>Why</span><input name="reason" required minLength={3} maxLength={500} autoComplete="off" /></label>
          <div className="row"><button>{act ? acts[act].word : ""}</button><button type="button" className="plain" onClick={() => setAct(null)}>Cancel</button></div>
        </form>
      </Dialog>
    </div>
  );
}
