// What we did: deeds that can be undone with one tap, what is cut off now, what that does to the device, and its way back.
import { hasKey, t, tn } from "../../shared/i18n";
import type { Deed, Finding, Harm, Incident, Probation } from "../../shared/model";
import { State } from "../../shared/parts/Bits";
import { word } from "../../shared/parts/Case";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { Link } from "../../shared/router";
import { foreign } from "../../shared/say";
import { clip, clock, date, isolate, percent, span } from "../../shared/text";
import type { Asking } from "../data";
import { held, phaseAt, phases } from "./guide";

const deeds: Record<string, IconName> = { cut: "stop", mapping: "router", dns: "shield", shut: "lock", hold: "lock" };

export function Deeds({ incident: x, asking, waits }: { incident: Incident; asking: Asking; waits: boolean }) {
  if (x.deeds.length === 0) return null;
  return (
    <div className="stack tight" data-testid="deeds">
      <h3>{t("deeds.title")}</h3>
      <ul className="lines">{x.deeds.slice(0, 32).map((d) => <One key={d.id} deed={d} incident={x} asking={asking} waits={waits} />)}</ul>
    </div>
  );
}

function One({ deed: d, incident: x, asking, waits }: { deed: Deed; incident: Incident; asking: Asking; waits: boolean }) {
  return (
    <li className="between wrap" data-testid="deed" data-deed={d.id} data-kind={d.kind} data-undone={d.undone !== null}>
      <div className="grow">
        <p><Icon name={deeds[d.kind] ?? "shield"} size={18} /> <strong>{word("deed", d.kind)}</strong></p>
        <Done deed={d} />
        <p className="small quiet">{d.undone ? t("deeds.undone", { time: clock(d.undone), by: word("by", d.by) }) : clock(d.time)}</p>
      </div>
      {asking.may && !d.undone && x.state !== "closed" && (
        <button className="plain" disabled={asking.sending || waits} aria-label={`${t("deeds.undo")}: ${clip(d.what, 120)}`} data-testid="undo"
          onClick={() => asking.ask({ verb: "undo", incident: x.id, device: x.device.id, deed: d.id })}>{t("deeds.undo")}</button>
      )}
    </li>
  );
}

// Done says a deed in the gateway's own words, or by its kind where those are not in the reader's language.
function Done({ deed: d }: { deed: Deed }) {
  const key = `deed.${d.kind}.text`;
  if (foreign(d.language) === undefined || !hasKey(key)) return <p lang={foreign(d.language)}><bdi>{clip(d.what, 300)}</bdi></p>;
  return <p>{t(key as "deed.cut.text", { what: isolate(d.endpoint, 60) })}</p>;
}

// UndoHere takes back, on a finding's own card, what was blocked because of it.
export function UndoHere({ finding: f, incident: x, asking, waits }: { finding: Finding; incident: Incident; asking: Asking; waits: boolean }) {
  const mine = x.state === "closed" || !asking.may ? [] : x.deeds.filter((d) => d.undone === null && d.endpoint !== "" && (f.card?.blocks.includes(d.endpoint) ?? false));
  if (mine.length === 0) return null;
  return (
    <div className="row">
      {mine.slice(0, 4).map((d) => (
        <button key={d.id} className="plain" disabled={asking.sending || waits} data-testid="undo-here"
          onClick={() => asking.ask({ verb: "undo", incident: x.id, device: x.device.id, deed: d.id })}>{t("card.undo", { what: isolate(d.endpoint, 48) })}</button>
      ))}
    </div>
  );
}

export function Holds({ incident: x }: { incident: Incident }) {
  if (!held(x)) return null;
  return (
    <div className="stack tight" data-testid="holds" data-mode={x.mode}>
      <h3>{t("holds.title")}</h3>
      <p><Icon name="lock" size={18} /> {word("mode", x.mode)}. <span className="quiet">{word("grade", x.grade)}</span></p>
      <p><Link to={`/devices/${encodeURIComponent(x.device.id)}#control`} className="back" data-testid="to-control">{t("holds.change")}<Icon name="next" size={18} /></Link></p>
    </div>
  );
}

export function Harmed({ harm: h }: { harm: Harm | null }) {
  if (!h) return null;
  return (
    <div className="stack tight note" data-testid="harm" data-lifted={h.lifted}>
      <h3><Icon name="alert" size={18} /> {t("harm.title")}</h3>
      {h.sentence && <p lang={foreign(h.language)}>{clip(h.sentence, 400)}</p>}
      <p>{t(h.lifted ? "harm.lifted" : "harm.kept")}</p>
      <p className="small quiet">{t("harm.reach", { before: percent(h.before), now: percent(h.now) })} {h.reboots > 0 && tn("harm.reboots", h.reboots)}</p>
    </div>
  );
}

// WayBack shows the phases of probation, and how far the test on the original symptom is.
export function WayBack({ probation: p }: { probation: Probation | null }) {
  if (!p) return null;
  const at = phaseAt(p.phase);
  return (
    <section className="card stack" aria-labelledby="wayback" data-testid="probation" data-phase={p.phase}>
      <h2 id="wayback">{t("probation.title")}</h2>
      {p.again && <p data-testid="again">{t("probation.again", { time: clock(p.again) })}</p>}
      <ol className="phases">
        {phases.map((x, i) => (
          <li key={x} className={i < at ? "past" : i === at ? "present" : "future"} aria-current={i === at ? "step" : undefined}>
            <State tone={i < at ? "good" : i === at ? "work" : "mute"} icon={i < at ? "check" : i === at ? "eye" : "clock"}>{t(i < at ? "phase.past" : i === at ? "phase.present" : "phase.future")}</State>
            <strong>{t(`phase.${x}`)}</strong>
            {i === at && <span className="small quiet">{t(`phase.${x}.text`)}</span>}
          </li>
        ))}
      </ol>
      <div className="stack tight">
        <progress value={percent(p.share)} max={100} aria-label={t("probation.bar")} />
        <p>{t("probation.share", { n: percent(p.share), have: span(p.silent_seconds), need: span(p.need_seconds) })}</p>
        <p className={p.reboot ? "quiet" : ""}>{t(p.reboot ? "probation.reboot.yes" : "probation.reboot.no")}</p>
        {p.until && <p className="small quiet">{t("probation.until", { time: date(p.until) })}</p>}
      </div>
    </section>
  );
}
