// What support needs of a home besides its devices: is what we see fresh, how does the gateway do, may names be seen, what happened, and notes.
import { Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { Ago, Empty, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Link } from "../../shared/router";
import { bytes, clip, clock, date } from "../../shared/text";
import { happened, whoDid } from "../said";

const share = (n: number, of: number) => (of === 0 ? "–" : `${((100 * n) / of).toLocaleString(undefined, { maximumFractionDigits: 2 })} %`);

export function Care({ home }: { home: string }) {
  const care = useQuery({ queryKey: [home, "care"], queryFn: () => ok(api.GET("/v1/staff/homes/{home}/care", { params: { path: { home } } })), refetchInterval: 30_000 });
  const c = care.data;
  if (!c) return care.error ? <Trouble error={care.error} again={() => void care.refetch()} /> : <Skeleton lines={4} />;
  const h = c.health;
  return (
    <>
      <div className="cols">
        <section className="card stack tight" data-testid="freshness">
          <h2>How fresh this is</h2>
          <dl className="facts">
            <dt>Last heartbeat</dt><dd><Ago at={c.last_contact} /></dd>
            <dt>Last news of devices</dt><dd><Ago at={c.last_devices} /></dd>
            <dt>Newest daily totals</dt><dd>{c.last_day ? date(c.last_day) : "none"}</dd>
            <dt>Lost</dt><dd>{c.lost.toLocaleString()} messages that the gateway had no room to keep</dd>
          </dl>
        </section>
        <section className="card stack tight" data-testid="health">
          <h2>Gateway</h2>
          {!h && <p className="quiet">The gateway has not reported yet. If it should have: is it on, and does its line work?</p>}
          {h && (
            <dl className="facts">
              <dt>Protects</dt><dd><State tone={h.armed ? "good" : "need"} icon={h.armed ? "check" : "alert"}>{h.armed ? "Yes" : "Watches only"}</State></dd>
              <dt>Runs since</dt><dd>{clock(h.started)} on {clip(h.platform, 30) || "unknown hardware"}</dd>
              <dt>Program</dt><dd>{clip(h.software, 20) || "not told"}{h.crashes > 0 && <>, <strong>{h.crashes} crashes</strong> in a day</>}</dd>
              <dt>DNS</dt><dd>{h.asked.toLocaleString()} questions a day, {share(h.unanswered, h.asked)} unanswered</dd>
              <dt>Memory</dt><dd>{bytes(h.memory)}, at most {bytes(h.throughput)} a second forwarded</dd>
              <dt>Devices</dt><dd>{h.broken} cannot do their normal work; {h.findings} findings in a day</dd>
              <dt>Waiting</dt><dd>{h.spool.toLocaleString()} messages that it has not sent yet</dd>
              {h.bundles.length > 0 && <><dt>Lists</dt><dd>{h.bundles.slice(0, 8).map((b) => `${clip(b.name, 20)} ${b.version}`).join(", ")}</dd></>}
              {h.degraded.length > 0 && <><dt>Does not work</dt><dd>{h.degraded.slice(0, 8).map((d) => <p key={d}>{clip(d, 200)}</p>)}</dd></>}
            </dl>
          )}
        </section>
        <section className="card stack tight" data-testid="consent">
          <h2>Consent</h2>
          {c.consented ? <p><State tone="good" icon="unlock">Names may be seen</State> A resident agreed, for a time.</p> : <p><State tone="mute" icon="lock">No consent</State> Nobody at home has agreed that names are seen. A resident can allow it in the app: More, Support access.</p>}
        </section>
        <Notes home={home} notes={c.notes} />
      </div>
      <Happened home={home} list={c.timeline} />
    </>
  );
}

// Happened is the home's timeline: what happened, when, who did it and what became of it.
function Happened({ home, list }: { home: string; list: components["schemas"]["Happened"][] }) {
  const devices = useQuery({ queryKey: [home, "devices"], queryFn: () => ok(api.GET("/v1/staff/homes/{home}/devices", { params: { path: { home } } })) });
  const [all, showAll] = useState(false);
  const name = (id: string) => clip(devices.data?.items.find((d) => d.id === id)?.name ?? "", 40);
  return (
    <section className="card stack tight">
      <h2>What happened</h2>
      {list.length === 0 && <Empty icon="clock">Nothing yet: no incident, no change was asked for, and nobody of staff opened this home.</Empty>}
      <ul className="timeline" data-testid="home-timeline">
        {list.slice(0, all ? 100 : 40).map((x, i) => {
          const s = happened(x, name), who = whoDid(x);
          return (
            <li key={i} className={x.kind === "case" && x.what === "opened" ? "open" : ""} data-kind={x.kind}>
              <p><strong><bdi>{s.what}</bdi></strong> <span className="quiet small">{clock(x.time)}{who && <>, <bdi>{who}</bdi></>}</span></p>
              {s.became && <p className="small" data-status={x.status}><bdi>{s.became}</bdi>{x.done && x.status !== "asked" && <span className="quiet"> ({clock(x.done)})</span>}</p>}
              {s.why && <p className="small">{x.kind === "staff" && x.what !== "note" && <span className="quiet">Reason: </span>}<bdi>{s.why}</bdi></p>}
              {x.case && <Link className="small" to={`/homes/${encodeURIComponent(home)}/incidents/${encodeURIComponent(x.case)}`}>Open the incident</Link>}
            </li>
          );
        })}
      </ul>
      {!all && list.length > 40 && <div><button className="plain" onClick={() => showAll(true)}>Show earlier lines</button></div>}
      {list.length >= 100 && all && <p className="quiet small">These are the last 100 lines. Older ones are in the audit.</p>}
    </section>
  );
}

function Notes({ home, notes }: { home: string; notes: { time: string; who: string; text: string }[] }) {
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: (text: string) => ok(api.POST("/v1/staff/homes/{home}/notes", { params: { path: { home } }, body: { text } })),
    onSuccess: () => client.invalidateQueries({ queryKey: [home, "care"] }),
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = e.currentTarget;
    add.mutate(String(new FormData(f).get("text")).trim(), { onSuccess: () => f.reset() });
  };
  return (
    <section className="card stack tight" data-testid="notes">
      <h2>Notes</h2>
      {notes.length === 0 && <p className="quiet">Nobody wrote a note about this home.</p>}
      <ul className="notes">{notes.slice(0, 20).map((n, i) => <li key={i}><p><bdi>{clip(n.text, 500)}</bdi></p><p className="small quiet">{clock(n.time)}, <bdi>{clip(n.who, 60)}</bdi></p></li>)}</ul>
      {add.error && <Trouble error={add.error} />}
      <form onSubmit={submit}>
        <Textarea name="text" label="New note" description="It stays, and the people who live there see that it was written." minLength={3} maxLength={500} required rows={2} data-testid="note" />
        <div><button className="plain" disabled={add.isPending} data-testid="note-do">Write down</button></div>
      </form>
    </section>
  );
}
