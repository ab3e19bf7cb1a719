// One week: in a sentence, in figures beside those of the week before, with its incidents and new devices.
import { known, language, locale, t, tn, type Key } from "../../shared/i18n";
import { Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { bytes, clip } from "../../shared/text";
import { useExtra } from "../data";
import { NotIn } from "../plan/NotIn";
import { useReport } from "../report/data";
import { bars, change, range, type Report as Week } from "../report/week";
import "../settings.css";
import { Clear } from "./Reports";

export function Report({ week }: { week: string }) {
  const has = useExtra("reports");
  const report = useReport(week, has === true);
  const r = report.data;
  if (has === false) return <><Title>{t("nav.reports")}</Title><NotIn extra="reports" /></>;
  if (!r) {
    return (
      <>
        <Title>{t("report.title")}</Title>
        {report.error ? <Trouble error={report.error} again={() => void report.refetch()} /> : <Skeleton lines={5} tall={120} />}
        <p><Link to="/reports"><Icon name="back" size={18} /> {t("nav.reports")}</Link></p>
      </>
    );
  }
  return (
    <>
      <p><Link to="/reports" className="tall"><Icon name="back" size={18} /> {t("nav.reports")}</Link></p>
      <Title>{range(r, locale())}</Title>
      <section className="card stack tight" data-testid="week" data-week={r.week} data-clear={r.clear}>
        <div><Clear clear={r.clear} open={r.open_cases} /></div>
        <p data-testid="week-sentence">{clip(r.sentences[language()] ?? r.sentences.en ?? "", 600)}</p>
        {r.told_days < 7 && <p className="small quiet"><Icon name="cloudOff" size={18} /> {tn("report.silent", 7 - r.told_days)}</p>}
      </section>
      <Figures report={r} />
      <Stopped report={r} />
      <Cases report={r} />
      {r.new.length > 0 && (
        <section className="card stack tight">
          <h2>{t("report.new")}</h2>
          <ul className="lines">{r.new.map((d) => <li key={d.id}><Link to={`/devices/${encodeURIComponent(d.id)}`} className="tall"><Name>{d.name}</Name></Link></li>)}</ul>
          {r.new_devices > r.new.length && <p className="small quiet">{tn("report.more", r.new_devices - r.new.length)}</p>}
        </section>
      )}
      <div><button className="plain" onClick={() => print()}>{t("report.print")}</button></div>
    </>
  );
}

const figures = ["case_count", "stopped", "trackers", "devices", "new_devices", "exposed"] as const;

function Figures({ report: r }: { report: Week }) {
  const compared = (now: number, before: number | undefined) => {
    const c = change(now, before);
    return c ? t(`report.vs.${c.way}`, c.way === "same" ? {} : { by: c.by.toLocaleString(locale()) }) : "";
  };
  const row = (name: Key, now: string, then: string) => <tr key={name}><th scope="row">{t(name)}</th><td>{now}</td><td>{then}</td></tr>;
  return (
    <section className="card stack tight" aria-labelledby="figures">
      <h2 id="figures">{t("report.figures")}</h2>
      <table data-testid="figures" aria-labelledby="figures">
        <thead><tr><th scope="col">{t("report.what")}</th><th scope="col">{t("report.this")}</th><th scope="col">{t("report.before")}</th></tr></thead>
        <tbody>
          {figures.map((f) => row(`report.${f}`, r[f].toLocaleString(locale()), compared(r[f], r.before?.[f])))}
          {row("report.bytes_down", bytes(r.bytes_down), r.before ? bytes(r.before.bytes_down) : "")}
          {row("report.bytes_up", bytes(r.bytes_up), r.before ? bytes(r.before.bytes_up) : "")}
        </tbody>
      </table>
    </section>
  );
}

function Stopped({ report: r }: { report: Week }) {
  const list = bars(r.stopped_by_class);
  if (list.length === 0) return null;
  const most = list[0]?.n ?? 1;
  return (
    <section className="card stack tight">
      <h2>{t("report.stopped.title")}</h2>
      <ul className="bars">{list.map((b) => <li key={b.name}><span className="between"><span>{known("threat", b.name)}</span><span>{b.n.toLocaleString(locale())}</span></span><meter min={0} max={most} value={b.n} aria-label={known("threat", b.name)} /></li>)}</ul>
    </section>
  );
}

const states = ["open", "contained", "cleaning", "probation", "closed"] as const;

function state(x: string): string {
  const one = states.find((s) => s === x);
  return one ? t(`report.state.${one}`) : clip(x, 40);
}

function Cases({ report: r }: { report: Week }) {
  if (r.cases.length === 0) return null;
  return (
    <section className="card stack tight">
      <h2>{t("report.cases")}</h2>
      <ul className="lines">
        {r.cases.map((c) => (
          <li key={c.id} data-testid="report-case">
            <Link to={`/incidents/${encodeURIComponent(c.id)}`} className="tall"><Name>{c.device}</Name></Link>
            <p className="small quiet">{state(c.state)} · {t("report.code")} {clip(c.code, 12)}</p>
          </li>
        ))}
      </ul>
      {r.case_count > r.cases.length && <p className="small quiet">{tn("report.more", r.case_count - r.cases.length)}</p>}
    </section>
  );
}
