// Homes that get versions earlier, later or not: the list of them, pinning one and taking a pin back.
import { NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import type { components } from "../../../shared/api.gen";
import { api, ok } from "../../../shared/client";
import { Dialog, Empty, Name, Skeleton, Trouble } from "../../../shared/parts/Bits";
import { Link } from "../../../shared/router";
import { clip, clock } from "../../../shared/text";
import { bundles, bundleWords, ringWord, rings } from "./says";

type Pin = components["schemas"]["Pin"];
type NewPin = components["schemas"]["NewPin"];

const of = (p: Pick<Pin, "bundle">) => (p.bundle ? (bundleWords[p.bundle] ?? clip(p.bundle, 20)) : "All");
const gets = (p: Pick<Pin, "ring" | "version">) => [p.ring !== "none" && `Ring ${ringWord(p.ring)}`, p.version > 0 && `Held at version ${p.version}`].filter(Boolean).join(", ");

// usePin pins a home, or takes a pin back.
function usePin(done: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewPin) => ok(api.PUT("/v1/staff/pins", { body })),
    onSuccess: done,
    onSettled: () => client.invalidateQueries({ queryKey: ["pins"] }),
  });
}

export function Pins() {
  const list = useQuery({ queryKey: ["pins"], queryFn: () => ok(api.GET("/v1/staff/pins")) });
  const [open, setOpen] = useState(false);
  const [back, setBack] = useState<Pin | null>(null);
  return (
    <section className="card stack tight" aria-labelledby="pins">
      <div className="between"><h2 id="pins">Homes with a place of their own</h2><button className="plain" onClick={() => setOpen(true)} data-testid="pin-new">Pin a home</button></div>
      <p className="small quiet">A home in an early ring gets versions before others, and how it fares there decides for all. One can also be held at a version. What is said for one bundle goes before what is said for all.</p>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={2} />}
      {list.data?.items.length === 0 && <Empty icon="home">No home is pinned: the draw decides.</Empty>}
      {list.data && list.data.items.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Pinned homes">
          <table data-testid="pins">
            <thead><tr><th scope="col">Home</th><th scope="col">Of what</th><th scope="col">Gets</th><th scope="col">Why</th><th scope="col"><span className="hidden">Do</span></th></tr></thead>
            <tbody>{list.data.items.map((p) => (
              <tr key={p.home + p.bundle}><td><Link to={`/homes/${encodeURIComponent(p.home)}`}><Name>{p.name || p.home}</Name></Link></td><td>{of(p)}</td><td>{gets(p)}</td><td className="wide">{clip(p.why, 200)} <span className="small quiet">{clip(p.by, 60)}, {clock(p.made)}</span></td><td><button className="plain" onClick={() => setBack(p)} data-testid="pin-back">Take it back</button></td></tr>
            ))}</tbody>
          </table>
        </div>
      )}
      <Make open={open} close={() => setOpen(false)} />
      <Back pin={back} close={() => setBack(null)} />
    </section>
  );
}

function Back({ pin, close }: { pin: Pin | null; close: () => void }) {
  const send = usePin(close);
  return (
    <Dialog title="Take the pin back" open={pin !== null} close={close}>
      <p><bdi>{clip(pin?.name || pin?.home || "", 60)}</bdi> gets versions by the draw again, as every other home does.</p>
      <form onSubmit={(e) => {
        e.preventDefault();
        if (pin) send.mutate({ home: pin.home, ring: "none", ...(pin.bundle ? { bundle: pin.bundle } : {}), reason: String(new FormData(e.currentTarget).get("reason")).trim() });
      }}>
        <label><span>Why</span><input name="reason" required minLength={3} maxLength={500} autoComplete="off" /></label>
        {send.error && <Trouble error={send.error} />}
        <div className="row"><button disabled={send.isPending}>Take it back</button><button type="button" className="plain" onClick={close}>Cancel</button></div>
      </form>
    </Dialog>
  );
}

function Make({ open, close }: { open: boolean; close: () => void }) {
  const [q, setQ] = useState("");
  const found = useQuery({ queryKey: ["tables", "find", q, ""], queryFn: () => ok(api.GET("/v1/staff/tables/find", { params: { query: { q } } })), enabled: open && q.length >= 2 });
  const send = usePin(() => { setQ(""); close(); });
  const homes = (q && found.data?.items) || [];
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const text = (name: string) => String(f.get(name) ?? "").trim();
    const version = Number(text("version"));
    send.mutate({ home: text("home"), ring: text("ring") as NewPin["ring"], ...(text("bundle") ? { bundle: text("bundle") } : {}), ...(version > 0 ? { version } : {}), reason: text("reason") });
  };
  return (
    <Dialog title="Pin a home" open={open} close={() => { setQ(""); close(); }}>
      <form onSubmit={(e) => {
        e.preventDefault();
        setQ(String(new FormData(e.currentTarget).get("q")).trim());
      }}>
        <TextInput name="q" label="Home: its account, its gateway's number or a device's MAC address" required minLength={2} maxLength={100} autoComplete="off" data-testid="pin-find" />
        <div className="row"><button className="plain" data-testid="pin-find-do">Find it</button></div>
      </form>
      {found.error && <Trouble error={found.error} />}
      {q && found.data && homes.length === 0 && <p role="status">No home was found by this.</p>}
      {homes.length > 0 && (
        <form onSubmit={submit} data-testid="pin-form">
          <fieldset><legend>Which</legend>{homes.slice(0, 10).map((h, i) => <label key={h.home.id} className="row"><input type="radio" name="home" value={h.home.id} required defaultChecked={i === 0 && homes.length === 1} /><span><Name>{h.home.name}</Name> {clip(h.account, 40)}</span></label>)}</fieldset>
          <NativeSelect name="bundle" label="Of what" data={[{ value: "", label: "All" }, ...bundles.map((b) => ({ value: b, label: bundleWords[b] ?? b }))]} />
          <NativeSelect name="ring" label="Ring" defaultValue="none" data={[{ value: "none", label: "As it was drawn" }, ...rings.map((r) => ({ value: r, label: ringWord(r) }))]} data-testid="pin-ring" />
          <NumberInput name="version" label="Hold it at version (of one bundle)" min={1} allowDecimal={false} allowNegative={false} hideControls />
          <TextInput name="reason" label="Why" required minLength={3} maxLength={500} autoComplete="off" data-testid="pin-reason" />
          {send.error && <Trouble error={send.error} />}
          <div className="row"><button disabled={send.isPending} data-testid="pin-do">Pin it</button><button type="button" className="plain" onClick={() => { setQ(""); close(); }}>Cancel</button></div>
        </form>
      )}
    </Dialog>
  );
}
