// Audit: who of staff did and saw what, and why. It can only be added to.
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { Empty, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Link, Title, useParams } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { useSession, WhoMay } from "../may";
import { did } from "../said";
import { go } from "./Fleet";

// What is most often looked for; the API takes every act.
const acts: Record<string, string> = {
  look: "Looks into a home", order: "Orders", propose: "Proposals", consent: "Consents", erase: "Erasures", "home-created": "Homes made",
  "home-left": "Homes left", "rollout-start": "Rollouts started", "staff-roles": "Roles of staff", "token-make": "Tokens made",
};

// begins says when a day, as a person chose it, begins here, so many days later; undefined when it is none.
export function begins(day: string, later: number): string | undefined {
  const at = new Date(`${day}T00:00:00`);
  if (Number.isNaN(at.getTime())) return undefined;
  at.setDate(at.getDate() + later);
  return at.toISOString();
}

export function Audit() {
  const params = useParams();
  const own = useSession().data?.rights?.["audit.read"] === undefined;
  const cursor = params.get("cursor") ?? "";
  const [act, from, until] = [params.get("act") ?? "", params.get("from") ?? "", params.get("until") ?? ""];
  const query = {
    limit: 100, ...(cursor && { cursor }), ...(act && { act }),
    ...(begins(from, 0) && { from: begins(from, 0) }), ...(begins(until, 1) && { until: begins(until, 1) }),
  };
  const list = useQuery({ queryKey: ["audit", query], queryFn: () => ok(api.GET("/v1/staff/audit", { params: { query } })) });
  const narrow = (what: Record<string, string>) => go(params, { cursor: "", ...what });
  return (
    <>
      <Title>Audit</Title>
      {own && <div data-testid="audit-own"><p className="quiet">These are your own lines.</p><WhoMay right="audit.read" what="All of them:" /></div>}
      <div className="row" data-testid="audit-filter">
        <label>What <select value={act} onChange={(e) => narrow({ act: e.target.value })} data-testid="audit-act">
          <option value="">Everything</option>
          {Object.entries(acts).map(([a, name]) => <option key={a} value={a}>{name}</option>)}
        </select></label>
        <label>From <input type="date" value={from} onChange={(e) => narrow({ from: e.target.value })} /></label>
        <label>Until <input type="date" value={until} onChange={(e) => narrow({ until: e.target.value })} /></label>
      </div>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={8} />}
      {list.data?.items.length === 0 && <Empty icon="eye">{act || from || until ? "Nothing fits these filters. Choose Everything, or other days." : "Nothing was written down yet: each act and each look into a home will be here."}</Empty>}
      {list.data && list.data.items.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label="Audit">
          <table data-testid="audit">
            <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">Role</th><th scope="col">What</th><th scope="col">Home</th><th scope="col">Why</th></tr></thead>
            <tbody>
              {list.data.items.map((a, i) => (
                <tr key={i}>
                  <td>{clock(a.time)}</td><td><bdi>{clip(a.who, 40)}</bdi></td><td>{clip(a.role, 20)}</td>
                  <td className="wide">{did(a.act, a.what)}{a.what && !a.what.startsWith("/") && <span className="quiet small">: <bdi>{clip(a.what, 120)}</bdi></span>}</td>
                  <td>{a.home && <Link to={`/homes/${encodeURIComponent(a.home)}`}>{clip(a.home, 13)}</Link>}</td>
                  <td className="wide">{clip(a.reason, 300)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="row">
        {cursor && <button className="plain" onClick={() => go(params, { cursor: "" })}>Newest</button>}
        {list.data?.next && <button className="plain" onClick={() => go(params, { cursor: list.data?.next ?? "" })}>Older</button>}
      </div>
    </>
  );
}
