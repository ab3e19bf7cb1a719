// Who a device of a home is and how exposed, as staff see it: with the evidence, nothing to press.
import { known } from "../../shared/i18n/who";
import { needsLook } from "../../shared/marks";
import type { Device } from "../../shared/model";
import { Ago, Name, State } from "../../shared/parts/Bits";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { clip, date } from "../../shared/text";
import { className, judged, product } from "../../shared/who";
import { Texts } from "./Models";

export function Whole({ device: d }: { device: Device }) {
  const who = d.identity;
  const other = judged(who);
  return (
    <section className="stack" aria-labelledby="whole" data-testid="whole">
      <h3 id="whole">Who <Name>{d.name}</Name> is, and how exposed</h3>
      <div className="cols">
        <dl className="facts">
          <dt>Model</dt><dd><bdi>{clip(who.model, 64) || "not known"}</bdi></dd>
          <dt>Maker</dt><dd><bdi>{clip(who.vendor, 64) || "not known"}</bdi>{who.maker && who.maker !== who.vendor && <> (network part by <bdi>{clip(who.maker, 64)}</bdi>)</>}</dd>
          <dt>Kind</dt><dd><ClassMark of={who.class} />{other && <p className="small quiet">judged as: {className(other)}</p>}</dd>
          <dt>Said by</dt><dd>{clip(who.by, 20) || "nobody"}, {Math.round(who.confidence * 100)} %</dd>
          <dt>Evidence</dt><dd><Texts of={who.evidence} /></dd>
          {d.protections.length > 0 && <><dt>Protected by</dt><dd>{d.protections.slice(0, 16).map((p) => clip(known("guard", p.kind), 40) + (p.port ? ` ${p.port}` : "")).join(", ")}</dd></>}
          {d.behind.length > 0 && <><dt>Behind it</dt><dd><Texts of={d.behind.map((b) => [b.name, product(b), b.class && className(b.class)].filter(Boolean).join(", "))} /></dd></>}
          {d.aliases.slice(0, 16).map((a) => (
            <div key={a.device} className="pair"><dt>{a.proposed ? "Perhaps the same" : "Merged"}</dt><dd>{a.macs.slice(0, 4).map((m) => clip(m, 20)).join(", ")} ({clip(a.by, 12)}, {Math.round(a.confidence * 100)} %)<Texts of={a.why} /></dd></div>
          ))}
        </dl>
        <ul className="lines">
          {d.exposures.length === 0 && <li className="quiet">Nothing was seen that makes it easy to attack.</li>}
          {d.exposures.slice(0, 32).map((x) => (
            <li key={x.id} className="stack tight" data-testid="exposed" data-kind={x.kind}>
              <div className="between high"><strong>{clip(known("kind", x.kind), 40)}</strong>
                {needsLook(d, x) ? <State tone="work" icon="eye">Worth a look</State> : <State tone="mute" icon={x.certain ? "check" : "eye"}>{x.certain ? "Known" : "Some versions"}</State>}</div>
              <p><bdi>{clip(x.sentence, 300)}</bdi> <bdi className="quiet">{clip(x.reference, 80)}</bdi></p>
              {x.advice && <p className="small"><bdi>{clip(x.advice, 300)}</bdi></p>}
              <p className="small quiet">Since {date(x.first)}, last <Ago at={x.last} />{x.source && <>, {clip(x.source, 60)}</>}</p>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
