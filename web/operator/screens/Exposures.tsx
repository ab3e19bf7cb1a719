// How devices of the tenant's homes could be attacked, by model. Filters and page are in the address.
import { known } from "../../shared/i18n";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import type { FleetExposure } from "../../shared/model";
import { Empty, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { Title, useParams } from "../../shared/router";
import { clip } from "../../shared/text";
import { go } from "./Fleet";
import { Pages } from "./Pages";

const kinds = ["exploited", "internet", "telnet", "cleartext-login", "end-of-life", "ftp", "old-tls", "open-port"] as const;
type Kind = (typeof kinds)[number];
const kindOf = (k: string | null): Kind | "" => kinds.find((x) => x === k) ?? "";

export function Exposures() {
  const params = useParams();
  const kind = kindOf(params.get("kind")), model = (params.get("model") ?? "").slice(0, 64), cursor = params.get("cursor") ?? "";
  const list = useQuery({
    queryKey: ["exposures", kind, model, cursor],
    queryFn: () => ok(api.GET("/v1/staff/exposures", { params: { query: { limit: 50, ...(kind ? { kind } : {}), ...(model ? { model } : {}), ...(cursor ? { cursor } : {}) } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Title>Exposures</Title>
      <form className="filters" key={kind + model} onSubmit={(e) => {
        e.preventDefault();
        const f = new FormData(e.currentTarget);
        go(params, { kind: String(f.get("kind")), model: String(f.get("model")).trim(), cursor: "" });
      }}>
        <label><span>What</span>
          <select name="kind" defaultValue={kind} data-testid="exposure-kind">
            <option value="">All</option>
            {kinds.map((k) => <option key={k} value={k}>{known("kind", k)}</option>)}
          </select>
        </label>
        <label><span>Model, written as under Device models</span><input name="model" type="search" defaultValue={model} maxLength={64} data-testid="exposure-model" /></label>
        <button className="plain">Show</button>
      </form>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={8} />}
      {list.data && (list.data.items.length === 0 ? <Empty icon="shield">{kind || model ? "No exposure fits these filters. Choose All, or another model." : "No device is known to be easy to attack."}</Empty> : <Table items={list.data.items} />)}
      <Pages cursor={cursor} next={list.data?.next} />
    </>
  );
}

function Table({ items }: { items: FleetExposure[] }) {
  return (
    <div className="scroll card" tabIndex={0} role="region" aria-label="Exposures">
      <table data-testid="exposures">
        <thead><tr><th scope="col">What</th><th scope="col">Model</th><th scope="col">Kind</th><th scope="col">Port</th><th scope="col">Reference</th><th scope="col">Certain</th><th scope="col" className="num">Homes</th></tr></thead>
        <tbody>
          {items.map((x, i) => (
            <tr key={i} data-kind={x.kind}>
              <td>{clip(known("kind", x.kind), 40)}</td>
              <td className="wide"><bdi>{clip(x.model, 64) || "not known"}</bdi></td>
              <td><ClassMark of={x.class} /></td>
              <td>{x.port > 0 ? `${clip(x.proto, 4)} ${x.port}` : "–"}</td>
              <td><bdi>{clip(x.reference, 80) || "–"}</bdi></td>
              <td>{x.certain ? <State tone="work" icon="check">Certain</State> : <State tone="mute" icon="eye">Some versions</State>}</td>
              <td className="num">{clip(x.homes.words, 40)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
