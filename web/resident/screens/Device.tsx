// Device: what it is, how it is, what it may do, what it talks to now and in a week, and what we cannot see.
import { useEffect, useSyncExternalStore } from "react";
import { netState, watchNet } from "../../shared/client";
import { t, tn } from "../../shared/i18n";
import { useLive } from "../../shared/live";
import type { DeviceDetail } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { OrderLine, word } from "../../shared/parts/Case";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { watched } from "../../shared/usual";
import { Contacts } from "../../shared/parts/Contacts";
import { useDevice, useHomeID, useMay, useOrder, type Asking } from "../data";
import { Coverage, Past, Ports } from "../device/About";
import { Control, steered } from "../device/Control";
import { Seven } from "../device/Where";
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
  const ready = d !== undefined;
  useEffect(() => {
    if (ready && location.hash === "#control") document.getElementById("control")?.scrollIntoView();
  }, [ready]);
  return (
    <>
      <p><Link to="/devices" className="back"><Icon name="back" size={20} />{t("nav.devices")}</Link></p>
      {!d && <Title className="hidden">{t("nav.device")}</Title>}
      {!d && (device.error ? <Trouble error={device.error} again={() => void device.refetch()} /> : <Skeleton lines={4} tall={120} />)}
      {d && <Head device={d} asking={asking} />}
      {d && !d.gateway && <Control device={d} asking={asking} />}
      {d && <Who device={d} />}
      {d && <Exposed device={d} />}
      {d && <Now device={d} asking={asking} />}
      {d && <Owned device={d} asking={asking} />}
      {d && d.week.length > 0 && <section className="card stack"><h2>{t("device.week")}</h2><WeekBars week={d.week} /></section>}
      {d && !d.gateway && <Seven device={d} />}
      {d && <Ports device={d} />}
      {d && <Coverage device={d} />}
      {d && <Same device={d} />}
      {d && <Past device={d} />}
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
      {!device.gateway && watched(device) && <p className="small quiet" data-testid="watched">{watched(device)}</p>}
      {open && (
        <Link to={`/incidents/${encodeURIComponent(open.id)}`} className="card ask need">
          <span className="lead"><Icon name="alert" size={22} /></span>
          <span className="grow"><strong>{t("device.see-incident")}</strong><span>{t("incident.code")} {clip(open.code, 8)}</span></span>
          <Icon name="next" size={20} />
        </Link>
      )}
      <div role="status" className="stack tight">
        {!steered(asking) && asking.error !== null && <Trouble error={asking.error} />}
        {!steered(asking) && asking.order && <OrderLine order={asking.order} />}
      </div>
    </section>
  );
}

function Now({ device, asking }: { device: DeviceDetail; asking: Asking }) {
  const live = useLive(useHomeID(), device.id);
  const may = useMay();
  const offline = useSyncExternalStore(watchNet, netState).offline;
  const state = offline && live.state === "waiting" ? "cut" : live.state;
  return (
    <section className="card stack" aria-labelledby="now" data-testid="live" data-live={state}>
      <div className="between">
        <h2 id="now">{t("device.now")}</h2>
        {live.state === "live" && <State tone="good" icon="dot">{t("live.live")}</State>}
      </div>
      {live.state === "offline" && <p className="quiet">{t("live.offline")} {live.lastSeen && <Ago at={live.lastSeen} />}</p>}
      {state === "waiting" && <Skeleton lines={3} />}
      {state === "cut" && <Empty icon="cloudOff">{t(offline ? "map.cut" : "live.cut")}</Empty>}
      {state === "private" && <Empty icon="lock">{t("where.forbidden")}</Empty>}
      {live.state === "live" && <Contacts contacts={live.contacts} blocked={device.blocked}
        block={may ? (endpoint) => asking.ask({ verb: "block", device: device.id, endpoint }) : undefined} busy={asking.sending} />}
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
            <button className="plain" disabled={!asking.may || asking.sending} aria-label={`${button}: ${clip(e, 60)}`}
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
  return (
    <section className="card stack">
      <h2>{t("device.about")}</h2>
      <details>
        <summary><Icon name="down" size={18} />{t("evidence.expert")}</summary>
        <dl className="facts">
          <dt>MAC</dt><dd>{device.macs.slice(0, 16).map((m) => clip(m, 20)).join(", ") || "–"}</dd>
          <dt>IP</dt><dd>{device.addresses.slice(0, 16).map((a) => clip(a, 45)).join(", ") || "–"}</dd>
          <dt>{t("device.port")}</dt><dd>{device.shared ? t("device.port.shared") : t("device.port.own")}</dd>
          {device.firmware && <><dt>{t("device.firmware")}</dt><dd><bdi>{clip(device.firmware, 80)}</bdi></dd></>}
          <dt>ID</dt><dd>{clip(device.id, 64)}</dd>
        </dl>
      </details>
      {device.macs.length > 1 && <p className="small quiet">{tn("device.macs", device.macs.length)}</p>}
    </section>
  );
}
