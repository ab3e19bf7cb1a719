// Incidents: all cases of this home, the newest first.
import { t } from "../../shared/i18n";
import { Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { CaseState } from "../../shared/parts/Case";
import { Link, Title } from "../../shared/router";
import { caseSentence } from "../../shared/say";
import { clip, clock } from "../../shared/text";
import { useIncidents } from "../data";

export function Incidents() {
  const list = useIncidents("all");
  return (
    <>
      <Title>{t("nav.incidents")}</Title>
      {!list.data && (list.error ? <Trouble error={list.error} again={() => void list.refetch()} /> : <Skeleton lines={4} />)}
      {list.data?.items.length === 0 && <Empty>{t("incidents.none")}</Empty>}
      <ul className="stack tight">
        {list.data?.items.map((i) => (
          <li key={i.id}>
            <Link to={`/incidents/${encodeURIComponent(i.id)}`} className="card device" data-testid="incident">
              <span className="between"><strong><Name>{i.device.name}</Name></strong><CaseState state={i.state} /></span>
              <span>{clip(caseSentence(i), 240)}</span>
              <span className="quiet small">{clock(i.opened)} · {clip(i.code, 8)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
