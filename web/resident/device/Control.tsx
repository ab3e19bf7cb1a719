// What a device may do, in its people's hands: pause, internet only, block, and every mode between, with what would break before it does.
import { useState, type ReactNode } from "react";
import { hasKey, t, tn, type Key } from "../../shared/i18n";
import { shutIn } from "../../shared/marks";
import type { DeviceDetail, Mode, Trial } from "../../shared/model";
import { Dialog, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { OrderLine } from "../../shared/parts/Case";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { clip, clock, date, percent } from "../../shared/text";
import { NotIn } from "../plan/NotIn";
import { useExtra, useMay, usePause, usePreview, type Asking } from "../data";
import { OwnPolicy } from "../policy/DevicePolicy";
import { Admission } from "./Admission";
import { pauses, until } from "./pause";
import "./device.css";

// steered is true for an order that was asked for here: what became of it is said here.
const verbs = ["mode", "try", "quarantine", "release"];
export const steered = (asking: Asking) => verbs.includes(asking.order?.verb ?? asking.verb);

interface Props { device: DeviceDetail; asking: Asking }
type Sure = "" | "pause" | "lan" | "block";

export function Control({ device: d, asking }: Props) {
  const [sure, setSure] = useState<Sure>("");
  const may = useMay();
  const pausing = usePause(d.id);
  const has = useExtra("people") !== false;
  const busy = asking.sending || asking.order?.status === "asked" || pausing.isPending;
  const mode = (m: Mode) => asking.ask({ verb: "mode", device: d.id, mode: m });
  const shut = shutIn(d), lan = d.mode === "no-lan";
  const open = d.incident && d.incident.state !== "closed";
  const care = `control.${d.essential}`;
  return (
    <section className="card stack" id="control" aria-labelledby="control-title" data-testid="control" data-mode={d.mode} data-paused={d.paused !== null}>
      <h2 id="control-title">{t("control.title")}</h2>
      <Now device={d} />
      {d.essential && hasKey(care) && <p className="note small"><Icon name="alert" size={18} /> {t(care)}</p>}
      {!may && <p className="quiet small"><Icon name="eye" size={18} /> {t("control.view")}</p>}
      {may && (
        <div className="three">
          {d.paused ? <Big icon="clock" on busy={busy} id="resume" press={() => pausing.mutate(null)}>{t("control.resume")}</Big>
            : <Big icon="clock" busy={busy} id="pause" press={() => setSure("pause")}>{t("control.pause")}</Big>}
          <Big icon="router" on={lan} busy={busy || (shut && !lan)} id="internet-only" press={() => (lan ? mode("off") : setSure("lan"))}>{t("control.lan")}</Big>
          {!shut || lan ? <Big icon="lock" busy={busy} id="quarantine" press={() => setSure("block")}>{t("control.block")}</Big>
            : <Big icon="unlock" on busy={busy} id={open ? "free" : "release"} press={() => (open || d.mode !== "quarantine" ? mode("off") : asking.ask({ verb: "release", device: d.id }))}>{t("control.free-it")}</Big>}
        </div>
      )}
      <div role="status" className="stack tight">
        {steered(asking) && asking.error !== null && <Trouble error={asking.error} />}
        {steered(asking) && asking.order && <OrderLine order={asking.order} />}
      </div>
      {pausing.error && <Trouble error={pausing.error} />}
      {d.trial && <Tried device={d} trial={d.trial} busy={busy || !may} asking={asking} />}
      {may && <Modes device={d} asking={asking} busy={busy} />}
      <OwnPolicy device={d.id} />
      <Dialog title={t("control.pause")} open={sure === "pause" && has === false} close={() => setSure("")}>
        <NotIn extra="people" />
        <div className="row"><button className="plain" onClick={() => setSure("")}>{t("plan.close")}</button></div>
      </Dialog>
      <Dialog title={t("pause.title")} open={sure === "pause" && has !== false} close={() => setSure("")}>
        <Pausing close={() => setSure("")} send={(to) => {
          setSure("");
          pausing.mutate(to);
        }} />
      </Dialog>
      <Ask device={d} title={t("lan.title")} text={t("lan.text")} mode="no-lan" open={sure === "lan"} close={() => setSure("")} button={t("control.lan")} send={() => mode("no-lan")} />
      <Ask device={d} title={t("block.title")} text={t("block.text")} mode="quarantine" open={sure === "block"} close={() => setSure("")} button={t("control.block")}
        send={() => asking.ask({ verb: "quarantine", device: d.id })} />
    </section>
  );
}

function Now({ device: d }: { device: DeviceDetail }) {
  const key = `modes.${d.mode}.text`;
  return (
    <div className="stack tight">
      {d.held && <Admission device={d} />}
      {d.guest && <p data-testid="is-guest"><Icon name="lock" size={18} /> {t("control.guest")}</p>}
      {d.paused && <p data-testid="paused"><Icon name="clock" size={18} /> {t("control.paused", { time: clock(d.paused) })} {d.paused_by && d.paused_by !== "pause" && <bdi>{t("control.paused.by", { name: clip(d.paused_by, 60) })}</bdi>}</p>}
      {!d.held && !d.paused && !shutIn(d) && <p className="quiet">{t("control.free")}</p>}
      {shutIn(d) && hasKey(key) && <p><Icon name="lock" size={18} /> {t(key)}</p>}
    </div>
  );
}

function Big({ icon, id, on = false, busy, press, children }: { icon: IconName; id: string; on?: boolean; busy: boolean; press: () => void; children: ReactNode }) {
  return <button className={on ? "on" : "plain"} aria-pressed={on} disabled={busy} onClick={press} data-testid={id}><Icon name={icon} size={24} /><span>{children}</span></button>;
}

interface AskProps { device: DeviceDetail; title: string; text: string; mode: Mode; open: boolean; close: () => void; button: string; send: () => void }

// Ask says what a mode means and would break, before it is asked for.
function Ask({ device, title, text, mode, open, close, button, send }: AskProps) {
  return (
    <Dialog title={title} open={open} close={close}>
      <p className="quiet"><Name>{device.name}</Name></p>
      <p>{text}</p>
      <Breaks device={device} mode={mode} />
      <div className="row">
        <button data-testid="confirm" onClick={() => {
          close();
          send();
        }}>{button}</button>
        <button className="plain" onClick={close}>{t("cancel")}</button>
      </div>
    </Dialog>
  );
}

// Breaks is what a mode would stop, by what the gateway remembers. Without an answer the choice stays open.
export function Breaks({ device, mode }: { device: Pick<DeviceDetail, "id">; mode: Mode }) {
  const preview = usePreview(device.id, mode);
  const p = preview.data;
  return (
    <div className="stack tight breaks" data-testid="preview" data-mode={mode} data-stops={p?.stops ?? ""} role="status">
      <h3>{t("preview.title")}</h3>
      {!p && (preview.error ? <p className="quiet"><Icon name="cloudOff" size={18} /> {t("preview.offline")}</p> : <Skeleton lines={2} />)}
      {p && <p>{p.stops === 0 ? t("preview.none", { since: date(p.since ?? p.as_of) }) : t("preview.some", { n: p.stops, kept: p.kept, share: percent(p.share), since: date(p.since ?? p.as_of) })}</p>}
      {p && p.stops > 0 && (p.stopped.length === 0 ? <p className="small quiet">{t("preview.private")}</p> : <Which list={p.stopped} all={p.stops} />)}
    </div>
  );
}

function Which({ list, all }: { list: string[]; all: number }) {
  return (
    <details>
      <summary><Icon name="down" size={18} />{t("preview.which")}</summary>
      <ul className="reasons">{list.slice(0, 32).map((e) => <li key={e}><Name max={80}>{e}</Name></li>)}</ul>
      {all > list.length && <p className="small quiet">{tn("where.others", all - list.length)}</p>}
    </details>
  );
}

function Pausing({ close, send }: { close: () => void; send: (until: Date) => void }) {
  const [long, choose] = useState<(typeof pauses)[number]>(60);
  const name = (p: (typeof pauses)[number]) => (p === "morning" ? t("pause.morning") : p < 60 ? tn("pause.minutes", p) : tn("pause.hours", p / 60));
  return (
    <form onSubmit={(e) => {
      e.preventDefault();
      send(until(long));
    }}>
      <p>{t("pause.text")}</p>
      <fieldset className="choices">
        <legend className="hidden">{t("pause.title")}</legend>
        {pauses.map((p) => <label key={p} className="check"><input type="radio" name="long" checked={long === p} onChange={() => choose(p)} data-testid={`pause-${p}`} /><span>{name(p)}</span></label>)}
      </fieldset>
      <div className="row">
        <button data-testid="confirm">{t("control.pause")}</button>
        <button type="button" className="plain" onClick={close}>{t("cancel")}</button>
      </div>
    </form>
  );
}

const modes = ["off", "no-lan", "profile-only", "vendor-only", "update-only", "quarantine"] as const satisfies readonly Mode[];
const listing: readonly Mode[] = ["profile-only", "vendor-only", "update-only"];
const nameOf = (mode: string) => (hasKey(`modes.${mode}`) ? t(`modes.${mode}` as Key) : clip(mode, 40));

// Modes are all there are, the mildest first. A mode that keeps to a list can be tried first: nothing is stopped then, only counted.
function Modes({ device: d, asking, busy }: Props & { busy: boolean }) {
  const [chosen, choose] = useState<Mode | "">("");
  const [shown, show] = useState(false);
  const now = d.mode === "" ? "off" : d.mode;
  return (
    <details data-testid="modes" onToggle={(e) => show(e.currentTarget.open)}>
      <summary><Icon name="down" size={18} />{t("modes.more")}</summary>
      <fieldset className="choices">
        <legend className="hidden">{t("modes.more")}</legend>
        {modes.map((m) => (
          <label key={m} className="check">
            <input type="radio" name="mode" checked={(chosen || now) === m} onChange={() => choose(m)} data-testid={`mode-${m}`} />
            <span><strong>{nameOf(m)}</strong><br />{t(`modes.${m}.text`)}{m === now && <><br /><em className="small">{t("modes.now")}</em></>}</span>
          </label>
        ))}
      </fieldset>
      {shown && chosen !== "" && chosen !== now && (
        <div className="stack after">
          {chosen !== "off" && <Breaks device={d} mode={chosen} />}
          {listing.includes(chosen) && <p className="small quiet">{t("modes.try.text")}</p>}
          <div className="row">
            <button disabled={busy} data-testid="mode-do" onClick={() => asking.ask({ verb: "mode", device: d.id, mode: chosen })}>{t("modes.do")}</button>
            {listing.includes(chosen) && d.trial?.mode !== chosen && <button className="plain" disabled={busy} data-testid="mode-try" onClick={() => asking.ask({ verb: "try", device: d.id, mode: chosen })}>{t("modes.try")}</button>}
          </div>
        </div>
      )}
    </details>
  );
}

function Tried({ device: d, trial: x, busy, asking }: Props & { trial: Trial; busy: boolean }) {
  const since = date(x.since);
  return (
    <div className="stack tight note" data-testid="trial" data-mode={x.mode} data-stops={x.stops}>
      <h3><Icon name="eye" size={18} /> {t("trial.title", { mode: nameOf(x.mode) })}</h3>
      <p>{x.stops === 0 ? t("trial.none", { since }) : t("trial.some", { n: x.stops, share: percent(x.share), since })}</p>
      {x.stopped.length > 0 && <Which list={x.stopped} all={x.stops} />}
      <div className="row">
        <button className="plain" disabled={busy} data-testid="trial-do" onClick={() => asking.ask({ verb: "mode", device: d.id, mode: x.mode as Mode })}>{t("trial.do")}</button>
        <button className="plain" disabled={busy} data-testid="trial-end" onClick={() => asking.ask({ verb: "try", device: d.id, mode: "off" })}>{t("trial.end")}</button>
      </div>
    </div>
  );
}
