// What else can be done about a case: let it out for now, shut it in again, say that it is none, get a code for the gateway's page.
import { useState } from "react";
import { t } from "../../shared/i18n";
import type { Answer, Incident, OrderAsk } from "../../shared/model";
import { Dialog, useNow } from "../../shared/parts/Bits";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { clip, clock, isolate } from "../../shared/text";
import type { Asking } from "../data";
import { clean, codeOf, held } from "./guide";

interface Props { incident: Incident; asking: Asking; waits: boolean }

const answers = ["false-alarm", "accepted", "removed"] as const satisfies readonly Answer[];

const can = (x: Incident, verb: string) => x.what_to_do.some((s) => s.verb === verb && s.enabled);

// Release lets a device out before the guide is through, and says what that means. It stands where people look for it: after the check.
export function Release({ incident: x, asking, waits }: Props) {
  const [sure, ask] = useState(false);
  if (x.state === "closed" || !asking.may || !can(x, "release")) return null;
  return (
    <div className="stack tight" data-testid="let-out">
      <p>{release(x)}</p>
      <div><button className={clean(x) ? "" : "plain"} disabled={asking.sending || waits} data-testid="do-release" onClick={() => ask(true)}><Icon name="unlock" />{t("or.release")}</button></div>
      <Dialog title={t("sure.release")} open={sure} close={() => ask(false)}>
        <p>{t("sure.release.text", { name: isolate(x.device.name) })}</p>
        <div className="row">
          <button data-testid="confirm" onClick={() => {
            ask(false);
            asking.ask({ verb: "release", incident: x.id, device: x.device.id });
          }}>{t("do.release")}</button>
          <button className="plain" onClick={() => ask(false)}>{t("cancel")}</button>
        </div>
      </Dialog>
    </div>
  );
}

export function Else({ incident: x, asking, waits }: Props) {
  const [sure, setSure] = useState(false);
  const busy = asking.sending || waits;
  const ask = (verb: OrderAsk["verb"], more: Partial<OrderAsk> = {}) => {
    setSure(false);
    asking.ask({ verb, incident: x.id, device: x.device.id, ...more });
  };
  if (x.state === "closed" || !asking.may) return null;
  const rows: { verb: string; icon: IconName; title: string; text: string; press: () => void }[] = [
    ...(can(x, "quarantine") && !x.waits ? [{ verb: "quarantine", icon: "lock" as const, title: t(x.state === "probation" ? "or.again" : "do.quarantine"), text: t("or.again.text"), press: () => ask("quarantine") }] : []),
    ...(can(x, "dismiss") ? [{ verb: "dismiss", icon: "hand" as const, title: t("or.end"), text: t("or.end.text"), press: () => setSure(true) }] : []),
  ];
  if (rows.length === 0) return null;
  return (
    <section className="card stack" aria-labelledby="else" data-testid="else">
      <h2 id="else">{t("or.title")}</h2>
      <ul className="lines">
        {rows.map((r) => (
          <li key={r.verb} className="stack tight">
            <p>{r.text}</p>
            <div><button className="plain" disabled={busy} data-testid={`do-${r.verb}`} onClick={r.press}><Icon name={r.icon} />{r.title}</button></div>
          </li>
        ))}
      </ul>
      <Dialog title={t("end.title")} open={sure} close={() => setSure(false)}>
        <End close={() => setSure(false)} send={(answer) => ask("dismiss", { answer })} />
      </Dialog>
    </section>
  );
}

function release(x: Incident): string {
  if (clean(x)) return t("or.release.clean");
  return x.releases >= 2 ? t("or.release.often", { code: clip(x.code, 8) }) : t("or.release.soon");
}

function End({ close, send }: { close: () => void; send: (a: Answer) => void }) {
  const [answer, choose] = useState<Answer>("accepted");
  return (
    <form onSubmit={(e) => {
      e.preventDefault();
      send(answer);
    }}>
      <fieldset className="choices">
        <legend className="hidden">{t("end.title")}</legend>
        {answers.map((a) => (
          <label key={a} className="check">
            <input type="radio" name="answer" value={a} checked={answer === a} onChange={() => choose(a)} data-testid={`answer-${a}`} />
            <span><strong>{t(`end.${a}`)}</strong><br />{t(`end.${a}.text`)}</span>
          </label>
        ))}
      </fieldset>
      <div className="row">
        <button data-testid="confirm">{t("end.button")}</button>
        <button type="button" className="plain" onClick={close}>{t("cancel")}</button>
      </div>
    </form>
  );
}

// Portal makes a code for the gateway's page, so that what runs on a device that is shut in cannot let it out.
export function Portal({ incident: x, asking, waits }: Props) {
  const now = useNow(5000);
  const made = codeOf(asking.order ? [...x.orders, asking.order] : x.orders, now);
  if (!held(x) || !asking.may) return null;
  return (
    <section className="card stack tight" aria-labelledby="portal" data-testid="portal">
      <h2 id="portal">{t("portal.title")}</h2>
      <p>{t("portal.text", { name: isolate(x.device.name) })}</p>
      <div role="status">
        {made && (
          <div className="stack tight">
            <p>{t("portal.code")}</p>
            <p className="code" data-testid="portal-code">{clip(made.code, 12)}</p>
            <p className="small quiet">{t("portal.until", { time: clock(made.until) })}</p>
          </div>
        )}
      </div>
      {!made && (
        <div><button className="plain" disabled={asking.sending || waits} data-testid="do-code" onClick={() => asking.ask({ verb: "code", incident: x.id, device: x.device.id })}>
          <Icon name="key" />{t("portal.button")}</button></div>
      )}
    </section>
  );
}
