// Hunts: searches in homes' pasts, which two persons begin: one proposes it here, another agrees. What homes found, and ending one early.
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { Ago, Dialog, Empty, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Link, Title } from "../../shared/router";
import { clip, clock, date } from "../../shared/text";
import { useGrant, useMay, WhoMay } from "../may";
import { huntDoes, huntedFor, mostHunted } from "./intel/says";
import { Tried, useTry } from "./intel/Tried";

type Hunt = components["schemas"]["PastHunt"];

export function Hunts() {
  const list = useQuery({ queryKey: ["intel", "hunts"], queryFn: () => ok(api.GET("/v1/staff/intel/hunts")), refetchInterval: 15_000 });
  const waits = useQuery({ queryKey: ["staff", "approvals", "open", ""], queryFn: () => ok(api.GET("/v1/staff/approvals", { params: { query: { limit: 50, state: "open" } } })), refetchInterval: 15_000 });
  const waiting = (waits.data?.items ?? []).filter((a) => a.kind === "hunt").length;
  return (
    <>
      <div className="between"><Title>Hunts</Title><Link to="/intel" className="button plain">Intelligence</Link></div>
      <p className="quiet">Each gateway looks through 30 days of what it remembers for names and addresses of malware, and tells which of its devices met any. Which homes, only their own people see; a number of fewer than 20 homes is not told.</p>
      <Propose />
      {waiting > 0 && <p role="status" data-testid="hunts-wait"><State tone="work" icon="clock">Waits</State> {waiting === 1 ? "One search waits" : `${waiting} searches wait`} for another person. <Link to="/people?view=approvals">What waits</Link></p>}
      {waits.error && <Trouble error={waits.error} again={() => void waits.refetch()} />}
      <section className="stack tight" aria-labelledby="begun">
        <h2 id="begun">Searches</h2>
        {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
        {!list.data && !list.error && <Skeleton lines={4} />}
        {list.data?.items.length === 0 && <Empty icon="eye">No search was begun yet. One is proposed above, and begins when another person agrees.</Empty>}
        {list.data && list.data.items.length > 0 && <ul className="stack" data-testid="hunts">{list.data.items.map((h) => <One key={h.id} hunt={h} />)}</ul>}
      </section>
    </>
  );
}

function One({ hunt: h }: { hunt: Hunt }) {
  const [ends, setEnds] = useState(false);
  const may = useMay("hunt.start");
  const open = Date.parse(h.ends) > Date.now();
  const of = h.of ?? [];
  return (
    <li className="card stack tight" data-testid="hunt" data-open={open}>
      <div className="between high"><h3>{clip(h.why, 300)}</h3>{open ? <State tone="work" icon="work">Homes are asked until {clock(h.ends)}</State> : <State tone="good" icon="check">Ended {clock(h.ends)}</State>}</div>
      <p>Answered: {clip(h.answered.words, 40)}. Met any of it: {clip(h.homes.words, 40)}{h.devices > 0 && `, ${h.devices.toLocaleString()} devices`}{h.cases > 0 && `, ${h.cases.toLocaleString()} incidents opened`}.</p>
      <p className="small quiet">What happened from {date(h.since)} to {date(h.until)}. Proposed by <bdi>{clip(h.asker, 80)}</bdi>, agreed to by <bdi>{clip(h.second, 80)}</bdi>, begun <Ago at={h.begun} />.</p>
      {of.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={`What was looked for: ${clip(h.why, 80)}`}>
          <table>
            <thead><tr><th scope="col">Looked for</th><th scope="col">Malware</th><th scope="col" className="num">Homes</th><th scope="col" className="num">Devices</th></tr></thead>
            <tbody>{of.map((x) => <tr key={x.kind + x.value}><td className="wide"><bdi>{clip(x.value, 120)}</bdi></td><td>{clip(x.family, 60)}</td><td className="num">{clip(x.homes.words, 40)}</td><td className="num">{x.devices > 0 ? x.devices.toLocaleString() : "not told"}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {open && may && <div><button className="plain" onClick={() => setEnds(true)} aria-label={`End it: ${clip(h.why, 80)}`} data-testid="hunt-end">End it</button></div>}
      {ends && <Ending hunt={h} close={() => setEnds(false)} />}
    </li>
  );
}

function Ending({ hunt: h, close }: { hunt: Hunt; close: () => void }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: (reason: string) => ok(api.POST("/v1/staff/intel/hunts/end", { body: { id: h.id, reason } })),
    onSuccess: close,
    onSettled: () => client.invalidateQueries({ queryKey: ["intel", "hunts"] }),
  });
  return (
    <Dialog title="End this search?" open close={close}>
      <p>No further home is asked. What homes have told stays, and so do the incidents that were opened. So far answered: {clip(h.answered.words, 40)}.</p>
      {end.error && <Trouble error={end.error} />}
      <form onSubmit={(e) => {
        e.preventDefault();
        end.mutate(String(new FormData(e.currentTarget).get("reason")).trim());
      }}>
        <label><span>Why</span><input name="reason" required minLength={3} maxLength={300} autoComplete="off" data-testid="hunt-end-why" /></label>
        <div className="row"><button className="bad" disabled={end.isPending} data-testid="hunt-end-do">End it</button><button type="button" className="plain" onClick={close}>Cancel</button></div>
      </form>
    </Dialog>
  );
}

const lengths = [{ value: "30", label: "30 days" }, { value: "14", label: "14 days" }, { value: "7", label: "7 days" }, { value: "1", label: "A day" }];

// Propose says what is looked for: first what is known of it already, then a proposal that another person decides about.
function Propose() {
  const client = useQueryClient();
  const grant = useGrant("hunt.start");
  const [text, setText] = useState("");
  const [family, setFamily] = useState("");
  const [days, setDays] = useState("30");
  const [why, setWhy] = useState("");
  const of = huntedFor(text, family.trim()), list = of.map((x) => x.value).join("\n"), reason = why.trim();
  const run = useTry();
  const propose = useMutation({
    mutationFn: () => ok(api.POST("/v1/staff/approvals", { body: { kind: "hunt", what: { of, since: new Date(Date.now() - Number(days) * 86_400_000).toISOString(), why: reason }, reason } })),
    onSuccess: () => {
      setText("");
      setWhy("");
      run.reset();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["staff", "approvals"] }),
  });
  if (grant !== "two") return <WhoMay right="hunt.start" />;
  const tried = run.data && run.variables.list === list ? run.data : null; // of what stands there now
  return (
    <section className="card stack tight" aria-labelledby="propose">
      <h2 id="propose">Propose a search</h2>
      <form onSubmit={(e) => {
        e.preventDefault();
        propose.reset();
        if (tried) propose.mutate();
        else run.mutate({ list, class: "malware", reason });
      }}>
        <Textarea label="Names, addresses and blocks, one a line" value={text} onChange={(e) => setText(e.currentTarget.value)} required rows={3} maxLength={20_000} data-testid="hunt-of" />
        <div className="filters">
          <TextInput label="Of which malware" value={family} onChange={(e) => setFamily(e.currentTarget.value)} required minLength={2} maxLength={60} autoComplete="off" data-testid="hunt-family" />
          <NativeSelect label="How far back" value={days} onChange={(e) => setDays(e.currentTarget.value)} data={lengths} />
          <TextInput label="Why" value={why} onChange={(e) => setWhy(e.currentTarget.value)} required minLength={5} maxLength={300} autoComplete="off" data-testid="hunt-why" />
          {!tried && <button className="plain" disabled={run.isPending || of.length === 0 || of.length > mostHunted} data-testid="hunt-try">What is known of it?</button>}
        </div>
        {of.length > mostHunted && <p role="status"><State tone="work" icon="hand">Too many</State> These are {of.length.toLocaleString()}; at most {mostHunted} are looked for at once.</p>}
        {(run.error ?? propose.error) && <Trouble error={run.error ?? propose.error} />}
        {tried && (
          <div className="stack tight">
            <Tried of={tried} testid="hunt-dry" />
            {tried.names.length > 0 && <p role="status">People or healthy devices use some of it: that cannot be looked for. Take it out.</p>}
            <p data-testid="hunt-does">{huntDoes(of, Number(days))}</p>
            <div className="row"><button disabled={propose.isPending} data-testid="hunt-propose">Propose it</button><button type="button" className="plain" onClick={() => run.reset()}>Cancel</button></div>
          </div>
        )}
      </form>
      {propose.data && <p role="status" data-testid="hunt-proposed">It waits for another person, who agrees or refuses. {clip(propose.data.preview, 400)} Nothing is looked for until then. <Link to="/people?view=approvals">What waits</Link></p>}
    </section>
  );
}
