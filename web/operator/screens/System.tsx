// Health of the system: what the cloud itself says, what works in the background, and which gateways are behind.
import { useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { Ago, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Link, Title } from "../../shared/router";
import { bytes, clip, clock, percent } from "../../shared/text";
import { Only } from "../may";
import { useTrends } from "./Fleet";
import { fullness, late, newest, sick, wrong } from "./health";

// probe asks an address of the cloud's own: these are no part of the API.
const probe = (path: string) => async () => {
  const r = await fetch(path, { cache: "no-store" });
  return { ok: r.ok, text: clip((await r.text()).trim(), 300) };
};

export function System() {
  const ready = useQuery({ queryKey: ["probe", "ready"], queryFn: probe("/readyz"), refetchInterval: 10_000 });
  const live = useQuery({ queryKey: ["probe", "live"], queryFn: probe("/healthz"), refetchInterval: 10_000 });
  const t = useTrends();
  const last = t.data?.days.at(-1);
  const silent = t.data ? t.data.homes - t.data.online : 0;
  const versions = Object.entries(last?.versions ?? {}).sort((a, b) => b[1] - a[1]);
  return (
    <>
      <Title>Health of the system</Title>
      <div className="cols">
        <section className="card stack tight" data-testid="system">
          <h2>This cloud</h2>
          <dl className="facts">
            <dt>Answers</dt><dd>{live.data ? <Mark ok={live.data.ok} yes="Yes" no="No" /> : live.error ? <Trouble error={live.error} /> : <Skeleton lines={1} />}</dd>
            <dt>Ready</dt><dd>{ready.data ? <><Mark ok={ready.data.ok} yes="Yes" no="Not all of it" />{!ready.data.ok && <p className="small">{ready.data.text}</p>}</> : ready.error ? <Trouble error={ready.error} /> : <Skeleton lines={1} />}</dd>
            <dt>Looked at</dt><dd>{clock(ready.dataUpdatedAt)}</dd>
          </dl>
          <p className="small quiet">Its numbers are at /metrics for Prometheus.</p>
        </section>
        <section className="card stack tight" data-testid="background">
          <h2>In the background</h2>
          <dl className="facts">
            <dt>Reports</dt><dd><Reports online={t.data?.online ?? 0} /></dd>
            <dt>Lists</dt><dd><Only right="intel.view"><Lists /></Only></dd>
            <dt>Webhooks</dt><dd><Only right="webhook.manage"><Webhooks /></Only></dd>
          </dl>
        </section>
        <section className="card stack tight">
          <h2>Gateways</h2>
          {t.error && <Trouble error={t.error} again={() => void t.refetch()} />}
          {!t.data && !t.error && <Skeleton lines={3} />}
          {t.data && (
            <dl className="facts">
              <dt>Online</dt><dd>{t.data.online.toLocaleString()} of {t.data.homes.toLocaleString()}</dd>
              <dt>Silent</dt><dd>{silent > 0 ? <Link to="/?state=offline&sort=contact">{silent.toLocaleString()}</Link> : "None"}</dd>
              <dt>Needs attention</dt><dd><Link to="/?state=attention">Show</Link></dd>
              <dt>Counted</dt><dd>{clock(t.data.as_of)}</dd>
            </dl>
          )}
        </section>
        <section className="card stack tight">
          <h2>Versions</h2>
          {versions.length === 0 && <p className="quiet">Nothing was counted yet.</p>}
          <dl className="facts">{versions.slice(0, 12).map(([v, n]) => <div key={v} className="pair"><dt><Link to={`/?version=${encodeURIComponent(v)}`}>{clip(v, 30) || "not known"}</Link></dt><dd>{n.toLocaleString()} homes</dd></div>)}</dl>
        </section>
      </div>
      <Brokers />
    </>
  );
}

type Stream = components["schemas"]["Stream"];

// Brokers are the message brokers: who is connected, and what waits to be stored. The server answers within seconds, also when they do not.
function Brokers() {
  const q = useQuery({ queryKey: ["system", "brokers"], queryFn: () => ok(api.GET("/v1/staff/brokers")), refetchInterval: 15_000 });
  const b = q.data;
  return (
    <section className="card stack tight" aria-labelledby="brokers" data-testid="brokers">
      <h2 id="brokers">Message broker</h2>
      {q.error && <Trouble error={q.error} again={() => void q.refetch()} />}
      {!b && !q.error && <Skeleton lines={3} />}
      {b?.words && <p role="status" data-testid="brokers-words">{clip(b.words, 300)}</p>}
      {b && b.brokers.length > 0 && <Connected brokers={b.brokers} />}
      {b?.streams.map((s) => <Waiting key={s.name} stream={s} />)}
      {b && <p className="small quiet">Looked at {clock(b.as_of)}. Each broker counts since it was started.</p>}
    </section>
  );
}

function Connected({ brokers }: { brokers: components["schemas"]["Broker"][] }) {
  const n = (x: number) => x.toLocaleString();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Brokers">
      <table data-testid="broker-list">
        <thead><tr><th scope="col">Broker</th><th scope="col" className="num">Gateways connected</th><th scope="col" className="num">Parts of the cloud</th><th scope="col" className="num">Messages in</th><th scope="col" className="num">Messages out</th><th scope="col" className="num">Refused</th><th scope="col" className="num">Too slow</th><th scope="col" className="num">Stored</th></tr></thead>
        <tbody>{brokers.map((b) => (
          <tr key={b.name}><td><bdi>{clip(b.name, 60)}</bdi></td><td className="num">{n(b.gateways)}</td><td className="num">{n(b.parts)}</td><td className="num">{n(b.messages_in)}</td><td className="num">{n(b.messages_out)}</td><td className="num">{n(b.refused)}</td><td className="num">{n(b.slow)}</td><td className="num">{bytes(b.stored)}</td></tr>
        ))}</tbody>
      </table>
    </div>
  );
}

