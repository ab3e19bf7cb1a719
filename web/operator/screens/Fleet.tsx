// Fleet: how it is and what it was like before, then all homes of this provider.
import { SegmentedControl, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, ok } from "../../shared/client";
import type { components } from "../../shared/api.gen";
import type { HomeState } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, State, Trouble, type Tone } from "../../shared/parts/Bits";
import { word } from "../../shared/parts/Case";
import type { IconName } from "../../shared/parts/Icon";
import { Link, Title, useParams } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { useGrant } from "../may";
import { Chart } from "../parts/Chart";
import { DataTable, go, Pick, query, type Column } from "../parts/DataTable";

export { go };

type ConsoleHome = components["schemas"]["ConsoleHome"];
type Trends = components["schemas"]["Trends"];
type Rate = components["schemas"]["Rate"];

export const states: Record<HomeState, { tone: Tone; icon: IconName; word: string }> = {
  fine: { tone: "good", icon: "check", word: "Fine" },
  attention: { tone: "need", icon: "alert", word: "Needs attention" },
  working: { tone: "work", icon: "work", word: "Being cleaned" },
  offline: { tone: "mute", icon: "cloudOff", word: "Offline" },
  new: { tone: "mute", icon: "spark", word: "New" },
};

export function Fleet() {
  const params = useParams();
  const view = params.get("view") ?? "homes";
  return (
    <>
      <div className="between"><Title>Fleet</Title>
        <SegmentedControl size="sm" value={view} onChange={(v) => go(params, { view: v === "homes" ? "" : v, cursor: "" })} aria-label="Show" data={[{ value: "homes", label: "Homes" }, { value: "trends", label: "Trends" }, { value: "rules", label: "Rules" }]} />
      </div>
      <Overview view={view} />
      {view === "homes" && <Homes />}
    </>
  );
}

const columns: Column<ConsoleHome>[] = [
  { name: "Home", sort: "home", cell: (h) => <Link to={`/homes/${encodeURIComponent(h.id)}`}><Name>{h.name}</Name></Link> },
  { name: "Account", cell: (h) => <bdi>{clip(h.account, 40)}</bdi> },
  { name: "Plan", cell: (h) => <Plan of={h} /> },
  { name: "State", sort: "state", cell: (h) => { const s = states[h.state] ?? states.new; return <State tone={s.tone} icon={s.icon}>{s.word}</State>; } },
  { name: "Last contact", sort: "contact", cell: (h) => <Ago at={h.last_contact} /> },
  { name: "Version", sort: "version", cell: (h) => clip(h.version, 24) || "–" },
  { name: "Gateway", sort: "platform", cell: (h) => clip(h.platform, 24) || "–" },
  { name: "Devices", sort: "devices", num: true, cell: (h) => h.devices },
  { name: "Open incidents", sort: "incidents", num: true, cell: (h) => h.incidents },
  { name: "Shut in", num: true, cell: (h) => h.contained },
];

// Plan is a home's plan; pressed, the homes that have it.
function Plan({ of: h }: { of: ConsoleHome }) {
  const params = useParams(), named = useGrant("home.search") === "yes";
  if (!h.plan) return <>–</>;
  return (
    <>
      {named ? <button className="link" onClick={() => go(params, { q: h.plan, cursor: "" })} aria-label={`Homes with the plan ${clip(h.plan, 60)}`} data-testid="plan-of"><bdi>{clip(h.plan, 40)}</bdi></button> : <bdi>{clip(h.plan, 40)}</bdi>}
      {h.support && <p className="small quiet">Higher support level</p>}
    </>
  );
}

