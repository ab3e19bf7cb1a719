// The same device again: what may be one, what was made one, and the way back.
import { useEffect, useState } from "react";
import { t } from "../../shared/i18n";
import type { Alias, Device, DeviceDetail } from "../../shared/model";
import { Dialog, Trouble } from "../../shared/parts/Bits";
import { OrderLine } from "../../shared/parts/Case";
import { Icon } from "../../shared/parts/Icon";
import { Link, navigate } from "../../shared/router";
import { clip, date, isolate } from "../../shared/text";
import { proposals, type Proposal } from "../../shared/who";
import { useDevices } from "../data";
import { useAbout, type About } from "./orders";

export function Same({ device }: { device: DeviceDetail }) {
  const asking = useAbout(device.id);
  const devices = useDevices().data?.items ?? [];
  const maybe = proposals(device.id, [device, ...devices.filter((d) => d.id !== device.id)]);
  const merged = device.aliases.filter((a) => !a.proposed);
  // A device that became part of another has no page any more: its people go to the other's.
  const [into, setInto] = useState("");
  const made = asking.order?.status === "in_force" && into !== "" && into !== device.id;
  useEffect(() => {
    if (made) navigate(`/devices/${encodeURIComponent(into)}`, true);
  }, [made, into]);
  const merge = (p: Proposal) => {
    setInto(p.into);
    asking.ask({ act: "merge", into: p.into, other: p.from });
  };
  if (maybe.length + merged.length === 0 && !asking.order) return null;
  return (
    <section className="card stack" aria-labelledby="same" data-testid="same">
      <h2 id="same">{t("same.title")}</h2>
      {maybe.slice(0, 8).map((p) => <Maybe key={p.into + p.from} id={device.id} proposal={p} devices={devices} asking={asking} merge={merge} />)}
      {merged.length > 0 && <ul className="lines">{merged.slice(0, 32).map((a) => <Merged key={a.device} alias={a} all={device.macs.length} asking={asking} />)}</ul>}
      <div role="status">
        {asking.error !== null && <Trouble error={asking.error} />}
        {asking.order && <OrderLine order={asking.order} />}
      </div>
    </section>
  );
}

const likely = (confidence: number) => t(confidence >= 0.95 ? "same.sure" : confidence >= 0.75 ? "same.probable" : "same.unsure");

function Reasons({ why }: { why: readonly string[] }) {
  return <ul className="reasons">{why.slice(0, 4).map((x, i) => <li key={i}><bdi>{clip(x, 200)}</bdi></li>)}</ul>;
}

interface MaybeProps { id: string; proposal: Proposal; devices: readonly Device[]; asking: About; merge: (p: Proposal) => void }

function Maybe({ id, proposal: p, devices, asking, merge }: MaybeProps) {
  const [sure, setSure] = useState(false);
  const other = p.into === id ? p.from : p.into;
  const name = isolate(devices.find((d) => d.id === other)?.name ?? "") || isolate(other, 12);
  return (
    <div className="stack tight" data-testid="maybe-same" data-other={other}>
      <p><Link to={`/devices/${encodeURIComponent(other)}`}>{t("same.maybe", { name })}</Link></p>
      <p className="small quiet">{likely(p.confidence)}</p>
      <Reasons why={p.why} />
      <div><button className="plain" disabled={!asking.may || asking.sending || asking.order?.status === "asked"} onClick={() => setSure(true)} data-testid="merge">
        <Icon name="check" />{t("same.merge")}</button></div>
      <p className="small quiet">{t("same.leave")}</p>
      <Dialog title={t("same.maybe", { name })} open={sure} close={() => setSure(false)}>
        <p>{t("same.merge.text")}</p>
        <div className="row">
          <button data-testid="confirm" onClick={() => {
            setSure(false);
            merge(p);
          }}>{t("same.merge")}</button>
          <button className="plain" onClick={() => setSure(false)}>{t("cancel")}</button>
        </div>
      </Dialog>
    </div>
  );
}

function Merged({ alias: a, all, asking }: { alias: Alias; all: number; asking: About }) {
  const [mac, setMac] = useState("");
  return (
    <li className="stack tight" data-testid="merged" data-other={a.device}>
      <p>{t("same.merged")} <span className="mac">{a.macs.slice(0, 16).map((m) => clip(m, 20)).join(", ") || clip(a.device, 13)}</span></p>
      <p className="small quiet">{t(a.by === "owner" ? "same.merged.by.owner" : "same.merged.by.gateway")} {a.merged && date(a.merged)}</p>
      <Reasons why={a.why} />
      {all > 1 && a.macs[0] && (
        <div><button className="plain" disabled={!asking.may || asking.sending || asking.order?.status === "asked"} onClick={() => setMac(a.macs[0] ?? "")} data-testid="split">
          {t("same.split")}</button></div>
      )}
      <Dialog title={t("same.split")} open={mac !== ""} close={() => setMac("")}>
        <p>{t("same.split.text", { mac: clip(mac, 20) })}</p>
        <div className="row">
          <button data-testid="confirm" onClick={() => {
            setMac("");
            asking.ask({ act: "split", mac });
          }}>{t("same.split")}</button>
          <button className="plain" onClick={() => setMac("")}>{t("cancel")}</button>
        </div>
      </Dialog>
    </li>
  );
}
