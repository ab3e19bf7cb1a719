// The weekly reports: the latest whole, the others by their sentence.
import { language, locale, t } from "../../shared/i18n";
import { Empty, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { useExtra } from "../data";
import { NotIn } from "../plan/NotIn";
import { useReports } from "../report/data";
import { isWeek, range } from "../report/week";

export function Reports() {
  const has = useExtra("reports");
  const reports = useReports(has === true);
  const list = reports.data?.items;
  if (has === false) return <><Title>{t("nav.reports")}</Title><NotIn extra="reports" /></>;
  return (
    <>
      <Title>{t("nav.reports")}</Title>
      <p className="quiet">{t("report.text")}</p>
      {!list && (reports.error ? <Trouble error={reports.error} again={() => void reports.refetch()} /> : <Skeleton lines={4} tall={90} />)}
      {list?.length === 0 && <Empty icon="clock">{t("report.none")}</Empty>}
      <ul className="stack tight" data-testid="reports">
        {list?.filter((r) => isWeek(r.week)).map((r) => (
          <li key={r.week}>
            <Link to={`/reports/${r.week}`} className="card ask" data-testid="report" data-week={r.week} data-clear={r.clear}>
              <span className="grow">
                <strong>{range(r, locale())}</strong>
                <span className="small">{clip(r.sentences[language()] ?? r.sentences.en ?? "", 200)}</span>
                <span><Clear clear={r.clear} open={r.open_cases} /></span>
              </span>
              <Icon name="next" size={20} />
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

export function Clear({ clear, open }: { clear: boolean; open: number }) {
  if (clear) return <State tone="good" icon="check" id="all-clear">{t("report.clear")}</State>;
  return open > 0 ? <State tone="need" icon="alert">{t("report.open")}</State> : <State tone="work" icon="eye">{t("report.settled")}</State>;
}
