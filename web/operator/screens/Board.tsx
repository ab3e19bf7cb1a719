// Incidents of all homes by state, and the search by the short code that a resident reads out on the phone.
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import type { BoardIncident } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { CaseState, word } from "../../shared/parts/Case";
import { Link, Title, useParams } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { go } from "./Fleet";

const columns = ["open", "contained", "cleaning", "probation"] as const;

const to = (i: BoardIncident) => `/homes/${encodeURIComponent(i.home.id)}/incidents/${encodeURIComponent(i.id)}`;

function Item({ incident: i }: { incident: BoardIncident }) {
  return (
    <Link to={to(i)} className="card" data-testid="incident" data-code={i.code}>
      <span className="between"><span className="code">{clip(i.code, 8)}</span><Ago at={i.changed} /></span>
      <span className="quiet small"><Name>{i.home.name}</Name></span>
    </Link>
  );
}

export function Board() {
  const params = useParams();
  const closed = params.get("state") === "closed";
  const cursor = params.get("cursor") ?? "";
  const state = closed ? "closed" : "open";
  const list = useQuery({
    queryKey: ["board", state, cursor],
    queryFn: () => ok(api.GET("/v1/staff/incidents", { params: { query: { state, limit: 100, ...(cursor ? { cursor } : {}) } } })),
    refetchInterval: 10_000,
  });
  const items = list.data?.items ?? [];
  return (
    <>
      <div className="between">
        <Title>Incidents</Title>
        <button className="plain" onClick={() => go(params, { state: closed ? "" : "closed", cursor: "" })}>{closed ? "Show open ones" : "Show closed ones"}</button>
      </div>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={6} />}
      {list.data && items.length === 0 && <Empty>{closed ? "No incident was closed yet." : "No incident is open."}</Empty>}
      {closed ? <Closed items={items} /> : items.length > 0 && (
        <div className="board" data-testid="board">
          {columns.map((c) => {
            const mine = items.filter((i) => i.state === c);
            return (
              <section key={c} className="stack tight" aria-labelledby={"c-" + c}>
                <h2 id={"c-" + c}>{word("case", c)} <span className="quiet">{mine.length}</span></h2>
                {mine.map((i) => <Item key={i.id} incident={i} />)}
              </section>
            );
          })}
        </div>
      )}
      {list.data?.next && <div><button className="plain" onClick={() => go(params, { cursor: list.data?.next ?? "" })}>Next page</button></div>}
    </>
  );
}

function Closed({ items }: { items: BoardIncident[] }) {
  return (
    <div className="scroll card" tabIndex={0} role="region" aria-label="Incidents">
      <table>
        <thead><tr><th scope="col">Code</th><th scope="col">Home</th><th scope="col">State</th><th scope="col">Opened</th><th scope="col">Changed</th></tr></thead>
        <tbody>
          {items.map((i) => (
            <tr key={i.id}>
              <td><Link to={to(i)} className="code">{clip(i.code, 8)}</Link></td><td><Name>{i.home.name}</Name></td><td><CaseState state={i.state} /></td>
              <td>{clock(i.opened)}</td><td>{clock(i.changed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Search() {
  const code = useParams().get("code") ?? "";
  const list = useQuery({
    queryKey: ["search", code],
    queryFn: () => ok(api.GET("/v1/staff/search", { params: { query: { code } } })),
    enabled: code !== "",
  });
  return (
    <>
      <Title>Search: {clip(code, 8)}</Title>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {list.isFetching && !list.data && <Skeleton lines={2} />}
      {list.data?.items.length === 0 && <Empty icon="eye">No incident has this code.</Empty>}
      {list.data && list.data.items.length > 0 && <Closed items={list.data.items} />}
    </>
  );
}
