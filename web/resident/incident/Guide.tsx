// The cleaning guide: one step at a time. A step is done when the gateway has seen it, or where it cannot see it, when a person says so.
import { useEffect, useRef } from "react";
import { hasKey, t, tn } from "../../shared/i18n";
import type { Incident, PlaybookStep } from "../../shared/model";
import { State, type Tone } from "../../shared/parts/Bits";
import { word } from "../../shared/parts/Case";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { foreign } from "../../shared/say";
import { clip } from "../../shared/text";
import type { Asking } from "../data";
import { place } from "./guide";

const marks: Record<string, { tone: Tone; icon: IconName }> = {
  todo: { tone: "mute", icon: "clock" }, now: { tone: "work", icon: "hand" }, checks: { tone: "work", icon: "eye" },
  passed: { tone: "good", icon: "check" }, failed: { tone: "need", icon: "alert" }, skipped: { tone: "mute", icon: "next" },
};

export function Guide({ incident: x, asking, waits }: { incident: Incident; asking: Asking; waits: boolean }) {
  const steps = x.playbook?.steps ?? [];
  const at = place(steps);
  const title = useRef<HTMLHeadingElement>(null);
  const here = `${at.now?.id} ${at.now?.state}`, was = useRef(here);
  // The focus follows to what comes next: the button that was pressed is gone, or cannot be pressed, while the gateway looks.
  useEffect(() => {
    if (was.current !== here && document.activeElement === document.body) title.current?.focus();
    was.current = here;
  }, [here]);
  if (steps.length === 0) return null;
  return (
    <div className="stack" data-testid="guide" data-step={at.now?.id ?? ""} data-done={at.past.length}>
      <div className="stack tight">
        <progress value={at.past.length} max={at.all} aria-label={t("guide.bar")} />
        {at.past.length > 0 && (
          <details data-testid="guide-past">
            <summary><Icon name="down" size={18} />{tn("guide.before", at.past.length)}</summary>
            <ol className="lines">{at.past.map((s) => <Past key={s.id} step={s} />)}</ol>
          </details>
        )}
      </div>
      <div aria-live="polite">
        {at.now ? <Now step={at.now} n={at.n} all={at.all} incident={x} asking={asking} waits={waits} title={title} /> : <p>{t("guide.over")}</p>}
      </div>
      {at.later.length > 0 && (
        <details data-testid="guide-later">
          <summary><Icon name="down" size={18} />{t("guide.after")}</summary>
          <ol className="lines">{at.later.map((s) => <li key={s.id}>{clip(s.text, 400)}</li>)}</ol>
        </details>
      )}
    </div>
  );
}

function Past({ step: s }: { step: PlaybookStep }) {
  const mark = marks[s.state] ?? marks.todo!;
  return (
    <li className="stack tight" data-testid="step-past" data-step={s.id} data-state={s.state}>
      <div><State tone={mark.tone} icon={mark.icon}>{word("step", s.state)}</State></div>
      <p>{clip(s.text, 400)}</p>
      {s.result && <p className="small quiet" lang={foreign(s.language)}>{clip(s.result, 300)}</p>}
    </li>
  );
}

interface NowProps { step: PlaybookStep; n: number; all: number; incident: Incident; asking: Asking; waits: boolean; title: React.RefObject<HTMLHeadingElement | null> }

function Now({ step: s, n, all, incident: x, asking, waits, title }: NowProps) {
  const mark = marks[s.state] ?? marks.now!;
  const ours = s.by === "gateway";
  const blind = s.check === "none" || s.check === "";
  const sees = `sees.${s.check || "none"}`;
  const answer = (a: "done" | "skip") => asking.ask({ verb: "step", incident: x.id, device: x.device.id, step: s.id, answer: a });
  return (
    <div className="stack step" data-testid="step" data-step={s.id} data-state={s.state} data-by={s.by}>
      <div className="between wrap">
        <p className="quiet small">{t("guide.step", { n, all })}</p>
        {s.state !== "todo" && <State tone={mark.tone} icon={mark.icon}>{word("step", s.state)}</State>}
      </div>
      <h3 ref={title} tabIndex={-1} className="ask-for">{clip(s.text, 500)}</h3>
      {s.result && <p className={`order ${s.state === "failed" ? "failed" : "asked"}`} data-testid="step-result"><Icon name={mark.icon} size={18} /><span lang={foreign(s.language)}>{clip(s.result, 400)}</span></p>}
      {s.detail && (
        <details>
          <summary><Icon name="down" size={18} />{t("guide.how")}</summary>
          <p>{clip(s.detail, 1500)}</p>
        </details>
      )}
      <p className="small quiet">{ours ? t("guide.ours") : hasKey(sees) ? t(sees) : ""}</p>
      {!ours && asking.may && (
        <div className="row">
          <button disabled={asking.sending || waits || s.state === "checks"} onClick={() => answer("done")} data-testid="step-done">
            <Icon name="check" />{t(blind ? "guide.done.plain" : "guide.done")}
          </button>
          {(s.optional || s.state === "failed") && (
            <button className="plain" disabled={asking.sending || waits} onClick={() => answer("skip")} data-testid="step-skip">{t("guide.skip")}</button>
          )}
        </div>
      )}
    </div>
  );
}
