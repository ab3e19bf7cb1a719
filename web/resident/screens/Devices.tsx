// Devices: all there are, their state, when each was active, and what is going on now.
import { useState } from "react";
import { t, tn } from "../../shared/i18n";
import { useLive } from "../../shared/live";
import type { Contact, Device } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { useDevice, useDevices, useHomeID } from "../data";
import { party } from "../map";
import { Strip } from "../strip";
import { deviceMark, inOrder, needsLook } from "../../shared/marks";
import { w } from "../../shared/i18n/who";
import { Brief } from "../who/Brief";
import "../who/who.css";

const page = 60;

export function Devices() {
  const devices = useDevices();
  const live = useLive(useHomeID());
  const [shown, show] = useState(page);
  const items = inOrder((devices.data?.items ?? []).filter((d) => !d.gateway));
  return (
    <>
      <Title>{t("nav.devices")}</Title>
      {items.length > 0 && <p className="quiet">{tn("devices.count", items.length)} {tn("devices.online", items.filter((d) => d.online).length)}</p>}
      {!devices.data && (devices.error ? <Trouble error={devices.error} again={() => void devices.refetch()} /> : <Skeleton lines={6} />)}
      {devices.data && items.length === 0 && <Empty icon="devices">{t("devices.none")}</Empty>}
      {items.some((d) => d.exposures.length > 0) && <p><Link to="/exposures" className="back" data-testid="to-exposures">{t("nav.exposed")}<Icon name="next" size={20} /></Link></p>}
      <ul className="stack tight" data-testid="devices">
        {items.slice(0, shown).map((d) => (
          <Row key={d.id} device={d} contacts={live.contacts.filter((c) => c.device === d.id && !c.lookup)} />
        ))}
      </ul>
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
          {look && <State tone="work" icon="eye" id="look">{w("exposed.look")}</State>}
          {same && <State tone="mute" icon="eye" id="may-be-same">{w("same.question")}</State>}
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
