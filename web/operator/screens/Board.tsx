// Incidents of all homes: as columns by stage with how many there are, or as a table to sort and filter.
import { SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { Ago, Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { CaseState, word } from "../../shared/parts/Case";
import { Link, Title, useParams } from "../../shared/router";
import { clip } from "../../shared/text";
import { DataTable, go, Pick, query, type Column } from "../parts/DataTable";

type Case = components["schemas"]["ConsoleCase"];
const stages = ["open", "contained", "cleaning", "probation"] as const;
const to = (i: Case) => `/homes/${encodeURIComponent(i.home.id)}/incidents/${encodeURIComponent(i.id)}`;
const detectors = ["indicator", "scan-wan", "scan-lan", "scan-ports", "flood", "brute-force", "beacon", "novelty", "generated-names", "volume", "inbound", "arp-spoof", "rogue-dhcp", "dns-spoof", "identity", "mapping", "unusual"];

export function Board() {
  const params = useParams();
  const view = params.get("view") ?? "board";
  return (
    <>
      <div className="between"><Title>Incidents</Title>
        <SegmentedControl size="sm" value={view} aria-label="Show" onChange={(v) => go(new URLSearchParams(), { view: v === "board" ? "" : v })} data={[{ value: "board", label: "By stage" }, { value: "list", label: "List" }]} />
      </div>
      {view === "list" ? <List /> : <Stages />}
    </>
  );
}

function Stages() {
  return <div className="board" data-testid="board">{stages.map((s) => <Stage key={s} state={s} />)}</div>;
}

function Stage({ state }: { state: (typeof stages)[number] }) {
  const list = useQuery({
    queryKey: ["tables", "incidents", "stage", state],
    queryFn: () => ok(api.GET("/v1/staff/tables/incidents", { params: { query: { state, sort: "opened", up: true, limit: 25 } } })),
    refetchInterval: 10_000,
  });
  const items = (list.data?.items ?? []).filter((i) => i.state === state);
  return (
    <section className="stack tight" data-stage={state}>
      <h2><CaseState state={state} /></h2>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={4} />}
      {list.data && items.length === 0 && <Empty>No incident is at this stage now.</Empty>}
      {items.map((i) => <Item key={i.id} incident={i} />)}
      {list.data?.next && <Link to={`/incidents?view=list&state=${state}`} className="button plain">All of these</Link>}
    </section>
  );
}

function Item({ incident: i }: { incident: Case }) {
  return (
    <Link to={to(i)} className="card" data-testid="incident" data-code={i.code}>
      <span className="between"><span className="code">{clip(i.code, 8)}</span><Ago at={i.opened} /></span>
      <span className="quiet small"><Name>{i.home.name}</Name></span>
      <span className="small">{i.detector && <>{word("rule", i.detector)}. </>}{i.repeats > 0 && <strong>Came back or let out {i.repeats} times. </strong>}{i.notices > 0 && <>{i.notices} messages sent.</>}</span>
    </Link>
  );
}

const columns: Column<Case>[] = [
  { name: "Code", cell: (i) => <Link to={to(i)} className="code">{clip(i.code, 8)}</Link> },
  { name: "Home", cell: (i) => <Link to={`/homes/${encodeURIComponent(i.home.id)}`}><Name>{i.home.name}</Name></Link> },
  { name: "Stage", cell: (i) => <><CaseState state={i.state} />{i.outcome && <span className="small quiet"> {word("outcome", i.outcome)}</span>}</> },
  { name: "What it did", wide: true, cell: (i) => i.detector ? <span title={clip(i.detector, 40)}>{word("rule", i.detector)}</span> : "–" },
  { name: "Opened", sort: "opened", cell: (i) => <Ago at={i.opened} /> },
  { name: "Changed", sort: "changed", cell: (i) => <Ago at={i.changed} /> },
  { name: "Findings", num: true, cell: (i) => i.findings },
  { name: "Repeats", sort: "repeats", num: true, cell: (i) => i.repeats },
  { name: "Messages sent", num: true, cell: (i) => i.notices },
];

export function List({ fixed }: { fixed?: Record<string, string> }) {
  const params = useParams();
  const of = (k: string) => fixed?.[k] ?? params.get(k) ?? "";
  const [state, detector, model, indicator, sort, cursor, age] = [of("state") || "open", of("detector"), of("model"), of("indicator"), of("sort") || "changed", of("cursor"), of("age")];
  const up = of("up") === "true", repeated = of("repeated") === "true";
  const before = age ? new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - Number(age) * 86_400_000).toISOString() : "";
  const filter = { state: state as "open", ...(detector ? { detector } : {}), ...(model ? { model } : {}), ...(indicator ? { indicator } : {}), ...(before ? { before } : {}), ...(repeated ? { repeated } : {}) };
  const list = useQuery({
    queryKey: ["tables", "incidents", filter, sort, up, cursor],
    queryFn: () => ok(api.GET("/v1/staff/tables/incidents", { params: { query: { limit: 50, ...filter, sort: sort as "changed", up, ...(cursor ? { cursor } : {}) } } })),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });
  const set = (k: string) => (v: string) => go(params, { [k]: v, cursor: "" });
  const file = "/v1/staff/tables/incidents.csv?" + query({ state, detector, model, indicator, before, sort, up: up ? "true" : "", repeated: repeated ? "true" : "" });
  return (
    <div className="stack">
      <div className="filters">
        <Pick label="Stage" value={state} set={set("state")} testid="case-state" options={[{ value: "open", label: "Not closed" }, ...[...stages.slice(1), "closed", "all"].map((s) => ({ value: s, label: s === "all" ? "All" : word("case", s) }))]} />
        {!fixed && <Pick label="Rule" value={detector} set={set("detector")} options={[{ value: "", label: "All" }, ...detectors.map((d) => ({ value: d, label: word("rule", d) }))]} />}
        <Pick label="Age" value={age} set={set("age")} options={[{ value: "", label: "Any" }, { value: "1", label: "Over a day" }, { value: "7", label: "Over a week" }, { value: "30", label: "Over 30 days" }]} />
        <Pick label="Repeats" value={repeated ? "true" : ""} set={set("repeated")} options={[{ value: "", label: "Any" }, { value: "true", label: "Came back or let out" }]} />
      </div>
      {!fixed && (model || indicator) && <p className="row"><span>{model && <>Model <bdi><strong>{clip(model, 64)}</strong></bdi>. </>}{indicator && <>Called <bdi><strong>{clip(indicator, 80)}</strong></bdi>.</>}</span><button className="plain" onClick={() => go(params, { model: "", indicator: "", cursor: "" })}>Any</button></p>}
      <DataTable label="Incidents" testid="incidents" columns={columns} list={list} id={(i) => i.home.id + i.id} mark={(i) => ({ "data-code": i.code })} empty={detector || model || indicator || before || repeated || state !== "open" ? "No incident fits these filters. Take one away to see more." : "No incident is open. That is good: closed ones are under the stage Closed."} icon="check" file={file}
        sort={{ by: sort, down: !up, set: (by, d) => go(params, { sort: by === "changed" && d ? "" : by, up: d ? "" : "true", cursor: "" }) }} />
    </div>
  );
}
