// Stopped: what was refused, why, day by day as far back as it is kept, and how to let it through.
import { t, tn } from "../../shared/i18n";
import type { Stopped } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { OrderLine, word } from "../../shared/parts/Case";
import { EvidenceFacts } from "../../shared/parts/EvidenceCard";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip, date, isolate } from "../../shared/text";
import { midnight, useOrder, useStoppedDays, weekOf } from "../data";
import { days, site } from "../stopped/days";
import { rule } from "../stopped/rule";

export function StoppedByDay() {
  const list = useStoppedDays();
  const pages = list.data?.pages ?? [];
  const last = (list.data?.pageParams.at(-1) as string | undefined) || Date.now();
  const trackers = pages.reduce((sum, p) => sum + p.trackers, 0);
  const groups = days(pages.flatMap((p) => p.items), midnight());
  return (
    <>
      <Title>{t("nav.stopped")}</Title>
      {!list.data && (list.error ? <Trouble error={list.error} again={() => void list.refetch()} /> : <Skeleton lines={5} />)}
      {list.data && <p className="quiet" data-testid="trackers">{t("stopped.since", { date: date(weekOf(last).since) })} {tn("home.trackers", trackers)} {t("stopped.trackers")}</p>}
      <div className="stack" data-testid="stopped">
        {list.data && groups.map((g, i) => (
          <section key={g.day} className="stack tight" data-testid="stopped-day" data-day={g.day}>
            <h2>{i < 2 && g.day === midnight(i) ? t(i === 0 ? "stopped.today" : "stopped.yesterday") : date(g.day)}</h2>
            {g.items.length === 0 && <Empty icon="shield">{t("stopped.none")}</Empty>}
            <ul className="stack tight">{g.items.slice(0, 200).map((s) => <Row key={s.device.id + s.endpoint + s.class + s.first} stopped={s} />)}</ul>
          </section>
        ))}
      </div>
      {list.data && (list.hasNextPage
        ? <div><button className="plain" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="earlier"><Icon name="clock" />{t("stopped.earlier")}</button></div>
        : <p className="small quiet" data-testid="stopped-all">{t("stopped.all")}</p>)}
      {list.data && list.error && <Trouble error={list.error} again={() => void list.fetchNextPage()} />}
    </>
  );
}

function why(s: Stopped): string {
  if (s.class === "phishing" && s.endpoint) return t("stopped.phishing", { name: isolate(s.device.name), domain: isolate(site(s.endpoint), 80) });
  return clip(s.reason, 300) || word("threat", s.class);
}

function Row({ stopped: s }: { stopped: Stopped }) {
  const asking = useOrder();
  const own = s.class === "owner";
  const verb = own ? "unblock" : s.allowed ? "disallow" : "allow";
  const word2 = t(own ? "device.unblock" : s.allowed ? "device.disallow" : "stopped.allow");
  return (
    <li className="card stack tight" data-testid="stop" data-class={s.class}>
      <div className="between high">
        <strong><Name max={60}>{s.endpoint}</Name></strong>
        <span className="quiet small">{tn("stopped.times", s.count)}</span>
      </div>
      <p>{why(s)}</p>
      <p className="quiet small">
        <Link to={`/devices/${encodeURIComponent(s.device.id)}`}><Name>{s.device.name}</Name></Link> · <Ago at={s.last} />
      </p>
      <div className="between">
        <details className="grow">
          <summary><Icon name="down" size={18} />{t("evidence.expert")}</summary>
          <div className="stack tight" data-testid="stop-why">
            {rule(s).map((l) => <p key={l} className="small">{l}</p>)}
            {s.card && <EvidenceFacts card={s.card} blocked={!s.allowed} />}
          </div>
        </details>
        {asking.may && s.endpoint !== "" && <button className="plain" disabled={asking.sending || asking.order?.status === "asked"} aria-label={`${word2}: ${clip(s.endpoint, 60)}`} data-testid={verb}
          onClick={() => asking.ask({ verb, device: s.device.id, endpoint: s.endpoint })}>{word2}</button>}
      </div>
      <div role="status">
        {asking.error !== null && <Trouble error={asking.error} />}
        {asking.order && <OrderLine order={asking.order} />}
      </div>
    </li>
  );
}
