// One home. Staff say first why they look; then devices and incidents. Live traffic only with a consent of somebody at home.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Contacts } from "../../shared/parts/Contacts";
import { deviceMark, inOrder, needsLook } from "../../shared/marks";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { product } from "../../shared/product";
import { sureness } from "../../shared/who";
import { api, ok, Problem } from "../../shared/client";
import type { Device, Home } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { CaseState, word } from "../../shared/parts/Case";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { Care } from "./Care";
import { useMay, WhoMay } from "../may";
import { states } from "./Fleet";
import { Data } from "./Data";
import { Case } from "./Incident";
import { LineView } from "./Line";
import { Whole } from "./Who";

const needsReason = (e: unknown) => e instanceof Problem && e.kind === "look-required";

export function HomeView({ home, incident }: { home: string; incident?: string }) {
  const params = { path: { home } };
  const view = useQuery({ queryKey: [home, "summary"], queryFn: () => ok(api.GET("/v1/staff/homes/{home}", { params })), refetchInterval: 15_000 });
  if (needsReason(view.error)) return <AskReason home={home} />;
  if (!view.data) {
    return (
      <>
        <Title>Home</Title>
        {view.error ? <Trouble error={view.error} again={() => void view.refetch()} /> : <Skeleton lines={6} />}
      </>
    );
  }
  return (
    <>
      <Head home={view.data} />
      {incident ? <Case home={home} incident={incident} /> : (
        <>
          <Incidents home={home} />
          <Devices home={home} />
          <LineView home={home} />
          <Care home={home} />
          <Data home={home} />
        </>
      )}
    </>
  );
}

