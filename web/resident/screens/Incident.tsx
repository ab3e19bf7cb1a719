// Incident: what happened, what we did, what to do: one step at a time, with the gateway's own check after each; then evidence, and undo.
import { hasKey, t, tn } from "../../shared/i18n";
import type { Incident, Order } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { CaseState, CheckLine, Evidence, OrderLine, Timeline, word } from "../../shared/parts/Case";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { did, happened } from "../../shared/told";
import { clip, clock, isolate, span } from "../../shared/text";
import { useIncident, useOrder, useSession, type Asking } from "../data";
import { Else, Portal, Release } from "../incident/Else";
import { Guide } from "../incident/Guide";
import { clean, ended, newest, place } from "../incident/guide";
import { Deeds, Harmed, Holds, UndoHere, WayBack } from "../incident/Held";
import "../incident/incident.css";

export function IncidentScreen({ id }: { id: string }) {
  const incident = useIncident(id);
  const asking = useOrder();
  const x = incident.data;
  const orders = x ? newest(x.orders, asking.order) : [];
  const waits = orders.some((o) => o.status === "asked");
  return (
    <>
      <p><Link to="/incidents" className="back"><Icon name="back" size={20} />{t("nav.incidents")}</Link></p>
      {!x && <Title className="hidden">{t("nav.incident")}</Title>}
      {!x && (incident.error ? <Trouble error={incident.error} again={() => void incident.refetch()} /> : <Skeleton lines={5} tall={120} />)}
      {x && <Head incident={x} />}
      {x && <Happened incident={x} />}
      {x && <Did incident={x} asking={asking} waits={waits} />}
      {x && <ToDo incident={x} asking={asking} orders={orders} waits={waits} />}
      {x && <WayBack probation={x.state === "probation" ? x.probation : null} />}
      {x && <Else incident={x} asking={asking} waits={waits} />}
      {x && <Portal incident={x} asking={asking} waits={waits} />}
      {x && <Proof incident={x} asking={asking} waits={waits} />}
      {x && <Phone code={x.code} />}
    </>
  );
}

const outcomes: Record<string, IconName> = { clean: "check", "false-alarm": "hand", accepted: "hand", removed: "out", expired: "clock" };

function Head({ incident: x }: { incident: Incident }) {
  const at = place(x.playbook?.steps ?? []);
  const how = ended(x);
  return (
    <section className="stack tight">
      <div className="row">
        <CaseState state={x.state} />
        {x.state === "closed" && x.outcome && <State tone="good" icon={outcomes[x.outcome] ?? "check"} id="outcome">{word("outcome", x.outcome)}</State>}
        <span className="quiet small">{t("incident.since")} {clock(x.opened)}</span>
      </div>
      <Title><Link to={`/devices/${encodeURIComponent(x.device.id)}`} className="quietly"><Name max={60}>{x.device.name}</Name></Link></Title>
      {x.alert && <p data-testid="alert">{clip(x.alert, 600)}</p>}
      {x.state !== "closed" && at.now?.by === "person" && (
        <p><a className="button" href="#todo" data-testid="to-step"><Icon name="down" />{t("incident.todo")}: {t("guide.step", { n: at.n, all: at.all })}</a></p>
      )}
      {x.state === "closed" && hasKey(how) && <p data-testid="outcome-text">{t(how, { name: isolate(x.device.name), have: span(x.probation?.silent_seconds ?? 0) })}</p>}
    </section>
  );
}

function Happened({ incident: x }: { incident: Incident }) {
  const p = x.playbook;
  const title = p?.title || (x.kind ? word("infection", x.kind) : "");
  return (
    <section className="card stack tight" data-testid="what-happened" data-kind={x.kind}>
      <h2>{t("incident.happened")}</h2>
      <p>{clip(happened(x), 1000)}</p>
      {title && <h3 data-testid="infection">{clip(title, 160)}</h3>}
      {p?.intro && <p>{clip(p.intro, 1000)}</p>}
      {x.relapses > 0 && <p>{tn("guide.relapses", x.relapses)}</p>}
      {p?.expert && (
        <details>
          <summary><Icon name="down" size={18} />{t("guide.expert")}</summary>
          <p className="small">{clip(p.expert, 1500)}</p>
        </details>
      )}
    </section>
  );
}

