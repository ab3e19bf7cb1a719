// The parts of an incident that the resident and staff see alike: state, timeline, evidence, orders.
import type { ReactNode } from "react";
import { hasKey, t } from "../i18n";
import type { Check, Finding, Order, Transition } from "../model";
import { foreign } from "../say";
import { clip, clock, span } from "../text";
import { saw } from "../told";
import { State, type Tone } from "./Bits";
import { EvidenceFacts } from "./EvidenceCard";
import { Icon, type IconName } from "./Icon";

const states: Record<string, { tone: Tone; icon: IconName }> = {
  open: { tone: "need", icon: "alert" },
  contained: { tone: "held", icon: "lock" },
  cleaning: { tone: "work", icon: "work" },
  probation: { tone: "work", icon: "eye" },
  closed: { tone: "good", icon: "check" },
};

export const word = (group: string, value: string) => {
  const key = `${group}.${value}`;
  return hasKey(key) ? t(key) : clip(value, 40);
};

export function CaseState({ state }: { state: string }) {
  const s = states[state] ?? { tone: "mute", icon: "dot" };
  return <State tone={s.tone} icon={s.icon} id="incident-state">{word("case", state)}</State>;
}

export function Timeline({ steps }: { steps: Transition[] }) {
  return (
    <ol className="timeline" data-testid="timeline">
      {steps.map((s, i) => (
        <li key={i} className={states[s.to] ? s.to : undefined}>
          <p><strong>{word("case", s.to)}</strong> <span className="quiet small">{clock(s.time)} · {word("by", s.by)}</span></p>
          {s.mode && s.mode !== "off" && <p className="small quiet">{word("mode", s.mode)}</p>}
          {s.why && <p className="small" lang={foreign(s.language)}>{clip(s.why, 400)}</p>}
        </li>
      ))}
    </ol>
  );
}

// Evidence is a card for each finding; after is what can be done about it there.
export function Evidence({ findings, after }: { findings: Finding[]; after?: (f: Finding) => ReactNode }) {
  return (
    <ul className="stack tight" data-testid="evidence">
      {findings.map((f) => (
        <li key={f.id} className="finding">
          <p lang={foreign(f.language)}>{clip(f.sentence, 600)}</p>
          <p className="quiet small">{clock(f.time)} · {word("strength", f.strength)}</p>
          <p className="small">{t("card.rule", { rule: word("rule", f.detector) })}</p>
          {f.card && <EvidenceFacts card={f.card} />}
          {after?.(f)}
          <details>
            <summary><Icon name="down" size={18} />{t("evidence.expert")}</summary>
            <pre>{facts(f)}</pre>
          </details>
        </li>
      ))}
    </ul>
  );
}

function facts(f: Finding): string {
  const head = `detector: ${f.detector}\nscore: ${f.score}` + (f.p === null || f.p === undefined ? "" : `\np: ${f.p}`);
  return clip2(head + "\n" + JSON.stringify(f.facts ?? {}, null, 2));
}

// clip2 is for text of many lines: control characters but the line's end are taken out.
const clip2 = (s: string) => s.replace(/[^\P{C}\n]/gu, "").slice(0, 4000);

const marks: Record<string, IconName> = { asked: "clock", in_force: "check", failed: "alert", expired: "alert" };

// OrderLine says what became of an order. In force is said only when the gateway has proved it.
export function OrderLine({ order }: { order: Pick<Order, "verb" | "status" | "reason" | "asked" | "done"> }) {
  return (
    <p className={`order ${order.status}`} data-testid={`order-${order.verb}`} data-status={order.status}>
      <Icon name={marks[order.status] ?? "dot"} size={18} />
      <span>
        {word("verb", order.verb)}: <strong>{order.verb === "check" && order.status === "in_force" ? t("order.checked") : word("order", order.status)}</strong>
        {order.status === "failed" && order.reason && <>: {clip(order.reason, 300)}</>}
        <span className="quiet small"> · {clock(order.done ?? order.asked)}</span>
      </span>
    </p>
  );
}

export function CheckLine({ check }: { check: Check }) {
  return (
    <div className="stack tight" data-testid="check" data-clean={check.clean}>
      <p className={`order ${check.clean ? "in_force" : "asked"}`}>
        <Icon name={check.clean ? "check" : "clock"} size={18} />
        <span>{clip(saw(check), 400)}</span>
      </p>
      {!check.clean && check.need_seconds > 0 && (
        <div>
          <progress value={Math.min(check.quiet_seconds, check.need_seconds)} max={check.need_seconds} aria-label={t("check.progress")} />
          <p className="small quiet">{t("check.quiet", { have: span(check.quiet_seconds), need: span(check.need_seconds) })}</p>
        </div>
      )}
    </div>
  );
}
