// Tokens: which of the provider's systems come in, with what, until when. A token's secret is told once.
import { NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Ago, Empty, Skeleton, State, Trouble } from "../../../shared/parts/Bits";
import { clip, clock } from "../../../shared/text";
import { Secret, Sure, Ticks, useRights } from "./Parts";

type Token = components["schemas"]["BearerToken"];

const state = (t: Token) => t.revoked ? <State tone="mute" icon="stop">Ended {clock(t.revoked)}</State>
  : Date.parse(t.expires) < Date.now() ? <State tone="mute" icon="clock">Too old</State> : <State tone="good" icon="check">Good until {clock(t.expires)}</State>;

export function Tokens() {
  const client = useQueryClient();
  const list = useQuery({ queryKey: ["staff", "tokens"], queryFn: () => ok(api.GET("/v1/staff/tokens")) });
  const [ends, setEnds] = useState<Token | null>(null);
  const revoke = useMutation({
    mutationFn: (token: string) => ok(api.DELETE("/v1/staff/tokens/{token}", { params: { path: { token } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ["staff", "tokens"] }),
  });
  return (
    <>
      <Make />
      {(list.error ?? revoke.error) && <Trouble error={list.error ?? revoke.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={4} />}
      {list.data?.items.length === 0 && <Empty icon="key">No system has a token. Make one above for a system of yours that is to use the API.</Empty>}
      {list.data && list.data.items.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label="Tokens">
          <table data-testid="tokens">
            <thead><tr><th scope="col">Name</th><th scope="col">May</th><th scope="col">State</th><th scope="col">Last used</th><th scope="col">Made</th><th scope="col">End</th></tr></thead>
            <tbody>{list.data.items.map((t) => (
              <tr key={t.id} data-token={t.name} data-good={!t.revoked}>
                <td><bdi>{clip(t.name, 60)}</bdi></td><td className="wide">{t.scopes.map((s) => clip(s, 30)).join(", ")}</td><td>{state(t)}</td>
                <td>{t.used ? <Ago at={t.used} /> : "Never"}</td><td>{clock(t.created)}<p className="small quiet"><bdi>{clip(t.maker, 60)}</bdi></p></td>
                <td>{!t.revoked && <button className="bad" onClick={() => setEnds(t)} aria-label={`End ${clip(t.name, 60)}`} data-testid="revoke">End</button>}</td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
      <Sure title={`End ${clip(ends?.name ?? "", 60)}?`} open={ends !== null} close={() => setEnds(null)} word="End it" busy={revoke.isPending} does={() => {
        if (ends) revoke.mutate(ends.id);
        setEnds(null);
      }}>The system that uses it is refused from now on. This cannot be taken back: make a new one.</Sure>
    </>
  );
}

function Make() {
  const client = useQueryClient();
  const rights = useRights();
  const may = (rights.data?.rights ?? []).filter((r) => (r.grants.automation ?? "no") !== "no" && r.right !== "session.own");
  const [secret, setSecret] = useState("");
  const make = useMutation({
    mutationFn: (body: { name: string; scopes: string[]; days: number }) => ok(api.POST("/v1/staff/tokens", { body })),
    gcTime: 0,
    onSuccess: (t) => {
      setSecret(t.secret);
      return client.invalidateQueries({ queryKey: ["staff", "tokens"] });
    },
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = e.currentTarget, f = new FormData(form);
    make.mutate({ name: String(f.get("name")).trim(), scopes: f.getAll("scope").map(String), days: Number(f.get("days")) }, { onSuccess: () => form.reset() });
  };
  if (secret) return <Secret what="The token's secret." value={secret} gone={() => { setSecret(""); make.reset(); }} />;
  return (
    <details className="card">
      <summary data-testid="new-token">Make a token</summary>
      <form onSubmit={submit}>
        <div className="filters">
          <TextInput name="name" label="Name" required maxLength={100} autoComplete="off" data-testid="token-name" />
          <NativeSelect name="days" label="Good for" defaultValue="90" data={[{ value: "30", label: "30 days" }, { value: "90", label: "90 days" }, { value: "366", label: "A year" }]} />
        </div>
        {rights.error && <Trouble error={rights.error} again={() => void rights.refetch()} />}
        <Ticks legend="What it may do" name="scope" of={may.map((r) => ({ value: r.right, label: r.what }))} />
        {make.error && <Trouble error={make.error} />}
        <div><button disabled={make.isPending} data-testid="token-do">Make it</button></div>
      </form>
    </details>
  );
}