function Homes() {
  const params = useParams();
  const of = (k: string) => params.get(k) ?? "";
  const named = useGrant("home.search") === "yes"; // others know homes by another name
  const [state, version, platform, sort, cursor, q] = [of("state"), of("version"), of("platform"), of("sort") || "home", of("cursor"), named ? of("q").slice(0, 100) : ""];
  const down = of("down") === "true", troubled = of("troubled") === "true";
  const list = useQuery({
    queryKey: ["tables", "homes", state, version, platform, troubled, sort, down, cursor, q],
    queryFn: () => ok(api.GET("/v1/staff/tables/homes", { params: { query: {
      limit: 50, sort: sort as "home", down, troubled, ...(state ? { state: state as HomeState } : {}), ...(version ? { version } : {}), ...(platform ? { platform } : {}), ...(cursor ? { cursor } : {}), ...(q ? { q } : {}),
    } } })),
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
  });
  const set = (k: string) => (v: string) => go(params, { [k]: v, cursor: "" });
  const trends = useTrends().data;
  const versions = Object.keys(trends?.days.at(-1)?.versions ?? {});
  const file = "/v1/staff/tables/homes.csv?" + query({ q, state, version, platform, sort, down: down ? "true" : "", troubled: troubled ? "true" : "" });
  return (
    <div className="stack">
      <div className="filters">
        {named && <form key={q} onSubmit={(e) => {
          e.preventDefault();
          set("q")(String(new FormData(e.currentTarget).get("q")).trim());
        }}><TextInput name="q" size="sm" type="search" label="Name, account, plan or gateway" defaultValue={q} maxLength={100} autoComplete="off" data-testid="fleet-text" /></form>}
        <Pick label="State" value={state} set={set("state")} testid="fleet-state" options={[{ value: "", label: "All" }, ...Object.entries(states).map(([value, s]) => ({ value, label: s.word }))]} />
        <Pick label="Version" value={version} set={set("version")} options={[{ value: "", label: "All" }, ...[...new Set([...versions, ...(version ? [version] : [])])].map((v) => ({ value: v, label: clip(v, 30) }))]} />
        <Pick label="Gateway" value={platform} set={set("platform")} options={[{ value: "", label: "All" }, ...["linux-amd64", "linux-arm64", "linux-armv7", "linux-mipsle"].map((v) => ({ value: v, label: v }))]} />
        <Pick label="Incidents" value={troubled ? "true" : ""} set={set("troubled")} options={[{ value: "", label: "All" }, { value: "true", label: "With open ones" }]} />
      </div>
      <DataTable label="Homes" testid="fleet" columns={columns} list={list} id={(h) => h.id} mark={(h) => ({ "data-home": h.id })} empty={q || state || version || platform || troubled ? "No home fits these filters. Take one away, or look for it under Search." : "There are no homes yet. One is made by provisioning, or when its account is created."} file={file}
        sort={{ by: sort, down, set: (by, d) => go(params, { sort: by === "home" && !d ? "" : by, down: d ? "true" : "", cursor: "" }) }} />
    </div>
  );
}

export const useTrends = () => useQuery({ queryKey: ["tables", "trends"], queryFn: () => ok(api.GET("/v1/staff/tables/trends", { params: { query: { days: 60 } } })), refetchInterval: 60_000 });

export const hours = (h: number | null | undefined) => (h === null || h === undefined ? "–" : h < 48 ? `${h.toLocaleString(undefined, { maximumFractionDigits: 1 })} h` : `${(h / 24).toLocaleString(undefined, { maximumFractionDigits: 1 })} days`);

function Overview({ view }: { view: string }) {
  const q = useTrends();
  const t = q.data;
  if (!t) return q.error ? <Trouble error={q.error} again={() => void q.refetch()} /> : <Skeleton lines={2} />;
  const numbers: [string, string][] = [
    ["Homes protected", t.homes.toLocaleString()], ["Gateways online", t.online.toLocaleString()], ["Open incidents", t.incidents.toLocaleString()],
    ["Open quarantines", t.quarantines.toLocaleString()], ["Detections a week, of 1,000 homes", t.per_thousand.toLocaleString(undefined, { maximumFractionDigits: 1 })], ["Median time to clean", hours(t.clean)],
  ];
  return (
    <>
      <dl className="numbers" data-testid="overview">{numbers.map(([w, n]) => <div key={w}><dt>{w}</dt><dd>{n}</dd></div>)}</dl>
      <p className="quiet small">As of {clock(t.as_of)}. Time to clean is that of the last 30 days.</p>
      {view === "trends" && <Lines t={t} />}
      {view === "rules" && <><Rates title="By rule" what="Rule" rates={t.by_detector} testid="by-detector" name={(n) => word("rule", n)} /><Rates title="By model" what="Model" rates={t.by_model} testid="by-model" name={(n) => n} /></>}
    </>
  );
}