interface Part { incident: Incident; asking: Asking; waits: boolean }

function Did({ incident: x, asking, waits }: Part) {
  return (
    <section className="card stack" data-testid="what-we-did">
      <h2>{t("incident.did")}</h2>
      <p>{clip(did(x), 1000)}</p>
      <Deeds incident={x} asking={asking} waits={waits} />
      <Holds incident={x} />
      <Harmed harm={x.harm} />
    </section>
  );
}

// ToDo is the guide where there is a playbook, else the advice that fits every case. What was asked for stays there until it is so.
function ToDo({ incident: x, asking, orders, waits }: Part & { orders: Order[] }) {
  const check = x.what_to_do.find((s) => s.verb === "check");
  const advice = x.what_to_do.filter((s) => s.verb === "");
  const guided = (x.playbook?.steps.length ?? 0) > 0 && x.state !== "closed";
  if (x.what_to_do.length === 0 && orders.length === 0 && !x.check) return null;
  const ask = (verb: "check" | "quarantine") => asking.ask({ verb, incident: x.id, device: x.device.id });
  return (
    <section className="card stack" aria-labelledby="todo" data-testid="what-to-do">
      <h2 id="todo" tabIndex={-1}>{t("incident.todo")}</h2>
      {x.waits && x.state !== "closed" && (
        <div className="stack tight note" data-testid="waits">
          <h3><Icon name="hand" size={18} /> {t("waits.title")}</h3>
          <p>{t("waits.text", { name: isolate(x.device.name) })}</p>
          {asking.may && <div><button disabled={asking.sending || waits} onClick={() => ask("quarantine")} data-testid="do-quarantine"><Icon name="lock" />{t("do.quarantine")}</button></div>}
        </div>
      )}
      {x.state === "closed" && <p className="quiet">{t("incident.todo.none")}</p>}
      {guided && <Guide incident={x} asking={asking} waits={waits} />}
      {!guided && advice.map((s, i) => <div key={i} className="stack tight"><h3>{clip(s.title, 120)}</h3><p>{clip(s.text, 600)}</p></div>)}
      {check && asking.may && (
        <div><button className={guided ? "plain" : ""} disabled={!check.enabled || asking.sending || waits} data-testid="do-check" onClick={() => ask("check")}>
          <Icon name="refresh" />{t("do.check")}</button></div>
      )}
      {x.check && x.check.clean === clean(x) && <div className="stack tight"><p className="quiet small">{t("check.title")}</p><CheckLine check={x.check} /></div>}
      <Release incident={x} asking={asking} waits={waits} />
      {asking.error !== null && <Trouble error={asking.error} />}
      <div role="status" className="stack tight" data-testid="orders">{orders.map((o) => <OrderLine key={o.id} order={o} />)}</div>
    </section>
  );
}

function Proof({ incident: x, asking, waits }: Part) {
  return (
    <>
      <section className="card stack">
        <h2>{t("incident.evidence")}</h2>
        {x.findings.length === 0 ? <Empty icon="eye">{t("evidence.none")}</Empty> : <Evidence findings={x.findings} after={(f) => <UndoHere finding={f} incident={x} asking={asking} waits={waits} />} />}
      </section>
      <section className="card stack">
        <h2>{t("incident.timeline")}</h2>
        <Timeline steps={x.history} />
        <p className="small quiet">{t("incident.changed")} <Ago at={x.changed} /></p>
      </section>
    </>
  );
}

function Phone({ code }: { code: string }) {
  const provider = useSession().data?.provider;
  return (
    <section className="card stack tight" data-testid="phone">
      <h2>{t("incident.phone")}</h2>
      <p>{provider?.phone ? t("incident.phone.text", { name: clip(provider.name, 60), phone: clip(provider.phone, 30) }) : t("incident.phone.none")}</p>
      <p className="code" data-testid="incident-code">{clip(code, 8)}</p>
    </section>
  );
}
