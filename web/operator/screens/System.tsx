// Health of the system: what the cloud itself says, what works in the background, and which gateways are behind.
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { Ago, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Link, Title } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { Only } from "../may";
import { useTrends } from "./Fleet";
import { late, newest, sick } from "./health";

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
    </>
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