function Waiting({ stream: s }: { stream: Stream }) {
  const bad = wrong(s, Date.now()), full = fullness(s);
  const behind = s.readers.filter((r) => r.waiting > 0 || r.open > 0);
  return (
    <dl className="facts" data-testid="stream" data-stream={clip(s.name, 40)}>
      <dt>{s.name === "REPORTS" ? "Reports" : <bdi>{clip(s.name, 40)}</bdi>}</dt><dd><Mark ok={!bad} yes="Taken and stored" no={bad} /></dd>
      {!s.silent && (
        <>
          <dt>Waiting</dt><dd>{s.messages.toLocaleString()} {s.messages === 1 ? "pack" : "packs"}, {bytes(s.bytes)}{s.limit !== null && <> of {bytes(s.limit)} ({percent(full ?? 0)} %)</>}{s.oldest && <>; the oldest from <Ago at={s.oldest} /></>}.{s.hours > 0 && ` What nobody stored for ${Math.round(s.hours / 24).toLocaleString()} days is lost.`}</dd>
          <dt>Behind</dt><dd>{behind.length === 0 ? "No reader" : behind.slice(0, 16).map((r) => <span key={r.name}>{clip(r.name, 40)}: {r.waiting.toLocaleString()} to come, {r.open.toLocaleString()} being stored. </span>)}</dd>
          <dt>Leads</dt><dd><bdi>{clip(s.leader, 60) || "No broker"}</bdi>{s.copies.length > 0 && <>; copies: {s.copies.map((c) => `${clip(c.broker, 40)} (${c.offline ? "away" : c.current ? "in step" : `${c.behind.toLocaleString()} behind`})`).join(", ")}</>}</dd>
        </>
      )}
    </dl>
  );
}

// Reports says when a gateway was heard last: what waits to be stored, or no gateway that reaches the broker, shows here first.
function Reports({ online }: { online: number }) {
  const last = useQuery({ queryKey: ["system", "reports"], queryFn: () => ok(api.GET("/v1/staff/tables/homes", { params: { query: { sort: "contact", down: true, limit: 50 } } })), refetchInterval: 30_000 });
  if (last.error) return <Trouble error={last.error} again={() => void last.refetch()} />;
  if (!last.data) return <Skeleton lines={1} />;
  const at = newest(last.data.items.map((h) => h.last_contact)); // the table is in the order of ten minutes
  if (!at) return <>No gateway was heard yet.</>;
  const behind = online > 0 && late(at, Date.now());
  return <><Mark ok={!behind} yes="They come in" no="Late" /> <span className="small">The newest is from <Ago at={at} />.{behind && " Either reports wait to be stored, or no gateway reaches the broker."}</span></>;
}

// Lists says whether sources answer and when lists went out last.
function Lists() {
  const lists = useQuery({ queryKey: ["intel", "lists"], queryFn: () => ok(api.GET("/v1/staff/intel/lists")), refetchInterval: 30_000 });
  const sources = useQuery({ queryKey: ["intel", "sources"], queryFn: () => ok(api.GET("/v1/staff/intel/sources")), refetchInterval: 30_000 });
  const error = lists.error ?? sources.error;
  if (error) return <Trouble error={error} again={() => void Promise.all([lists.refetch(), sources.refetch()])} />;
  if (!lists.data || !sources.data) return <Skeleton lines={1} />;
  const bad = sick(sources.data.items), l = lists.data;
  return (
    <>
      <Mark ok={bad.length === 0 && !l.failure} yes={sources.data.items.length === 0 ? "No source is set up" : "All sources answer"} no={l.failure ? "Lists do not go out" : "Not all sources answer"} />{" "}
      <span className="small">{l.at ? <>Version {l.version} went out <Ago at={l.at} />. </> : "None went out yet. "}{bad.length > 0 && <Link to="/intel">{bad.map((s) => clip(s.name, 40)).join(", ")}</Link>}{l.failure && clip(l.failure, 300)}</span>
    </>
  );
}

// Webhooks says whether the provider's own systems take what they are told.
function Webhooks() {
  const list = useQuery({ queryKey: ["staff", "webhooks"], queryFn: () => ok(api.GET("/v1/staff/webhooks")), refetchInterval: 30_000 });
  if (list.error) return <Trouble error={list.error} again={() => void list.refetch()} />;
  if (!list.data) return <Skeleton lines={1} />;
  const bad = list.data.items.filter((w) => w.paused || w.failing);
  return (
    <>
      <Mark ok={bad.length === 0} yes={list.data.items.length === 0 ? "None is set up" : "All take what they are told"} no="Not all take what they are told" />{" "}
      <span className="small">{bad.map((w) => <span key={w.id}>{clip(w.name, 40)}{w.paused ? ": paused" : <>: failing since <Ago at={w.failing} /></>}. </span>)}</span>
    </>
  );
}

function Mark({ ok, yes, no }: { ok: boolean; yes: string; no: string }) {
  return <State tone={ok ? "good" : "need"} icon={ok ? "check" : "alert"}>{ok ? yes : no}</State>;
}
