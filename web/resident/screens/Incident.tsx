// Incident: what happened, what we did, what to do: one step at a time, with the gateway's own check after each.
import { useState } from "react";
import { t } from "../../shared/i18n";
import type { Incident, Order, OrderAsk, Step } from "../../shared/model";
import { Ago, Dialog, Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { CaseState, CheckLine, Evidence, OrderLine, Timeline, word } from "../../shared/parts/Case";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip, clock, isolate } from "../../shared/text";
import { useIncident, useOrder, useSession, type Asking } from "../data";

export function IncidentScreen({ id }: { id: string }) {
  const incident = useIncident(id);
  const asking = useOrder();
  const x = incident.data;
  return (
    <>
      <p><Link to="/incidents" className="back"><Icon name="back" size={20} />{t("nav.incidents")}</Link></p>
      {!x && <Title className="hidden">{t("nav.incident")}</Title>}
      {!x && (incident.error ? <Trouble error={incident.error} again={() => void incident.refetch()} /> : <Skeleton lines={5} tall={120} />)}
      {x && <Story incident={x} />}
      {x && <ToDo incident={x} asking={asking} />}
      {x && <Proof incident={x} />}
      {x && <Phone code={x.code} />}
    </>
  );
}

function Story({ incident: x }: { incident: Incident }) {
  return (
    <>
      <section className="stack tight">
        <div className="row"><CaseState state={x.state} /><span className="quiet small">{t("incident.since")} {clock(x.opened)}</span></div>
        <Title><Link to={`/devices/${encodeURIComponent(x.device.id)}`} className="quietly"><Name max={60}>{x.device.name}</Name></Link></Title>
      </section>
      <section className="card stack tight" data-testid="what-happened"><h2>{t("incident.happened")}</h2><p>{clip(x.what_happened, 1000)}</p></section>
      <section className="card stack tight" data-testid="what-we-did">
        <h2>{t("incident.did")}</h2>
        <p>{clip(x.what_we_did, 1000)}</p>
      </section>
    </>
  );
}

const icons: Record<string, IconName> = { check: "refresh", release: "unlock", dismiss: "hand", quarantine: "lock", block: "stop" };

// ToDo shows the next step large and the others behind it. A step is done when the gateway says so, not when it was pressed.
function ToDo({ incident: x, asking }: { incident: Incident; asking: Asking }) {
  const [sure, setSure] = useState<Step | null>(null);
  const orders = newest(x.orders, asking.order);
  const waits = orders.some((o) => o.status === "asked");
  const ask = (s: Step) => asking.ask({ verb: s.verb as OrderAsk["verb"], incident: x.id, device: x.device.id });
  const next = x.what_to_do.find((s) => s.enabled && s.verb !== "");
  const press = (s: Step) => (s.verb === "release" || s.verb === "dismiss" ? setSure(s) : ask(s));
  const checked = x.check && <div className="stack tight"><p className="quiet small">{t("check.title")}</p><CheckLine check={x.check} /></div>;
  if (x.what_to_do.length === 0 && orders.length === 0 && !x.check) return null;
  return (
    <section className="card stack" aria-labelledby="todo" data-testid="what-to-do">
      <h2 id="todo">{t("incident.todo")}</h2>
      {x.what_to_do.length === 0 && <p className="quiet">{t("incident.todo.none")}</p>}
      <ol className="steps">
        {x.what_to_do.map((s, i) => (
          <li key={s.verb + i} className="stack tight">
            {s.title !== word("do", s.verb) && <h3>{clip(s.title, 120)}</h3>}
            <p>{clip(s.text, 600)}</p>
            {word("do", s.verb) !== s.verb && s.verb !== "" && (
              <div>
                <button className={s === next ? "" : "plain"} disabled={!s.enabled || asking.sending || waits} data-testid={`do-${s.verb}`} onClick={() => press(s)}>
                  <Icon name={icons[s.verb] ?? "check"} />{word("do", s.verb)}
                </button>
              </div>
            )}
            {s.verb === "check" && checked}
          </li>
        ))}
      </ol>
      {asking.error !== null && <Trouble error={asking.error} />}
      <div role="status" className="stack tight" data-testid="orders">{orders.map((o) => <OrderLine key={o.id} order={o} />)}</div>
      {!x.what_to_do.some((s) => s.verb === "check") && checked}
      <Dialog title={sure ? word("sure", sure.verb) : ""} open={sure !== null} close={() => setSure(null)}>
        <p>{t(sure?.verb === "dismiss" ? "sure.dismiss.text" : "sure.release.text", { name: isolate(x.device.name) })}</p>
        <div className="row">
          <button data-testid="confirm" onClick={() => {
            if (sure) ask(sure);
            setSure(null);
          }}>{sure ? word("do", sure.verb) : ""}</button>
          <button className="plain" onClick={() => setSure(null)}>{t("cancel")}</button>
        </div>
      </Dialog>
    </section>
  );
}

// newest keeps the last order of each verb, with the one that was just pressed.
export function newest(orders: readonly Order[], pressed: Order | null): Order[] {
  const all = pressed ? [...orders.filter((o) => o.id !== pressed.id), pressed] : [...orders];
  const by = new Map<string, Order>();
  for (const o of all.sort((a, b) => Date.parse(a.asked) - Date.parse(b.asked))) by.set(o.verb, o);
  return [...by.values()].sort((a, b) => Date.parse(b.asked) - Date.parse(a.asked)).slice(0, 3);
}

function Proof({ incident: x }: { incident: Incident }) {
  return (
    <>
      <section className="card stack">
        <h2>{t("incident.evidence")}</h2>
        {x.findings.length === 0 ? <Empty icon="eye">{t("evidence.none")}</Empty> : <Evidence findings={x.findings} />}
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
