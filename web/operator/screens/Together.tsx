// In many homes: what happens to a model in many at once, what hard findings of several agree on, and who else used an endpoint.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ok } from "../../shared/client";
import type { FleetIncident, HerdIndicator, NewHunt } from "../../shared/model";
import { happened, huntText } from "../../shared/normal";
import { Ago, Dialog, Empty, Skeleton, State, Trouble, type Tone } from "../../shared/parts/Bits";
import { word } from "../../shared/parts/Case";
import type { IconName } from "../../shared/parts/Icon";
import { Link, Title, useParams } from "../../shared/router";
import { clip, clock, isolate } from "../../shared/text";
import { className, product } from "../../shared/product";
import { Only, useMay } from "../may";
import { Pages } from "./Pages";

export function Together() {
  const cursor = useParams().get("cursor") ?? "";
  const list = useQuery({
    queryKey: ["fleet-incidents", cursor],
    queryFn: () => ok(api.GET("/v1/staff/fleet-incidents", { params: { query: { limit: 50, ...(cursor ? { cursor } : {}) } } })),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <div className="between"><Title>In many homes</Title><Link to="/normal" className="button plain">What is normal</Link></div>
      <p className="quiet">One line for each thing that happens to a model in many homes at once. Until it is known whether it is an update or an outbreak, unusual behaviour of just this kind shuts no device in.</p>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={4} />}
      {list.data?.items.length === 0 && <Empty icon="check">Nothing happens in many of your homes at once.</Empty>}
      <ul className="stack" data-testid="fleet-incidents">{list.data?.items.map((i) => <Item key={i.id} incident={i} />)}</ul>
      <Pages cursor={cursor} next={list.data?.next} />
      <Only right="intel.view" what="What homes agree on, and who used an endpoint:"><Indicators /><Hunting /></Only>
    </>
  );
}

const kinds: Record<FleetIncident["kind"], { tone: Tone; icon: IconName; word: string }> = {
  update: { tone: "work", icon: "refresh", word: "Update" },
  outbreak: { tone: "need", icon: "alert", word: "Outbreak" },
  unknown: { tone: "mute", icon: "eye", word: "Not known" },
};

function Item({ incident: i }: { incident: FleetIncident }) {
  const [open, setOpen] = useState(false);
  const may = useMay("intel.change");
  const kind = kinds[i.kind] ?? kinds.unknown;
  const line = happened(i, product(i) ? isolate(product(i), 80) : i.class && className(i.class));
  return (
    <li className="card stack tight" data-testid="fleet-incident" data-kind={i.kind} data-open={i.open}>
      <div className="between high"><h2>{line}</h2>{i.open ? <State tone={kind.tone} icon={kind.icon}>{kind.word}</State> : <State tone="good" icon="check">Closed</State>}</div>
      {i.why && <p>{clip(i.why, 400)}</p>}
      <p className="small quiet">Of yours: {clip(i.own_homes.words, 40)}. Rule: {word("rule", i.detector)}. Since {clock(i.since)}, last <Ago at={i.last} />. {i.open && `Unusual behaviour of this kind shuts no device in until ${clock(i.until)}.`}</p>
      {i.open && may && <div><button className="plain" onClick={() => setOpen(true)} data-testid="close-fleet-incident">Close it</button></div>}
      <Closing incident={i} line={line} open={open} close={() => setOpen(false)} />
    </li>
  );
}

function Closing({ incident, line, open, close }: { incident: FleetIncident; line: string; open: boolean; close: () => void }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: (reason: string) => ok(api.POST("/v1/staff/fleet-incidents/{incident}/close", { params: { path: { incident: incident.id } }, body: { reason } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["fleet-incidents"] });
      close();
    },
  });
  return (
    <Dialog title="Is it over?" open={open} close={close}>
      <p>{line} When it is closed, unusual behaviour of this kind counts again in all homes.</p>
      {end.error && <Trouble error={end.error} />}
      <form onSubmit={(e) => {
        e.preventDefault();
        end.mutate(String(new FormData(e.currentTarget).get("reason")).trim());
      }}>
        <label><span>Reason</span><input name="reason" required minLength={3} maxLength={500} autoComplete="off" placeholder="The maker says it is its update" data-testid="close-reason" /></label>
        <div className="row"><button disabled={end.isPending} data-testid="confirm">Close it</button><button type="button" className="plain" onClick={close}>Cancel</button></div>
      </form>
    </Dialog>
  );
}

