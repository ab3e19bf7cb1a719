// Search: what somebody on the phone has: an account, the gateway's number, a MAC address, an address and when, a device's name, a code.
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api, ok } from "../../shared/client";
import { Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { CaseState } from "../../shared/parts/Case";
import { Link, Title, useParams } from "../../shared/router";
import { clip } from "../../shared/text";
import { go } from "../parts/DataTable";
import { ByCode } from "./Code";

const by: Record<string, string> = { account: "account", gateway: "gateway", mac: "MAC address of a device", address: "address at that time", name: "name of a device", code: "incident's code" };

export function Search() {
  const params = useParams();
  const q = params.get("q") ?? params.get("code") ?? "", at = params.get("at") ?? "";
  const when = at && !Number.isNaN(Date.parse(at)) ? new Date(at).toISOString() : "";
  const list = useQuery({
    queryKey: ["tables", "find", q, when],
    queryFn: () => ok(api.GET("/v1/staff/tables/find", { params: { query: { q, ...(when ? { at: when } : {}) } } })),
    enabled: q.trim().length >= 2,
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    go(params, { q: String(f.get("q")).trim(), at: String(f.get("at")), code: "" });
  };
  return (
    <>
      <Title>Search</Title>
      <form className="filters" key={q + at} onSubmit={submit}>
        <TextInput name="q" label="What you have" defaultValue={q} maxLength={100} minLength={2} required placeholder="SIM-1000042, 02:00:5e:…, 203.0.113.7, K7QM" data-testid="find" />
        <TextInput name="at" type="datetime-local" label="When (for an address)" defaultValue={at} />
        <button className="plain" data-testid="find-do">Search</button>
      </form>
      {!q && <Empty icon="eye">Type an account, a gateway's number, a MAC address, an address and when it was used, a device's name, or the code that somebody reads out.</Empty>}
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {q && list.isPending && list.fetchStatus !== "idle" && <Skeleton lines={4} />}
      {list.data && list.data.items.length === 0 && <Empty icon="eye">Nothing was found. It was looked for as {list.data.tried.map((t) => by[t] ?? t).join(", ")}. Check the spelling, or try something else that the customer has.</Empty>}
      {list.data && list.data.items.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label="Found">
          <table data-testid="found">
            <thead><tr><th scope="col">Home</th><th scope="col">Account</th><th scope="col">Found by</th><th scope="col">Incident</th></tr></thead>
            <tbody>
              {list.data.items.map((f, i) => (
                <tr key={i} data-home={f.home.id} data-by={f.by}>
                  <td><Link to={`/homes/${encodeURIComponent(f.home.id)}`}><Name>{f.home.name}</Name></Link></td><td><bdi>{clip(f.account, 40)}</bdi></td>
                  <td>{by[f.by] ?? clip(f.by, 20)}{f.devices > 1 && <> ({f.devices} devices)</>}</td>
                  <td>{f.case && <Link to={`/homes/${encodeURIComponent(f.home.id)}/incidents/${encodeURIComponent(f.case.id)}`} className="code" data-testid="incident" data-code={f.case.name}>{clip(f.case.name, 8)}</Link>} {f.state && <CaseState state={f.state as "open"} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ByCode code={list.data?.items.find((f) => f.by === "code")?.case?.name ?? ""} />
      {list.data?.more && <p className="quiet">There are more. Type more of it.</p>}
    </>
  );
}
