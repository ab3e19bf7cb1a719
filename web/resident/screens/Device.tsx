// Device: what it is, how it is, what it talks to now, and what can be done.
import { useState } from "react";
import { t, tn } from "../../shared/i18n";
import { useLive } from "../../shared/live";
import type { DeviceDetail } from "../../shared/model";
import { Ago, Dialog, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { OrderLine, word } from "../../shared/parts/Case";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip, date } from "../../shared/text";
import { Contacts } from "../../shared/parts/Contacts";
import { useDevice, useHomeID, useOrder, type Asking } from "../data";
import { Strip, WeekBars } from "../strip";
import { deviceMark, shutIn } from "../../shared/marks";
import { Brief } from "../who/Brief";
import { Exposed } from "../who/Exposed";
import { Same } from "../who/Same";
import { Who } from "../who/Who";

export function DeviceScreen({ id }: { id: string }) {
  const device = useDevice(id);
  const asking = useOrder();
  const d = device.data;
  return (
    <>
      <p><Link to="/devices" className="back"><Icon name="back" size={20} />{t("nav.devices")}</Link></p>
      {!d && <Title className="hidden">{t("nav.device")}</Title>}
      {!d && (device.error ? <Trouble error={device.error} again={() => void device.refetch()} /> : <Skeleton lines={4} tall={120} />)}
      {d && <Head device={d} asking={asking} />}
      {d && <Who device={d} />}
      {d && <Exposed device={d} />}
      {d && <Now device={d} asking={asking} />}
      {d && <Owned device={d} asking={asking} />}
      {d && d.week.length > 0 && <section className="card stack"><h2>{t("device.week")}</h2><WeekBars week={d.week} /></section>}
      {d && <Same device={d} />}
      {d && <About device={d} />}
    </>
  );
}

function Head({ device, asking }: { device: DeviceDetail; asking: Asking }) {
  const mark = deviceMark(device);
  const today = device.week.at(-1);
  const open = device.incident && device.incident.state !== "closed" ? device.incident : null;
  return (
    <section className="stack tight">
      <div data-testid="device-state" data-mode={device.mode}><State tone={mark.tone} icon={mark.icon}>{mark.word}</State></div>
      <Title><Name max={60}>{device.name}</Name></Title>
      <p className="quiet">
        <Brief who={device.identity} /> · {device.online ? t("device.here") : <>{t("devices.seen")} <Ago at={device.last} /></>}
      </p>
      {shutIn(device) && <p>{word("mode", device.mode)}. {word("grade", device.grade)}</p>}
      {device.protected && <p className="quiet small">{t("device.protected")}</p>}
      {today && <Strip hours={today.hours} />}
      {open && (
        <Link to={`/incidents/${encodeURIComponent(open.id)}`} className="card ask need">
          <span className="lead"><Icon name="alert" size={22} /></span>
          <span className="grow"><strong>{t("device.see-incident")}</strong><span>{t("incident.code")} {clip(open.code, 8)}</span></span>
          <Icon name="next" size={20} />
        </Link>
      )}
      {!device.gateway && <Control device={device} open={open?.id} asking={asking} />}
      <div role="status" className="stack tight">
        {asking.error !== null && <Trouble error={asking.error} />}
        {asking.order && <OrderLine order={asking.order} />}
      </div>
    </section>
  );
}

function Control({ device, open, asking }: { device: DeviceDetail; open?: string; asking: Asking }) {
  const [sure, setSure] = useState(false);
  if (shutIn(device)) {
    return open ? null : (
      <div><button className="plain" disabled={asking.sending} data-testid="release"
        onClick={() => asking.ask({ verb: "release", device: device.id })}><Icon name="unlock" />{t("device.release")}</button></div>
    );
  }
  return (
    <div>
      <button className="plain" onClick={() => setSure(true)} data-testid="quarantine"><Icon name="lock" />{t("device.shut-in")}</button>
      <Dialog title={t("device.shut-in.title")} open={sure} close={() => setSure(false)}>
        <p><Name>{device.name}</Name>: {t("device.shut-in.text")}</p>
        <div className="row">
          <button data-testid="confirm" onClick={() => {
            setSure(false);
            asking.ask({ verb: "quarantine", device: device.id });
          }}><Icon name="lock" />{t("device.shut-in")}</button>
          <button className="plain" onClick={() => setSure(false)}>{t("cancel")}</button>
        </div>
      </Dialog>
    </div>
  );
}

function Now({ device, asking }: { device: DeviceDetail; asking: Asking }) {
  const live = useLive(useHomeID(), device.id);
  return (
    <section className="card stack" aria-labelledby="now" data-testid="live" data-live={live.state}>
      <div className="between">
        <h2 id="now">{t("device.now")}</h2>
        {live.state === "live" && <State tone="good" icon="dot">{t("live.live")}</State>}
      </div>
      {live.state === "offline" && <p className="quiet">{t("live.offline")} {live.lastSeen && <Ago at={live.lastSeen} />}</p>}
      {live.state === "waiting" && <Skeleton lines={3} />}
      {live.state === "live" && <Contacts contacts={live.contacts} blocked={device.blocked}
        block={(endpoint) => asking.ask({ verb: "block", device: device.id, endpoint })} busy={asking.sending} />}
      <p className="small quiet">{t("live.private")}</p>
    </section>
  );
}

function Owned({ device, asking }: { device: DeviceDetail; asking: Asking }) {
  if (device.blocked.length + device.allowed.length === 0) return null;
  const list = (items: string[], undo: "unblock" | "disallow", text: string, button: string) => items.length > 0 && (
    <div>
      <h3>{text}</h3>
      <ul className="lines">
        {items.slice(0, 100).map((e) => (
          <li key={e} className="between">
            <Name max={60}>{e}</Name>
            <button className="plain" disabled={asking.sending} aria-label={`${button}: ${clip(e, 60)}`}
              onClick={() => asking.ask({ verb: undo, device: device.id, endpoint: e })}>{button}</button>
          </li>
        ))}
      </ul>
    </div>
  );
  return (
    <section className="card stack" data-testid="rules">
      <h2>{t("device.rules")}</h2>
      {list(device.blocked, "unblock", t("device.blocked"), t("device.unblock"))}
      {list(device.allowed, "disallow", t("device.allowed"), t("device.disallow"))}
    </section>
  );
}

function About({ device }: { device: DeviceDetail }) {
  const share = device.coverage?.unnamed_share;
  return (
    <section className="card stack">
      <h2>{t("device.about")}</h2>
      <dl className="facts">
        <dt>{t("device.first")}</dt><dd>{date(device.first)}</dd>
        {share !== undefined && <><dt>{t("device.coverage")}</dt><dd>{t("device.coverage.text", { share: Math.round(share * 100) })}</dd></>}
      </dl>
      <details>
        <summary><Icon name="down" size={18} />{t("evidence.expert")}</summary>
        <dl className="facts">
          <dt>MAC</dt><dd>{device.macs.slice(0, 16).map((m) => clip(m, 20)).join(", ") || "–"}</dd>
          <dt>IP</dt><dd>{device.addresses.slice(0, 16).map((a) => clip(a, 45)).join(", ") || "–"}</dd>
          <dt>{t("device.port")}</dt><dd>{device.shared ? t("device.port.shared") : t("device.port.own")}</dd>
          <dt>ID</dt><dd>{clip(device.id, 64)}</dd>
        </dl>
      </details>
      {device.macs.length > 1 && <p className="small quiet">{tn("device.macs", device.macs.length)}</p>}
    </section>
  );
}
