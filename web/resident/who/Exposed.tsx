// How a device could be attacked: plain statements, how we know, and what helps with one tap. There is no score.
import { known, t } from "../../shared/i18n";
import { covers, needsLook } from "../../shared/marks";
import type { Device, Exposure } from "../../shared/model";
import { State } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { foreign } from "../../shared/say";
import { port, statement } from "../../shared/statement";
import { ago, clip, date } from "../../shared/text";
import { Guard } from "./Guard";
import { protection } from "./orders";
import "./who.css";

type Of = Pick<Device, "id" | "name" | "protections">;

export function Exposed({ device }: { device: Of & Pick<Device, "exposures"> }) {
  const list = [...device.exposures].sort((a, b) => rank(device, a) - rank(device, b));
  const told = list.filter((x) => rank(device, x) < 3);
  const rest = list.filter((x) => rank(device, x) === 3);
  // What protects it although the exposure is gone stays here, with the way back.
  const left = device.protections.filter((p) => !list.some((x) => x.protect.some((kind) => covers(p, kind, x))));
  return (
    <section className="card stack" aria-labelledby="exposed" data-testid="exposure" data-needs={list.filter((x) => needsLook(device, x)).length}>
      <h2 id="exposed">{t("exposed.title")}</h2>
      {list.length === 0 && <p className="quiet"><Icon name="check" size={18} /> {t("exposed.none")}</p>}
      {told.length > 0 && <ul className="lines">{told.map((x) => <Statement key={x.id} device={device} exposure={x} />)}</ul>}
      {rest.length > 0 && told.length > 0 && (
        <details>
          <summary><Icon name="down" size={18} />{t("exposed.fine", { n: rest.length })}</summary>
          <ul className="lines">{rest.map((x) => <Statement key={x.id} device={device} exposure={x} />)}</ul>
        </details>
      )}
      {rest.length > 0 && told.length === 0 && <ul className="lines">{rest.map((x) => <Statement key={x.id} device={device} exposure={x} />)}</ul>}
      {left.length > 0 && (
        <div className="stack tight">
          <h3>{t("guard.title")}</h3>
          {left.map((p) => <Guard key={`${p.kind} ${p.proto ?? ""} ${p.port ?? 0}`} device={device} ask={p} held />)}
        </div>
      )}
    </section>
  );
}

// rank puts what is worth a look first, then what is protected, then what is not certain, then what needs nothing.
export const rank = (d: Of, x: Exposure) => (needsLook(d, x) ? 0 : x.advice === "" ? 3 : x.certain ? 1 : 2);

const states = [
  { tone: "work", icon: "eye", key: "exposed.needs" }, { tone: "good", icon: "shield", key: "exposed.safe" },
  { tone: "mute", icon: "eye", key: "exposed.perhaps" }, { tone: "mute", icon: "dot", key: "exposed.nothing" },
] as const;

export function Statement({ device, exposure: x }: { device: Of; exposure: Exposure }) {
  const s = states[rank(device, x)] ?? states[3];
  const way = port(x, device.name);
  const say = way ? { ...way, own: true } : statement(x);
  return (
    <li className="stack tight" data-testid="exposed" data-kind={x.kind} data-id={x.id} data-certain={x.certain}>
      <div className="between wrap"><h3>{clip(known("kind", x.kind), 60)}</h3><State tone={s.tone} icon={s.icon}>{t(s.key)}</State></div>
      <p><bdi>{clip(say.sentence, 400)}</bdi></p>
      {say.advice && <p className={needsLook(device, x) ? "advice" : "quiet"}><bdi>{clip(say.advice, 400)}</bdi></p>}
      {!x.certain && <p className="small quiet">{t("exposed.maybe")}</p>}
      <details>
        <summary><Icon name="down" size={18} />{t("evidence.expert")}</summary>
        <div className="stack tight small">
          {say.own && <p lang={foreign(x.language)}><bdi>{clip(x.sentence, 400)}</bdi></p>}
          {x.evidence.length > 0 && <div><p className="quiet">{t("exposed.evidence")}</p><ul className="reasons" lang={foreign(x.language)}>{x.evidence.slice(0, 4).map((e, i) => <li key={i}><bdi>{clip(e, 200)}</bdi></li>)}</ul></div>}
          <dl className="facts small">
            {x.port > 0 && <><dt>{t("exposed.port")}</dt><dd>{clip(x.proto, 4)} {x.port}{x.external > 0 && x.external !== x.port && ` (${x.external})`}</dd></>}
            {x.reference && <><dt>{t("exposed.reference")}</dt><dd data-testid="reference"><bdi>{clip(x.reference, 80)}</bdi></dd></>}
            {x.source && <><dt>{t("exposed.source")}</dt><dd><bdi>{clip(x.source, 80)}</bdi></dd></>}
          </dl>
          <p className="quiet">{t("exposed.seen", { first: date(x.first), last: ago(x.last) })} {x.certain && t("exposed.certain")}</p>
        </div>
      </details>
      {x.protect.length > 0 && (
        <div className="row high">
          {x.protect.slice(0, 3).filter(offered).map((kind) => (
            <Guard key={kind} device={device} ask={protection(kind, x)} held={device.protections.some((p) => covers(p, kind, x))} />
          ))}
        </div>
      )}
    </li>
  );
}

const offered = (kind: string) => kind === "close" || kind === "no-lan" || kind === "vendor-only";
