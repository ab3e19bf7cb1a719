// Who changed what of what the home's people decided.
import { useInfiniteQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Empty, Skeleton, Trouble } from "../../shared/parts/Bits";
import { clip, clock } from "../../shared/text";
import { useHomeID } from "../data";
import { fields, value, what } from "./changes";

export function Changes() {
  const home = useHomeID();
  const q = useInfiniteQuery({
    queryKey: [home, "changes"],
    initialPageParam: "",
    queryFn: ({ pageParam }) => ok(api.GET("/v1/homes/{home}/changes", { params: { path: { home }, query: pageParam ? { cursor: pageParam, limit: 20 } : { limit: 20 } } })),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const all = q.data?.pages.flatMap((p) => p.items);
  return (
    <section className="stack tight" aria-labelledby="changes">
      <h2 id="changes">{t("changes.title")}</h2>
      {!all && (q.error ? <Trouble error={q.error} again={() => void q.refetch()} /> : <Skeleton lines={3} />)}
      {all?.length === 0 && <Empty icon="clock">{t("changes.none")}</Empty>}
      <ul className="card lines" hidden={!all?.length} data-testid="changes">
        {all?.map((c) => (
          <li key={c.id} className="stack tight" data-testid="change" data-act={c.act}>
            <div className="between high"><strong>{what(c)}</strong><span className="small quiet">{clock(c.time)}</span></div>
            {fields(c).map((f) => <p key={f.name} className="small">{t("changes.field", { what: t(`field.${f.name as "name"}`), from: value(f.name, f.from), to: value(f.name, f.to) })}</p>)}
            <p className="small quiet"><bdi>{clip(c.by.name, 60) || t("changes.system")}</bdi></p>
          </li>
        ))}
      </ul>
      {q.hasNextPage && <div><button className="plain" disabled={q.isFetchingNextPage} onClick={() => void q.fetchNextPage()}>{t("more")}</button></div>}
    </section>
  );
}