function Lines({ t }: { t: Trends }) {
  const days = useMemo(() => t.days.map((d) => d.day), [t]);
  const of = useMemo(() => {
    const line = (name: string, f: (d: Trends["days"][number]) => number | null) => ({ name, values: t.days.map(f) });
    const versions = Object.entries(t.days.at(-1)?.versions ?? {}).sort((a, b) => b[1] - a[1]).slice(0, 4).map(([v]) => v);
    return {
      homes: [line("Homes", (d) => d.homes), line("Online", (d) => d.online)],
      detections: [line("Detections", (d) => (d.homes > 0 ? (1000 * d.detections) / d.homes : null))],
      contained: [line("Homes with a device shut in", (d) => d.contained)],
      clean: [line("Hours", (d) => d.clean ?? null)],
      wrong: [line("False alarms", (d) => d.wrong), line("Let out at home", (d) => d.released)],
      versions: versions.map((v) => line(v, (d) => d.versions[v] ?? 0)),
    };
  }, [t]);
  const last = t.days.at(-1), first = t.days[0];
  if (!last || !first) return <p className="quiet">Nothing was counted yet. Each day is counted from now on.</p>;
  const n = (x: number) => x.toLocaleString();
  return (
    <div className="cols" data-testid="trends">
      <Chart title="Homes protected" sentence={`${n(first.homes)} homes then, ${n(last.homes)} now; ${n(last.online)} of them are online.`} days={days} lines={of.homes} />
      <Chart title="Detections a day, of 1,000 homes" sentence={`${n(t.days.reduce((s, d) => s + d.detections, 0))} in all these days.`} days={days} lines={of.detections} />
      <Chart title="Homes with a device shut in" sentence={`${n(last.contained)} now.`} days={days} lines={of.contained} />
      <Chart title="Median time to clean" sentence={`${hours(t.clean)} over the last 30 days.`} days={days} lines={of.clean} unit=" h" />
      <Chart title="False alarms and self-releases" sentence="Incidents closed on a day that were said to be false alarms, or in which somebody at home let the device out." days={days} lines={of.wrong} />
      <Chart title="Versions" sentence="Homes, by the version of their gateway's program." days={days} lines={of.versions} />
    </div>
  );
}

const share = (n: number, of: number) => (of === 0 ? "–" : `${((100 * n) / of).toLocaleString(undefined, { maximumFractionDigits: 1 })} %`);

function Rates({ title, what, rates, testid, name }: { title: string; what: string; rates: Rate[]; testid: string; name: (n: string) => string }) {
  return (
    <section className="stack tight">
      <h2>{title}</h2>
      <p className="quiet small">Of the last 30 days. The percentages are of closed incidents.</p>
      {rates.length === 0 && <Empty>No incident was opened or closed in these 30 days.</Empty>}
      <div className="scroll card" tabIndex={0} role="region" aria-label={title}>
        <table data-testid={testid}>
          <thead><tr><th scope="col">{what}</th><th scope="col" className="num">Opened</th><th scope="col" className="num">Closed</th><th scope="col" className="num">False alarms</th><th scope="col" className="num">Let out at home</th></tr></thead>
          <tbody>{rates.slice(0, 60).map((r) => <tr key={r.name}><td><bdi>{clip(name(r.name), 64) || "not known"}</bdi></td><td className="num">{r.opened}</td><td className="num">{r.closed}</td><td className="num">{share(r.wrong, r.closed)}</td><td className="num">{share(r.released, r.closed)}</td></tr>)}</tbody>
        </table>
      </div>
    </section>
  );
}