function AskReason({ home }: { home: string }) {
  const client = useQueryClient();
  const look = useMutation({
    mutationFn: (reason: string) => ok(api.POST("/v1/staff/homes/{home}/looks", { params: { path: { home } }, body: { reason } })),
    onSuccess: () => client.resetQueries({ queryKey: [home] }),
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    look.mutate(String(new FormData(e.currentTarget).get("reason")).trim());
  };
  return (
    <>
      <Title>Why do you look at this home?</Title>
      <p className="quiet">Your reason and your name go into the audit, and the people who live there see them. You can look for 30 minutes.</p>
      {look.error && <Trouble error={look.error} />}
      <form className="card" onSubmit={submit}>
        <label><span>Reason</span><input name="reason" required minLength={5} maxLength={500} placeholder="The customer called about code K7QM" autoComplete="off" data-testid="look-reason" /></label>
        <div><button disabled={look.isPending} data-testid="look"><Icon name="eye" />Look</button></div>
      </form>
    </>
  );
}

function Head({ home }: { home: Home }) {
  const s = states[home.state] ?? states.new;
  const g = home.gateway;
  return (
    <section className="stack tight" data-testid="home" data-state={home.state}>
      <div className="row"><State tone={s.tone} icon={s.icon}>{s.word}</State><span className="quiet small">as of {clock(home.as_of)}</span></div>
      <Title><Link to={`/homes/${encodeURIComponent(home.id)}`}><Name max={60}>{home.name}</Name></Link></Title>
      <p>{clip(home.sentence, 300)}</p>
      <p className="small" data-testid="home-plan">{home.plan.name ? <>Plan <strong><bdi>{clip(home.plan.name, 60)}</bdi></strong>. {home.plan.extras.includes("support") ? "Its support level is higher than the standard." : "Its support level is the standard one."}</> : "No service plans are set up, so this home has every extra, also the higher support level."}</p>
      {g ? (
        <dl className="facts">
          <dt>Gateway</dt><dd>{clip(g.id, 40)} ({g.state})</dd>
          <dt>Last contact</dt><dd><Ago at={g.last_seen} />, {g.online ? "online" : "offline"}</dd>
          <dt>Agent</dt><dd>{clip(g.version, 40)}{g.armed ? ", protects" : ", watches only and stops nothing"}</dd>
          <dt>Settings</dt><dd>{home.desired.wanted > home.desired.running ? `The gateway has not taken the newest yet (it has ${home.desired.running} of ${home.desired.wanted})` : "The gateway has the newest"}</dd>
          {g.degraded.length > 0 && <><dt>Does not work</dt><dd>{g.degraded.slice(0, 8).map((d) => <p key={d}>{clip(d, 200)}</p>)}</dd></>}
        </dl>
      ) : <p className="quiet">No gateway has joined this home yet. The resident adds it in the app with the code on its label.</p>}
    </section>
  );
}

function Incidents({ home }: { home: string }) {
  const list = useQuery({
    queryKey: [home, "incidents"],
    queryFn: () => ok(api.GET("/v1/staff/homes/{home}/incidents", { params: { path: { home }, query: { state: "all" } } })),
    refetchInterval: 15_000,
  });
  return (
    <section className="card stack">
      <h2>Incidents</h2>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={2} />}
      {list.data?.items.length === 0 && <Empty>There was no incident in this home yet.</Empty>}
      <div className="scroll">
        {list.data && list.data.items.length > 0 && (
          <table>
            <thead><tr><th scope="col">Code</th><th scope="col">Device</th><th scope="col">State</th><th scope="col">What</th><th scope="col">Changed</th></tr></thead>
            <tbody>
              {list.data.items.map((i) => (
                <tr key={i.id}>
                  <td><Link to={`/homes/${encodeURIComponent(home)}/incidents/${encodeURIComponent(i.id)}`} className="code">{clip(i.code, 8)}</Link></td>
                  <td><Name>{i.device.name}</Name></td><td><CaseState state={i.state} /></td><td className="wide">{clip(i.sentence, 200)}</td><td><Ago at={i.changed} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}

const by = { owner: "residents say so", operator: "named by staff", sure: "sure", probable: "probably", unsure: "not sure", nobody: "unknown" };
const looks = (d: Device) => d.exposures.filter((x) => needsLook(d, x)).length;

function Devices({ home }: { home: string }) {
  const list = useQuery({ queryKey: [home, "devices"], queryFn: () => ok(api.GET("/v1/staff/homes/{home}/devices", { params: { path: { home } } })), refetchInterval: 30_000 });
  const names = useMay("home.names");
  const [open, setOpen] = useState<Device | null>(null);
  const [shown, show] = useState<Device | null>(null);
  return (
    <section className="card stack">
      <h2>Devices</h2>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={4} />}
      {list.data?.items.length === 0 && <Empty icon="devices">No device is known yet. The gateway tells of devices within minutes after it joins: see below whether it does.</Empty>}
      {list.data && list.data.items.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Devices">
          <table data-testid="devices">
            <thead><tr><th scope="col">Name</th><th scope="col">Who it is</th><th scope="col">Exposed</th><th scope="col">State</th><th scope="col">Mode</th><th scope="col">Last seen</th><th scope="col">More</th>{names && <th scope="col">Traffic</th>}</tr></thead>
            <tbody>
              {inOrder(list.data.items).map((d) => {
                const m = deviceMark(d);
                return (
                  <tr key={d.id}>
                    <td className="fold"><Name>{d.name}</Name></td>
                    <td className="fold" data-testid="who" data-class={d.identity.class}><ClassMark of={d.identity.class} /><p className="quiet small">{product(d.identity) && <><bdi>{clip(product(d.identity), 64)}</bdi>, </>}{by[sureness(d.identity)]}</p></td>
                    <td>{looks(d) > 0 ? <State tone="work" icon="eye">{looks(d)}</State> : d.exposures.length > 0 ? "nothing to do" : "–"}</td>
                    <td><State tone={m.tone} icon={m.icon}>{m.word}</State></td>
                    <td className="fold">{clip(d.mode, 20)}{d.grade && d.grade !== "none" ? ` (${clip(d.grade, 12)})` : ""}</td><td><Ago at={d.last} /></td>
                    <td><button className="plain" aria-label={`Why: ${clip(d.name, 40)}`} aria-expanded={shown?.id === d.id} onClick={() => show(shown?.id === d.id ? null : d)} data-testid="show-who">Why</button></td>
                    {names && <td><button className="plain" aria-label={`Ask the gateway about ${clip(d.name, 40)}`} onClick={() => setOpen(d)} data-testid="ask-contacts">Ask the gateway</button></td>}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {!names && <WhoMay right="home.names" what="Whom devices talk to:" />}
      {shown && <Whole key={shown.id} home={home} device={list.data?.items.find((d) => d.id === shown.id) ?? shown} />}
      {open && <Traffic key={open.id} home={home} device={open} />}
    </section>
  );
}

function Traffic({ home, device }: { home: string; device: Device }) {
  const list = useQuery({
    queryKey: [home, "contacts", device.id],
    queryFn: () => ok(api.GET("/v1/staff/homes/{home}/devices/{device}/contacts", { params: { path: { home, device: device.id }, query: { limit: 200 } } })),
    staleTime: 0,
    gcTime: 0,
  });
  const refused = list.error instanceof Problem && list.error.kind === "consent-required";
  return (
    <section className="stack" aria-labelledby="traffic" data-testid="traffic">
      <h3 id="traffic">What <Name>{device.name}</Name> talks to</h3>
      {list.isFetching && !list.data && <Skeleton lines={3} />}
      {refused && (
        <div className="trouble" role="alert" data-testid="consent-missing">
          <Icon name="lock" size={24} />
          <div>
            <p>Nobody at home has agreed to this.</p>
            <p className="quiet">A resident can allow it in the app: More, Support access, Allow. It holds for as long as they choose, up to 24 hours; the gateway checks it and logs each question.</p>
            <button className="plain" onClick={() => void list.refetch()}>Ask again</button>
          </div>
        </div>
      )}
      {list.error && !refused && <Trouble error={list.error} again={() => void list.refetch()} />}
      {list.data && <><p className="quiet small">The gateway's answer, {word("source", list.data.source).toLowerCase()}, {clock(list.data.as_of)}.</p><Contacts contacts={list.data.items} /></>}
    </section>
  );
}
