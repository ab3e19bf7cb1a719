// Devices: all there are, their state, when each was active, and what is going on now.
import { useState } from "react";
import { t, tn } from "../../shared/i18n";
import { useLive } from "../../shared/live";
import type { Contact, Device } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { useDevice, useDevices, useHomeID, usePeople } from "../data";
import { className } from "../../shared/product";
import { groups, type By } from "../group";
import { party } from "../map";
import { Strip } from "../strip";
import { deviceMark, needsLook } from "../../shared/marks";
import { Brief } from "../who/Brief";
import "../who/who.css";

const page = 60;

export function Devices() {
  const devices = useDevices();
  const live = useLive(useHomeID());
  const [shown, show] = useState(page);
  const [by, order] = useState<By>(() => (["person", "kind"] as const).find((x) => x === localStorage.getItem("devices-by")) ?? "state");
  const people = usePeople().data?.items ?? [];
  const items = (devices.data?.items ?? []).filter((d) => !d.gateway);
  const sorted = groups(items, by, people, className);
  const from = sorted.map((_, i) => sorted.slice(0, i).reduce((n, g) => n + g.devices.length, 0)); // how many are before a group
  return (
    <>
      <Title>{t("nav.devices")}</Title>
      {items.length > 0 && <p className="quiet">{tn("devices.count", items.length)} {tn("devices.online", items.filter((d) => d.online).length)}</p>}
      {!devices.data && (devices.error ? <Trouble error={devices.error} again={() => void devices.refetch()} /> : <Skeleton lines={6} />)}
      {devices.data && items.length === 0 && <Empty icon="devices">{t("devices.none")}</Empty>}
      {items.some((d) => d.exposures.length > 0) && <p><Link to="/exposures" className="back" data-testid="to-exposures">{t("nav.exposed")}<Icon name="next" size={20} /></Link></p>}
      {items.length > 3 && (
        <label className="grouped"><span>{t("group.by")}</span>
          <select value={by} data-testid="group-by" onChange={(e) => {
            localStorage.setItem("devices-by", e.target.value);
            order(e.target.value as By);
          }}>{(["state", "person", "kind"] as const).map((x) => <option key={x} value={x}>{t(`group.${x}`)}</option>)}</select>
        </label>
      )}
      <div className="stack" data-testid="devices">
        {sorted.map((g, i) => shown > (from[i] ?? 0) && (
          <section key={g.key} className="stack tight" data-testid="group" data-group={g.key} aria-label={by === "state" ? t("nav.devices") : g.name || t("group.nobody")}>
            {by !== "state" && <h2><Name>{g.name || t(by === "person" ? "group.nobody" : "class.")}</Name></h2>}
            <ul className="stack tight">
              {g.devices.slice(0, shown - (from[i] ?? 0)).map((d) => <Row key={d.id} device={d} contacts={live.contacts.filter((c) => c.device === d.id && !c.lookup)} />)}
            </ul>
          </section>
        ))}
      </div>
      {items.length > shown && <button className="plain" onClick={() => show(shown + page)}>{t("more")}</button>}
    </>
  );
}

function Row({ device, contacts }: { device: Device; contacts: Contact[] }) {
  const mark = deviceMark(device);
  const detail = useDevice(device.id);
  const today = detail.data?.week.at(-1);
  const look = device.exposures.some((x) => needsLook(device, x));
  const same = device.aliases.some((a) => a.proposed);
  const now = [...new Set(contacts.map(party))];
  return (
    <li>
      <Link to={`/devices/${encodeURIComponent(device.id)}`} className="card device" data-testid="device" data-device={device.id}>
        <span className="between">
          <strong><Name>{device.name}</Name></strong>
          <State tone={mark.tone} icon={mark.icon}>{mark.word}</State>
        </span>
        <span className="small facts-line">
          <Brief who={device.identity} />
          {look && <State tone="work" icon="eye" id="look">{t("exposed.look")}</State>}
          {same && <State tone="mute" icon="eye" id="may-be-same">{t("same.question")}</State>}
        </span>
        {today && <Strip hours={today.hours} />}
        <span className="quiet small talk">
          {now.length > 0 ? (
            <><Icon name="dot" size={14} /> {t("devices.talks")} <bdi>{now.slice(0, 3).join(", ")}</bdi>{now.length > 3 && ` +${now.length - 3}`}</>
          ) : device.online ? t("devices.silent") : <>{t("devices.seen")} <Ago at={device.last} /></>}
        </span>
      </Link>
    </li>
  );
}
