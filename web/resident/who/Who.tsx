// What a device is, why we think so, and what its people say instead.
import { t, tn } from "../../shared/i18n";
import { product, className } from "../../shared/product";
import { isKnown, judged, sureness, sureWord } from "../../shared/who";
import type { DeviceDetail } from "../../shared/model";
import { Name, State, Trouble, type Tone } from "../../shared/parts/Bits";
import { OrderLine } from "../../shared/parts/Case";
import { Correct } from "../../shared/parts/Correct";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { Link } from "../../shared/router";
import { foreign } from "../../shared/say";
import { clip } from "../../shared/text";
import { useState } from "react";
import { useAbout } from "./orders";
import "./who.css";

const marks: Record<string, { tone: Tone; icon: IconName }> = {
  owner: { tone: "good", icon: "check" }, operator: { tone: "good", icon: "check" }, sure: { tone: "good", icon: "check" },
  probable: { tone: "mute", icon: "eye" }, unsure: { tone: "mute", icon: "eye" }, nobody: { tone: "mute", icon: "dot" },
};

export function Who({ device }: { device: DeviceDetail }) {
  const who = device.identity;
  const asking = useAbout(device.id);
  const [fixing, fix] = useState(false);
  const sure = sureness(who);
  const mark = marks[sure] ?? { tone: "mute" as const, icon: "dot" as const };
  const other = judged(who);
  const busy = asking.sending || asking.order?.status === "asked";
  return (
    <section className="card stack" aria-labelledby="who" data-testid="who" data-class={who.class} data-by={who.by} data-sure={sure}>
      <div className="between high">
        <h2 id="who">{t("who.title")}</h2>
        <State tone={mark.tone} icon={mark.icon} id="sureness">{sureWord(sure)}</State>
      </div>
      <p className="what" data-testid="model">{product(who) ? <Name max={80}>{product(who)}</Name> : who.class ? className(who.class) : t("who.unknown")}</p>
      {!isKnown(who) && <p>{t("who.unknown.text")}</p>}
      <dl className="facts">
        <dt>{t("who.class")}</dt><dd data-testid="class"><ClassMark of={who.class} /></dd>
        <dt>{t("who.vendor")}</dt><dd>{who.vendor ? <bdi>{clip(who.vendor, 64)}</bdi> : t("who.not-known")}</dd>
        <dt>{t("who.model")}</dt><dd>{who.model ? <bdi>{clip(who.model, 64)}</bdi> : t("who.not-known")}</dd>
        {who.maker && !who.vendor.toLowerCase().includes(who.maker.toLowerCase()) && <><dt>{t("who.maker")}</dt><dd><bdi>{clip(who.maker, 64)}</bdi></dd></>}
      </dl>
      {other && <p className="small" data-testid="judged">{t(who.class ? "who.judged" : "who.judged.unknown", { class: className(other) })}</p>}
      <div>
        <h3>{t("who.why")}</h3>
        {who.evidence.length === 0 ? <p className="quiet">{t("who.no-why")}</p> : (
          <ul className="reasons" data-testid="why" lang={foreign(who.language)}>{who.evidence.slice(0, 5).map((e, i) => <li key={i}><bdi>{clip(e, 200)}</bdi></li>)}</ul>
        )}
        {(sure === "sure" || sure === "probable" || sure === "unsure") && <p className="small quiet">{t("who.percent", { n: Math.min(99, Math.round(who.confidence * 100)) })}</p>}
      </div>
      {!device.gateway && asking.may && (
        <div className="row">
          <button className="plain" disabled={busy} onClick={() => fix(true)} data-testid="correct">{t("fix.open")}</button>
          {who.by === "owner" && <button className="plain" disabled={busy} onClick={() => asking.ask({ act: "forget" })} data-testid="take-back">{t("fix.back")}</button>}
        </div>
      )}
      <Correct who={who} name={device.name} note={t("fix.vote")} by="owner" open={fixing} close={() => fix(false)} send={(body) => asking.ask({ act: "identify", body })} />
      <div role="status">
        {asking.error !== null && <Trouble error={asking.error} />}
        {asking.order && <OrderLine order={asking.order} />}
      </div>
      {device.behind.length > 0 && <BehindIt device={device} />}
    </section>
  );
}

// BehindIt shows the devices that a repeater or a hub speaks for.
function BehindIt({ device }: { device: DeviceDetail }) {
  return (
    <div className="stack tight" data-testid="behind">
      <h3><Icon name="devices" size={18} /> {tn("who.behind", device.behind.length)}</h3>
      <p className="small quiet">{t("who.behind.text")}</p>
      <ul className="lines">
        {device.behind.slice(0, 32).map((b, i) => {
          const what = product(b);
          const name = <Name>{b.name || what || className(b.class)}</Name>;
          return (
            <li key={b.device || i}>
              <p>{b.device && b.device !== device.id ? <Link to={`/devices/${encodeURIComponent(b.device)}`}>{name}</Link> : name}</p>
              <p className="small quiet"><ClassMark of={b.class} />{what && <> · <bdi>{clip(what, 64)}</bdi></>}</p>
              {b.evidence.length > 0 && <p className="small quiet"><bdi>{b.evidence.slice(0, 3).map((e) => clip(e, 120)).join(" · ")}</bdi></p>}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
