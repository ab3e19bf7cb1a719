// Fleet: all homes of this provider. Filter, search and page are in the address, so that it can be pasted into a ticket.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import type { FleetHome, HomeState } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, State, Trouble, type Tone } from "../../shared/parts/Bits";
import type { IconName } from "../../shared/parts/Icon";
import { Link, navigate, Title, useParams } from "../../shared/router";
import { clip } from "../../shared/text";

export const states: Record<HomeState, { tone: Tone; icon: IconName; word: string }> = {
  fine: { tone: "good", icon: "check", word: "Fine" },
  attention: { tone: "need", icon: "alert", word: "Needs attention" },
  working: { tone: "work", icon: "work", word: "Being cleaned" },
  offline: { tone: "mute", icon: "cloudOff", word: "Offline" },
  new: { tone: "mute", icon: "spark", word: "New" },
};

export function go(params: URLSearchParams, change: Record<string, string>) {
  const next = new URLSearchParams(params);
  for (const [k, v] of Object.entries(change)) v ? next.set(k, v) : next.delete(k);
  const q = next.toString();
  navigate(location.pathname + (q ? "?" + q : ""));
}

export function Fleet() {
  const params = useParams();
  const q = params.get("q") ?? "", state = params.get("state") ?? "", cursor = params.get("cursor") ?? "";
  const list = useQuery({
    queryKey: ["homes", q, state, cursor],
    queryFn: () => ok(api.GET("/v1/staff/homes", { params: { query: { limit: 50, ...(q ? { q } : {}), ...(state ? { state: state as HomeState } : {}), ...(cursor ? { cursor } : {}) } } })),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Title>Fleet</Title>
      <Overview />
      <form className="filters" key={q + state} onSubmit={(e) => {
        e.preventDefault();
        const f = new FormData(e.currentTarget);
        go(params, { q: String(f.get("q")).trim(), state: String(f.get("state")), cursor: "" });
      }}>
        <label><span>Name or account</span><input name="q" type="search" defaultValue={q} maxLength={80} data-testid="fleet-search" /></label>
        <label><span>State</span>
          <select name="state" defaultValue={state} data-testid="fleet-state">
            <option value="">All</option>
            {Object.entries(states).map(([k, s]) => <option key={k} value={k}>{s.word}</option>)}
          </select>
        </label>
        <button className="plain">Show</button>
      </form>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={8} />}
      {list.data && (list.data.items.length === 0 ? <Empty icon="home">No home fits.</Empty> : <Table homes={list.data.items} />)}
      <div className="row">
        {cursor && <button className="plain" onClick={() => go(params, { cursor: "" })}>First page</button>}
        {list.data?.next && <button className="plain" onClick={() => go(params, { cursor: list.data?.next ?? "" })} data-testid="next-page">Next page</button>}
      </div>
    </>
  );
}

function Overview() {
  const o = useQuery({ queryKey: ["overview"], queryFn: () => ok(api.GET("/v1/staff/overview")), refetchInterval: 15_000 }).data;
  if (!o) return null;
  const numbers: [string, number][] = [["Homes", o.homes], ["Online", o.online], ["Open incidents", o.incidents], ["Devices shut in", o.contained]];
  return (
    <dl className="numbers" data-testid="overview">
      {numbers.map(([word, n]) => <div key={word}><dt>{word}</dt><dd>{n.toLocaleString()}</dd></div>)}
    </dl>
  );
}

function Table({ homes }: { homes: FleetHome[] }) {
  return (
    <div className="scroll card" tabIndex={0} role="region" aria-label="Homes">
      <table data-testid="fleet">
        <thead>
          <tr><th scope="col">Home</th><th scope="col">Account</th><th scope="col">State</th><th scope="col">Last contact</th><th scope="col">Agent</th><th scope="col" className="num">Devices</th><th scope="col" className="num">Open incidents</th></tr>
        </thead>
        <tbody>
          {homes.map((h) => {
            const s = states[h.state] ?? states.new;
            return (
              <tr key={h.id} data-home={h.id}>
                <td><Link to={`/homes/${encodeURIComponent(h.id)}`}><Name>{h.name}</Name></Link></td>
                <td><bdi>{clip(h.account, 40)}</bdi></td>
                <td><State tone={s.tone} icon={s.icon}>{s.word}</State></td>
                <td><Ago at={h.last_contact} /></td>
                <td>{clip(h.version, 24) || "–"}</td>
                <td className="num">{h.devices}</td>
                <td className="num">{h.incidents}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