const states: Record<HerdIndicator["state"], { tone: Tone; icon: IconName; word: string }> = {
  force: { tone: "held", icon: "lock", word: "In force" },
  shadow: { tone: "work", icon: "eye", word: "Tried without acting" },
  refused: { tone: "mute", icon: "stop", word: "Refused" },
};

function Indicators() {
  const list = useQuery({
    queryKey: ["indicators"],
    queryFn: () => ok(api.GET("/v1/staff/indicators", { params: { query: { limit: 100 } } })),
    refetchInterval: 15_000,
  });
  const items = list.data?.items ?? [];
  const of = (s: HerdIndicator["state"]) => items.filter((i) => i.state === s).length;
  return (
    <section className="stack tight" aria-labelledby="indicators">
      <h2 id="indicators">What homes agree on</h2>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={3} />}
      {list.data && <p className="quiet" data-testid="indicators-sentence">{items.length === 0 ? "No address was reported as a certain danger by several homes." : `Addresses that several homes reported as a certain danger: ${of("force")} in force for all homes, ${of("shadow")} tried without acting, ${of("refused")} refused.`}</p>}
      {items.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label="Indicators">
          <table data-testid="indicators">
            <thead><tr><th scope="col">Address</th><th scope="col">State</th><th scope="col" className="num">Homes</th><th scope="col">Why</th><th scope="col">Since</th><th scope="col">Ends</th></tr></thead>
            <tbody>
              {items.map((x, i) => (
                <tr key={i} data-state={x.state}>
                  <td className="wide">{x.endpoint ? <bdi>{clip(x.endpoint, 120)}</bdi> : <span className="quiet">Not told: it is of few homes</span>}</td>
                  <td><State tone={states[x.state].tone} icon={states[x.state].icon}>{states[x.state].word}</State></td>
                  <td className="num">{clip(x.homes.words, 40)}</td>
                  <td className="wide">{clip(x.why, 300)}</td>
                  <td>{clock(x.since)}</td>
                  <td>{clock(x.expires)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Hunting() {
  const hunt = useMutation({ mutationFn: (body: NewHunt) => ok(api.POST("/v1/staff/hunts", { body })) });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const who = String(f.get("who")).trim();
    const address = who.includes(":") || /^[0-9.]+$/.test(who); // a name has a letter in its last part, and no colon
    hunt.mutate({ ...(address ? { ip: who } : { name: who }), port: Number(f.get("port")), proto: f.get("proto") === "udp" ? "udp" : "tcp", reason: String(f.get("reason")).trim() });
  };
  return (
    <section className="card stack" aria-labelledby="hunt">
      <h2 id="hunt">Who used an endpoint</h2>
      <p className="quiet">In how many homes of the past 30 days. It is written down with your reason. Which homes, only their own people see.</p>
      <form className="filters" onSubmit={submit}>
        <label><span>Name or address</span><input name="who" required maxLength={253} autoComplete="off" placeholder="c2.example.net" data-testid="hunt-who" /></label>
        <label><span>Port</span><input name="port" type="number" required min={1} max={65535} defaultValue={443} data-testid="hunt-port" /></label>
        <label><span>Protocol</span><select name="proto" data-testid="hunt-proto"><option value="tcp">TCP</option><option value="udp">UDP</option></select></label>
        <label><span>Reason</span><input name="reason" required minLength={3} maxLength={500} autoComplete="off" data-testid="hunt-reason" /></label>
        <button disabled={hunt.isPending} data-testid="hunt">{hunt.isPending ? "Looking" : "Look"}</button>
      </form>
      {hunt.error && <Trouble error={hunt.error} />}
      <div role="status">{hunt.data && <p data-testid="hunted"><bdi>{clip(hunt.variables?.name ?? hunt.variables?.ip ?? "", 120)}</bdi>: {huntText(hunt.data)}</p>}</div>
    </section>
  );
}
