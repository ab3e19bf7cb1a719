// Detections: cases that are alike, put together by rule, model and what they called; one of them opened shows its cases and whom an act would touch.
import { SegmentedControl, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { Ago, Skeleton, Trouble } from "../../shared/parts/Bits";
import { word } from "../../shared/parts/Case";
import { Title, useParams } from "../../shared/router";
import { clip } from "../../shared/text";
import { DataTable, go, Pick, type Column } from "../parts/DataTable";
import { Block } from "./Block";
import { List } from "./Board";

type Group = components["schemas"]["DetectionGroup"];

const share = (g: Group) => (g.cases === 0 ? "–" : `${Math.round((100 * g.wrong) / g.cases)} %`);

export function Detections() {
  const params = useParams();
  const by = (params.get("by") ?? "all") as "all" | "indicator", days = Number(params.get("days") ?? "30") || 30;
  const open = { detector: params.get("detector") ?? "", model: params.get("model") ?? "", indicator: params.get("indicator") ?? "" };
  const one = params.get("one") === "true";
  const q = params.get("q") ?? "", cursor = params.get("cursor") ?? "";
  const list = useQuery({
    queryKey: ["tables", "detections", by, days, q, cursor],
    queryFn: () => ok(api.GET("/v1/staff/tables/detections", { params: { query: { by, days, ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })),
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
  const show = (g: Group) => go(params, { one: "true", detector: g.detector, model: g.model, indicator: g.indicator, cursor: "" });
  const columns: Column<Group>[] = [
    { name: "What", cell: (g) => <button className="link" onClick={() => show(g)}>{g.detector ? word("rule", g.detector) : <bdi>{clip(g.model || g.indicator, 64) || (by === "indicator" ? "no campaign" : "of no model")}</bdi>}</button>, wide: true },
    { name: "Model", cell: (g) => <bdi>{clip(g.model, 64) || "–"}</bdi> },
    { name: "Contacted", cell: (g) => <bdi>{clip(g.indicator, 60) || "–"}</bdi> },
    { name: "Homes", num: true, cell: (g) => g.homes },
    { name: "Incidents", num: true, cell: (g) => g.cases },
    { name: "Open", num: true, cell: (g) => g.open },
    { name: "False alarms", num: true, cell: share },
    { name: "Findings", num: true, cell: (g) => g.findings },
    { name: "Last", cell: (g) => <Ago at={g.last} /> },
  ];
  if (one) return <One open={open} back={() => go(params, { one: "", detector: "", model: "", indicator: "", cursor: "" })} />;
  return (
    <>
      <Title>Detections</Title>
      <p className="quiet">Incidents that are alike, those in most homes first. An address that fewer than five homes contacted is not shown here.</p>
      <div className="filters">
        <SegmentedControl size="sm" aria-label="Put together by" value={by} onChange={(v) => go(params, { by: v === "all" ? "" : v, cursor: "" })} data={[{ value: "all", label: "Rule, model, contacted" }, { value: "indicator", label: "Campaign" }, { value: "model", label: "Model" }, { value: "detector", label: "Rule" }]} />
        <Pick label="Days" value={String(days)} set={(v) => go(params, { days: v === "30" ? "" : v, cursor: "" })} options={["7", "30", "90"].map((v) => ({ value: v, label: v }))} />
        <form key={q} onSubmit={(e) => {
          e.preventDefault();
          go(params, { q: String(new FormData(e.currentTarget).get("q")).trim(), cursor: "" });
        }}><TextInput size="sm" name="q" label="Only with (Enter)" defaultValue={q} maxLength={60} autoComplete="off" data-testid="detections-text" /></form>
      </div>
      <DataTable label="Detections" testid="detections" columns={columns} list={list} id={(g) => `${g.detector}|${g.model}|${g.indicator}`} mark={(g) => ({ "data-detector": g.detector })} empty={q ? "No detection has this text in it." : `Nothing was detected in the last ${days} days.`} icon="check"
        file={`/v1/staff/tables/detections.csv?by=${by}&days=${days}${q && `&q=${encodeURIComponent(q)}`}`} />
    </>
  );
}

function One({ open, back }: { open: { detector: string; model: string; indicator: string }; back: () => void }) {
  const filter = Object.fromEntries(Object.entries(open).filter(([, v]) => v));
  const reach = useQuery({ queryKey: ["tables", "reach", filter], queryFn: () => ok(api.GET("/v1/staff/tables/reach", { params: { query: filter } })) });
  return (
    <>
      <Title>{open.detector ? word("rule", open.detector) : clip(open.model || open.indicator, 64)}</Title>
      <div className="row"><button className="plain" onClick={back}>All detections</button>
        {open.model && <span>Model <bdi>{clip(open.model, 64)}</bdi></span>}{open.indicator && <span>Contacted <bdi>{clip(open.indicator, 80)}</bdi></span>}</div>
      <section className="card stack tight" data-testid="reach">
        <h2>Where it is open now</h2>
        {reach.error && <Trouble error={reach.error} again={() => void reach.refetch()} />}
        {reach.data ? <p>{reach.data.devices.toLocaleString()} {reach.data.devices === 1 ? "device" : "devices"} in {reach.data.homes.toLocaleString()} {reach.data.homes === 1 ? "home" : "homes"} {reach.data.devices === 1 ? "has" : "have"} an open incident of this kind.</p> : !reach.error && <Skeleton lines={1} />}
      </section>
      {open.indicator && <Block key={open.indicator + open.model} endpoint={open.indicator} model={open.model} />}
      <List fixed={{ ...filter }} />
    </>
  );
}
