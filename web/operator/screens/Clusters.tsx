// Devices that resemble each other and that nobody knows: named once, for the whole fleet.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ok } from "../../shared/client";
import type { FleetCluster } from "../../shared/model";
import { Dialog, Empty, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { Link, Title, useParams } from "../../shared/router";
import { clip, clock, date } from "../../shared/text";
import { careful, classes, className, product } from "../../shared/product";
import { useMay, WhoMay } from "../may";
import { Texts } from "./Models";
import { Pages } from "./Pages";

export function Clusters() {
  const may = useMay("model.name");
  const cursor = useParams().get("cursor") ?? "";
  const list = useQuery({
    queryKey: ["clusters", cursor],
    queryFn: () => ok(api.GET("/v1/staff/clusters", { params: { query: { limit: 50, ...(cursor ? { cursor } : {}) } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <div className="between"><Title>Clusters to name</Title><Link to="/models" className="button plain">Device models</Link></div>
      <p className="quiet">Each is a group of devices that resemble each other and that nobody knows. A name holds for the whole fleet.</p>
      {!may && <WhoMay right="model.name" what="To name one:" />}
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={6} />}
      {list.data?.items.length === 0 && <Empty>Nothing waits for a name: no group of unknown devices is in enough homes.</Empty>}
      <ul className="cols" data-testid="clusters">{list.data?.items.map((c) => <Cluster key={c.id} cluster={c} />)}</ul>
      <Pages cursor={cursor} next={list.data?.next} />
    </>
  );
}

function Cluster({ cluster: c }: { cluster: FleetCluster }) {
  const [open, setOpen] = useState(false);
  const may = useMay("model.name");
  const guess = product({ model: "", vendor: c.vendor });
  return (
    <li className="card stack tight" data-testid="cluster" data-cluster={c.id} data-named={c.name !== null}>
      <div className="between high">
        <h2>{c.name ? <bdi>{clip(product(c.name), 80)}</bdi> : guess ? <>Perhaps <bdi>{clip(guess, 40)}</bdi></> : "Unknown"}</h2>
        {c.name ? <State tone="good" icon="check">Named</State> : <State tone="work" icon="eye">To name</State>}
      </div>
      <dl className="facts">
        <dt>In</dt><dd>{clip(c.homes.words, 40)}</dd>
        <dt>Since</dt><dd>{date(c.since)}</dd>
        <dt>Kind of most</dt><dd><ClassMark of={c.name?.class || c.class} /></dd>
        {c.name && <><dt>Named</dt><dd>{clock(c.name.at)}</dd></>}
      </dl>
      <div><h3>In common</h3><Texts of={c.evidence} /></div>
      {may && <div><button className="plain" onClick={() => setOpen(true)} data-testid="name-cluster">{c.name ? "Name it anew" : "Name it"}</button></div>}
      <Naming cluster={c} open={open} close={() => setOpen(false)} />
    </li>
  );
}

function Naming({ cluster: c, open, close }: { cluster: FleetCluster; open: boolean; close: () => void }) {
  const client = useQueryClient();
  const name = useMutation({
    mutationFn: (body: { model: string; vendor?: string; class?: Allowed; reason: string }) =>
      ok(api.POST("/v1/staff/clusters/{cluster}/name", { params: { path: { cluster: c.id } }, body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["clusters"] });
      void client.invalidateQueries({ queryKey: ["models"] });
      close();
    },
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const text = (k: string) => clip(String(f.get(k) ?? ""), k === "reason" ? 500 : 64);
    const vendor = text("vendor"), kind = text("class") as Allowed | "";
    name.mutate({ model: text("model"), reason: text("reason"), ...(vendor ? { vendor } : {}), ...(kind ? { class: kind } : {}) });
  };
  return (
    <Dialog title="What is it?" open={open} close={close}>
      <p>It gets this name in all homes that have it: {clip(c.homes.words, 40)}.</p>
      {name.error && <Trouble error={name.error} />}
      <form onSubmit={submit}>
        <label><span>Model</span><input name="model" required maxLength={64} autoComplete="off" defaultValue={c.name?.model ?? ""} data-testid="name-model" /></label>
        <label><span>Maker</span><input name="vendor" maxLength={64} autoComplete="off" defaultValue={c.name?.vendor ?? c.vendor} data-testid="name-vendor" /></label>
        <label><span>Kind</span>
          <select name="class" defaultValue={c.name?.class ?? c.class} data-testid="name-class">
            <option value="">Not known</option>
            {classes.filter((k) => !careful(k)).map((k) => <option key={k} value={k}>{className(k)}</option>)}
          </select>
        </label>
        <label><span>Reason</span><input name="reason" required minLength={5} maxLength={500} autoComplete="off" placeholder="Bought one and compared" data-testid="name-reason" /></label>
        <div className="row"><button disabled={name.isPending} data-testid="confirm">Name it</button><button type="button" className="plain" onClick={close}>Cancel</button></div>
      </form>
    </Dialog>
  );
}

type Allowed = Exclude<(typeof classes)[number], "alarm" | "medical">;
