// Exceptions: what no list blocks, in any home. One is tried before it is made: who dealt with it, and whether a list may name it at all.
import { TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Dialog, Skeleton, Trouble } from "../../../shared/parts/Bits";
import { clip, clock } from "../../../shared/text";
import { useMay } from "../../may";
import { useTry } from "./Tried";

type Exception = components["schemas"]["IntelException"];

function useSet(done: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: components["schemas"]["NewIntelException"]) => ok(api.PUT("/v1/staff/intel/exceptions", { body })),
    onSuccess: done,
    onSettled: () => client.invalidateQueries({ queryKey: ["intel"] }),
  });
}

export function Exceptions({ steers }: { steers: boolean }) {
  const never = useQuery({ queryKey: ["intel", "exceptions"], queryFn: () => ok(api.GET("/v1/staff/intel/exceptions")) });
  const may = useMay("intel.change") && steers;
  const [ends, setEnds] = useState<Exception | null>(null);
  const [find, setFind] = useState("");
  const all = never.data?.items ?? [];
  const found = all.filter((x) => x.value.includes(find.trim().toLowerCase()));
  return (
    <section className="card stack tight" aria-labelledby="never"><h2 id="never">Never blocked</h2>
      {may && <Add />}
      {never.error && <Trouble error={never.error} again={() => void never.refetch()} />}
      {!never.data && !never.error && <Skeleton lines={2} />}
      {never.data && all.length === 0 && <p className="quiet">Nobody made an exception by hand. What must never be blocked, as the provider's own names, is left out of all lists without one.</p>}
      {all.length > mostShown && <TextInput label="Find an exception" value={find} onChange={(e) => setFind(e.currentTarget.value)} maxLength={253} autoComplete="off" />}
      <ul className="notes" data-testid="exceptions">{found.slice(0, mostShown).map((x) => (
        <li key={x.value} className="between" data-exception={x.value}>
          <span><bdi>{clip(x.value, 100)}</bdi> <span className="small quiet">{[clip(x.why, 200), clip(x.who, 60), clock(x.made)].filter(Boolean).join(", ")}</span></span>
          {may && <button className="plain" onClick={() => setEnds(x)} aria-label={`End the exception of ${clip(x.value, 100)}`} data-testid="exception-end">End</button>}
        </li>
      ))}</ul>
      {found.length > mostShown && <p className="small quiet">{mostShown} of {found.length.toLocaleString()}. Write more of its name to find one.</p>}
      {ends && <Ending of={ends} close={() => setEnds(null)} />}
    </section>
  );
}

const mostShown = 100;

function Add() {
  const [value, setValue] = useState("");
  const [why, setWhy] = useState("");
  const run = useTry();
  const set = useSet(() => {
    setValue("");
    setWhy("");
    run.reset();
  });
  const name = value.trim().toLowerCase(), reason = why.trim();
  const tried = run.data && run.variables.list === name ? run.data : null; // of what stands there now
  return (
    <form onSubmit={(e) => {
      e.preventDefault();
      set.reset();
      if (tried) set.mutate({ value: name, reason });
      else run.mutate({ list: name, class: "malware", reason });
    }}>
      <div className="filters">
        <TextInput label="Name, address or block" value={value} onChange={(e) => setValue(e.currentTarget.value)} required minLength={3} maxLength={253} autoComplete="off" data-testid="exception-value" />
        <TextInput label="Why" value={why} onChange={(e) => setWhy(e.currentTarget.value)} required minLength={3} maxLength={300} autoComplete="off" data-testid="exception-why" />
        {!tried && <button className="plain" disabled={run.isPending} data-testid="exception-try">What would it do?</button>}
      </div>
      {(run.error ?? set.error) && <Trouble error={run.error ?? set.error} />}
      {tried && (
        <div className="stack tight" data-testid="exception-does" role="status">
          <p>With the next lists, within minutes, no list blocks <bdi>{clip(name, 100)}</bdi>{/^[0-9./]+$|:/.test(name) ? "" : " or what is below it"} in any home, of whatever class. What its devices did there is still judged by how they behave.</p>
          {tried.names.length > 0 ? <p>No list blocks it even without an exception: {tried.names.slice(0, 3).map((n) => clip(n, 120)).join(", ")}.</p>
            : tried.looked_for === 0 ? <p>What homes told does not say who dealt with it, or it is an exception already.</p> : <p>Who dealt with it in the past week: {clip(tried.homes.words, 60)}{tried.devices > 0 && `, ${tried.devices.toLocaleString()} devices`}.</p>}
          <div className="row"><button disabled={set.isPending} data-testid="exception-do">Make the exception</button><button type="button" className="plain" onClick={() => run.reset()}>Cancel</button></div>
        </div>
      )}
    </form>
  );
}

function Ending({ of: x, close }: { of: Exception; close: () => void }) {
  const set = useSet(close);
  return (
    <Dialog title="End this exception?" open close={close}>
      <p>With the next lists, within minutes, lists that name <bdi>{clip(x.value, 100)}</bdi> block it again in all homes. It was made because: {clip(x.why, 200) || "no reason is told"}.</p>
      {set.error && <Trouble error={set.error} />}
      <form onSubmit={(e) => {
        e.preventDefault();
        set.mutate({ value: x.value, remove: true, reason: String(new FormData(e.currentTarget).get("reason")).trim() });
      }}>
        <label><span>Why</span><input name="reason" required minLength={3} maxLength={300} autoComplete="off" data-testid="end-why" /></label>
        <div className="row"><button className="bad" disabled={set.isPending} data-testid="end-do">End it</button><button type="button" className="plain" onClick={close}>Cancel</button></div>
      </form>
    </Dialog>
  );
}
