// Health of the system: what the cloud itself says, and which gateways are behind.
import { useQuery } from "@tanstack/react-query";
import { Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Link, Title } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { useTrends } from "./Fleet";

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

function Mark({ ok, yes, no }: { ok: boolean; yes: string; no: string }) {
  return <State tone={ok ? "good" : "need"} icon={ok ? "check" : "alert"}>{ok ? yes : no}</State>;
}
