// What was sent to this person, by which way, and what became of it.
import { useInfiniteQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { hasKey, t } from "../../shared/i18n";
import { Empty, Skeleton, State, Trouble, type Tone } from "../../shared/parts/Bits";
import type { IconName } from "../../shared/parts/Icon";
import { clip, clock } from "../../shared/text";

type Delivery = components["schemas"]["Delivery"];

export function Deliveries() {
  const q = useInfiniteQuery({
    queryKey: ["deliveries"],
    initialPageParam: "",
    queryFn: ({ pageParam }) => ok(api.GET("/v1/notifications/deliveries", { params: { query: pageParam ? { cursor: pageParam, limit: 20 } : { limit: 20 } } })),
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: (x) => (x.state.data?.pages[0]?.items.some((d) => d.status === "waiting") ? 5000 : false),
  });
  const all = q.data?.pages.flatMap((p) => p.items);
  return (
    <section className="stack tight" aria-labelledby="sent">
      <h2 id="sent">{t("sent.title")}</h2>
      {!all && (q.error ? <Trouble error={q.error} again={() => void q.refetch()} /> : <Skeleton lines={3} />)}
      {all?.length === 0 && <Empty icon="bell">{t("sent.none")}</Empty>}
      <ul className="lines card" hidden={!all?.length} data-testid="deliveries">{all?.map((d) => <Row key={d.id} delivery={d} />)}</ul>
      {q.hasNextPage && <div><button className="plain" disabled={q.isFetchingNextPage} onClick={() => void q.fetchNextPage()}>{t("more")}</button></div>}
    </section>
  );
}

const looks: Record<Delivery["status"], [Tone, IconName]> = { waiting: ["work", "clock"], sent: ["good", "check"], replaced: ["mute", "refresh"], dropped: ["mute", "stop"], failed: ["need", "alert"] };

function Row({ delivery: d }: { delivery: Delivery }) {
  const [tone, icon] = looks[d.status];
  const kind = `sent.kind.${d.kind}`, why = `sent.why.${d.why}`;
  return (
    <li className="stack tight" data-testid="delivery" data-way={d.way} data-status={d.status}>
      <div className="between high"><strong>{hasKey(kind) ? t(kind) : clip(d.kind, 40)}</strong><State tone={tone} icon={icon}>{t(`sent.status.${d.status}`)}</State></div>
      <p className="small quiet">{t(`way.${d.way}`)} · {clock(d.sent ?? d.made)}{d.why && ` · ${hasKey(why) ? t(why) : clip(d.why, 60)}`}{d.status === "waiting" && d.next && ` · ${t("sent.next", { time: clock(d.next) })}`}</p>
      {d.check && <p className="small">{t("sent.check")} <code>{clip(d.check, 40)}</code></p>}
    </li>
  );
}
