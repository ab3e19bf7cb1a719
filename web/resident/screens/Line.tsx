// Your line: one sentence, what helps, how it was by hour, what was tried.
import { t, tn, type Key } from "../../shared/i18n";
import type { Line, LineHour, LineNow, RemedyResult } from "../../shared/model";
import { Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { bytes, clip, clock } from "../../shared/text";
import { useLine, useOrder } from "../data";

export function LineScreen() {
  const line = useLine(24);
  return (
    <>
      <p><Link to="/more" className="back"><Icon name="back" size={20} />{t("nav.more")}</Link></p>
      <Title>{t("nav.line")}</Title>
      {!line.data && (line.error ? <Trouble error={line.error} again={() => void line.refetch()} /> : <Skeleton lines={5} tall={120} />)}
      {line.data && <Told line={line.data} />}
    </>
  );
}

function Told({ line }: { line: Line }) {
  return (
    <>
      <section className="card stack" data-testid="line-now" data-slow={line.slow}>
        <div><State tone={line.slow ? "need" : line.now ? "good" : "mute"} icon={line.slow ? "alert" : line.now ? "check" : "clock"}>{t(line.slow ? "line.slow" : line.now ? "line.well" : "line.silent")}</State></div>
        <p lang={line.language || undefined} data-testid="line-sentence">{clip(line.sentence, 240)}</p>
        {line.now && <Figures of={line.now} />}
      </section>
      {line.now && <Helps line={line} />}
      <Hours hours={line.hours} />
      <Tried list={line.remedies} />
    </>
  );
}

const ms = (n: number | null) => (n === null ? t("line.unmeasured") : t("line.ms", { n: n < 10 ? Math.round(n * 10) / 10 : Math.round(n) }));
const rate = (n: number) => t("line.rate", { bytes: bytes(n) });

function Figures({ of }: { of: LineNow }) {
  const rows: [Key, string][] = [
    ["line.latency", ms(of.latency)], ["line.beyond", ms(of.beyond)], ["line.dns", ms(of.dns)], ["line.lost", t("line.percent", { n: of.lost })],
    ["line.down", rate(of.down)], ["line.up", rate(of.up)],
  ];
  return <dl className="facts">{rows.map(([k, v]) => <div key={k}><dt>{t(k)}</dt><dd>{v}</dd></div>)}</dl>;
}

const remedies = ["fair", "upstream", "restart"] as const;

// Helps offers what fits where it is slow; what is in force can be ended at any time.
function Helps({ line }: { line: Line }) {
  const order = useOrder();
  if (!order.may || (!line.slow && !line.remedy)) return null;
  const waits = order.sending || order.order?.status === "asked";
  const fits = line.slow === "dns" ? (["upstream", "restart"] as const) : line.slow === "home" ? (["fair"] as const) : remedies;
  return (
    <section className="card stack" data-testid="line-helps">
      <h2>{t("line.helps")}</h2>
      {line.remedy ? (
        <>
          <p>{t(line.remedy === "fair" ? "line.in-force.fair" : "line.in-force.upstream")}</p>
          <p><button className="plain" disabled={waits} onClick={() => order.ask({ verb: "remedy", remedy: "off" })}>{t("line.end")}</button></p>
        </>
      ) : (
        <ul className="lines">
          {fits.map((kind) => (
            <li key={kind} className="stack tight">
              <p>{t(`line.${kind}.text`)}</p>
              <p><button className="plain" disabled={waits} data-testid={`try-${kind}`} onClick={() => order.ask({ verb: "remedy", remedy: kind })}>{t(`line.${kind}`)}</button></p>
            </li>
          ))}
        </ul>
      )}
      <p role="status" className="quiet">
        {waits ? t("line.asked") : order.order?.status === "in_force" ? t("line.begun") : order.order?.status === "failed" ? clip(order.order.reason, 300) : order.order ? t("line.expired") : ""}
      </p>
      {order.error && <Trouble error={order.error} />}
    </section>
  );
}

function Hours({ hours }: { hours: LineHour[] }) {
  if (hours.length === 0) return <Empty icon="clock">{t("line.no-hours")}</Empty>;
  return (
    <section className="card stack">
      <h2>{t("line.hours")}</h2>
      <div className="scroll">
        <table data-testid="line-hours">
          <thead><tr><th scope="col">{t("line.hour")}</th><th scope="col">{t("line.beyond")}</th><th scope="col">{t("line.lost")}</th><th scope="col">{t("line.slow-for")}</th><th scope="col">{t("line.busiest")}</th></tr></thead>
          <tbody>
            {[...hours].reverse().map((h) => (
              <tr key={h.begin}>
                <th scope="row">{clock(h.begin)}</th>
                <td>{ms(h.beyond_p50 ?? h.latency_p50)}</td>
                <td>{t("line.percent", { n: h.lost })}</td>
                <td>{h.slow_for > 0 ? tn("line.minutes", h.slow_for) : ""}</td>
                <td>{h.busiest[0]?.name ? <><Name max={24}>{h.busiest[0].name}</Name> {bytes(h.busiest[0].down + h.busiest[0].up)}</> : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Tried({ list }: { list: RemedyResult[] }) {
  if (list.length === 0) return null;
  return (
    <section className="card stack" data-testid="line-tried">
      <h2>{t("line.tried")}</h2>
      <ul className="lines">
        {list.slice(0, 20).map((r) => (
          <li key={r.order}>
            <strong>{t(`line.${r.kind}`)}</strong> <span className="quiet">{clock(r.at)}</span>
            <p>{clip(r.why, 300)} {t("line.before-after", { before: ms(figure(r, r.before)), after: ms(figure(r, r.after)) })}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const figure = (r: RemedyResult, n: LineNow) => (r.kind === "upstream" ? n.dns : n.beyond ?? n.latency);
