// Device models of the fleet: in how many homes, who says so, what they have in common, and whether the fleet learns them.
import { TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import type { FleetModel } from "../../shared/model";
import { Empty, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { Link, Title, useParams } from "../../shared/router";
import { clip } from "../../shared/text";
import { product } from "../../shared/product";
import { go } from "./Fleet";
import { Pages } from "./Pages";

const says: Record<string, string> = { rules: "rules", learned: "learned", operator: "named by staff", owner: "residents" };

export function Models() {
  const params = useParams();
  const cursor = params.get("cursor") ?? "", q = sought(params);
  const list = useQuery({
    queryKey: ["models", q, cursor],
    queryFn: () => ok(api.GET("/v1/staff/models", { params: { query: { limit: 50, ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <div className="between"><Title>Device models</Title><Link to="/clusters" className="button plain" data-testid="to-clusters">Clusters to name</Link></div>
      <p className="quiet">Those in most homes first. Below 20 homes the number is hidden.</p>
      <Find q={q} />
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={8} />}
      {list.data && (list.data.items.length === 0 ? <Empty icon="devices">{q ? noSuch : "No model is known yet. Models appear when gateways tell what devices are in their homes."}</Empty> : <Table models={list.data.items} />)}
      <Pages cursor={cursor} next={list.data?.next} />
    </>
  );
}

// sought is the text of the address that models are looked for by.
export const sought = (params: URLSearchParams) => (params.get("q") ?? "").trim().slice(0, 100);
export const noSuch = "No model has this in its vendor, its name or its kind. Type less of it.";

// Find looks for models by a text; it stands in the address, and the first page comes again.
export function Find({ q }: { q: string }) {
  const params = useParams();
  return (
    <form className="filters" key={q} role="search" aria-label="Models" onSubmit={(e) => {
      e.preventDefault();
      go(params, { q: String(new FormData(e.currentTarget).get("q")).trim(), cursor: "" });
    }}>
      <TextInput name="q" size="sm" type="search" label="Vendor, model or kind" defaultValue={q} maxLength={100} autoComplete="off" data-testid="find-model" />
      <button className="plain">Show</button>
    </form>
  );
}

function Table({ models }: { models: FleetModel[] }) {
  return (
    <div className="scroll card" tabIndex={0} role="region" aria-label="Models">
      <table data-testid="models">
        <thead><tr><th scope="col">Model</th><th scope="col">Kind</th><th scope="col" className="num">Homes</th><th scope="col" className="num">Share</th><th scope="col">Who says so</th><th scope="col">In common</th><th scope="col">Fleet learns it</th><th scope="col">Profile and drift</th><th scope="col">Exposed</th></tr></thead>
        <tbody>
          {models.map((m) => (
            <tr key={m.id} data-model={m.id}>
              <td className="fold"><bdi>{clip(product(m), 80) || "–"}</bdi></td>
              <td><ClassMark of={m.class} /></td>
              <td className="num">{clip(m.homes.words, 40)}</td>
              <td className="num">{m.share === null ? "–" : `${(m.share * 100).toLocaleString(undefined, { maximumFractionDigits: 1 })} %`}</td>
              <td className="fold">{m.by.slice(0, 4).map((b) => says[b] ?? clip(b, 20)).join(", ") || "–"}</td>
              <td className="wide"><Texts of={m.evidence} /></td>
              <td className="fold"><State tone={m.teaches ? "good" : "mute"} icon={m.teaches ? "check" : "clock"}>{m.teaches ? "Yes" : "Not yet"}</State>{!m.teaches && m.why && <p className="small quiet">{clip(m.why, 200)}</p>}</td>
              <td>{m.profile ? <Link to={`/normal/${encodeURIComponent(m.profile)}`} aria-label={`Show what is normal for ${clip(product(m), 64)}`} data-testid="to-profile">Show</Link> : <span className="quiet">None yet</span>}</td>
              <td>{m.model && <Link to={`/exposures?model=${encodeURIComponent(m.model)}`} aria-label={`Show exposures of ${clip(m.model, 64)}`}>Show</Link>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Texts are what devices said of themselves: only text.
export function Texts({ of }: { of: readonly string[] }) {
  if (of.length === 0) return <>–</>;
  return <ul className="reasons">{of.slice(0, 8).map((e, i) => <li key={i}><bdi>{clip(e, 120)}</bdi></li>)}</ul>;
}
