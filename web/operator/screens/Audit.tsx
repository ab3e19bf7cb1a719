// Audit: who of staff did and saw what, and why. It can only be added to.
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { Empty, Skeleton, Trouble } from "../../shared/parts/Bits";
import { word } from "../../shared/parts/Case";
import { Link, Title, useParams } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { go } from "./Fleet";

export function Audit() {
  const params = useParams();
  const cursor = params.get("cursor") ?? "";
  const list = useQuery({
    queryKey: ["audit", cursor],
    queryFn: () => ok(api.GET("/v1/staff/audit", { params: { query: { limit: 100, ...(cursor ? { cursor } : {}) } } })),
  });
  return (
    <>
      <Title>Audit</Title>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={8} />}
      {list.data?.items.length === 0 && <Empty icon="eye">Nothing was written down yet.</Empty>}
      {list.data && list.data.items.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label="Audit">
          <table data-testid="audit">
            <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">Role</th><th scope="col">What</th><th scope="col">Home</th><th scope="col">Why</th></tr></thead>
            <tbody>
              {list.data.items.map((a, i) => (
                <tr key={i}>
                  <td>{clock(a.time)}</td><td><bdi>{clip(a.who, 40)}</bdi></td><td>{clip(a.role, 20)}</td>
                  <td className="wide">{word("act", a.act)}{a.what && `: ${clip(a.what, 120)}`}</td>
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
