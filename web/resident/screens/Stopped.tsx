// Stopped: what was refused today, why, and how to let it through.
import { useMemo } from "react";
import { t, tn } from "../../shared/i18n";
import type { Stopped } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { OrderLine, word } from "../../shared/parts/Case";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { midnight, useOrder, useStopped } from "../data";

export function StoppedToday() {
  const since = useMemo(() => midnight(), []);
  const list = useStopped(since);
  const items = [...(list.data?.items ?? [])].sort((a, b) => Date.parse(b.last) - Date.parse(a.last)).slice(0, 200);
  return (
    <>
      <Title>{t("stopped.title")}</Title>
      {!list.data && (list.error ? <Trouble error={list.error} again={() => void list.refetch()} /> : <Skeleton lines={5} />)}
      {list.data && <p className="quiet" data-testid="trackers">{tn("home.trackers", list.data.trackers)} {t("stopped.trackers")}</p>}
      {list.data && items.length === 0 && <Empty icon="shield">{t("stopped.none")}</Empty>}
      <ul className="stack tight" data-testid="stopped">
        {items.map((s) => <Row key={s.device.id + s.endpoint + s.class} stopped={s} />)}
      </ul>
    </>
  );
}

function Row({ stopped: s }: { stopped: Stopped }) {
  const asking = useOrder();
  const own = s.class === "owner";
  const verb = own ? "unblock" : s.allowed ? "disallow" : "allow";
  const word2 = t(own ? "device.unblock" : s.allowed ? "device.disallow" : "stopped.allow");
  return (
    <li className="card stack tight" data-testid="stop">
      <div className="between high">
        <strong><Name max={60}>{s.endpoint}</Name></strong>
        <span className="quiet small">{tn("stopped.times", s.count)}</span>
      </div>
      <p>{clip(s.reason, 300) || word("class", s.class)}</p>
      <p className="quiet small">
        <Link to={`/devices/${encodeURIComponent(s.device.id)}`}><Name>{s.device.name}</Name></Link> · <Ago at={s.last} />
      </p>
      <div className="between">
        <details className="grow">
          <summary><Icon name="down" size={18} />{t("evidence.expert")}</summary>
          <p className="small">{word("class", s.class)}{s.family && `, ${clip(s.family, 60)}`}{s.source && ` (${clip(s.source, 80)})`}</p>
        </details>
        <button className="plain" disabled={asking.sending || asking.order?.status === "asked"} aria-label={`${word2}: ${clip(s.endpoint, 60)}`} data-testid={verb}
          onClick={() => asking.ask({ verb, device: s.device.id, endpoint: s.endpoint })}>{word2}</button>
      </div>
      <div role="status">
        {asking.error !== null && <Trouble error={asking.error} />}
        {asking.order && <OrderLine order={asking.order} />}
      </div>
    </li>
  );
}
