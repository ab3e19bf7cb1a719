// Activity: who looked at this home, as the cloud and the gateway wrote it down.
import { t } from "../../shared/i18n";
import { Empty, Skeleton, Trouble } from "../../shared/parts/Bits";
import { word } from "../../shared/parts/Case";
import { Title } from "../../shared/router";
import { clip, clock } from "../../shared/text";
import { useLooks } from "../data";

export function Activity() {
  const looks = useLooks();
  return (
    <>
      <Title>{t("nav.activity")}</Title>
      <p className="quiet">{t("activity.text")}</p>
      {!looks.data && (looks.error ? <Trouble error={looks.error} again={() => void looks.refetch()} /> : <Skeleton lines={4} />)}
      {looks.data?.items.length === 0 && <Empty icon="eye">{t("activity.none")}</Empty>}
      <ul className="stack tight" data-testid="looks">
        {looks.data?.items.map((l, i) => (
          <li key={i} className="card stack tight">
            <div className="between high"><strong><bdi>{clip(l.who, 60)}</bdi></strong><span className="quiet small">{clock(l.time)}</span></div>
            <p>{word("act", l.act)}{l.what && `: ${clip(l.what, 120)}`}{l.refused && ` (${t("activity.refused")})`}</p>
            {l.reason && <p className="small">{t("activity.reason", { reason: clip(l.reason, 200) })}</p>}
            <p className="small quiet">{word("source", l.source)}</p>
          </li>
        ))}
      </ul>
    </>
  );
}
