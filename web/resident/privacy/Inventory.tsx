// What is collected: by kind and field, with its purpose, where it lies and for how many days. The table is the server's own.
import { useQuery } from "@tanstack/react-query";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { language, t, tn } from "../../shared/i18n";
import { Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { foreign } from "../../shared/say";
import { clip } from "../../shared/text";

type Kept = components["schemas"]["Kept"];

const places = ["gateway", "cloud"] as const;
const span = (days: number) => (days > 0 ? tn("kept.days", days) : t(days === 0 ? "kept.now" : "kept.account"));

export function Inventory() {
  const q = useQuery({ queryKey: ["inventory", language()], staleTime: Infinity, retry: false, queryFn: () => ok(api.GET("/v1/privacy")) });
  if (!q.data) return q.error ? <Trouble error={q.error} again={() => void q.refetch()} /> : <Skeleton lines={3} />;
  const items = q.data.items ?? [];
  if (items.length === 0) return null;
  return (
    <section className="stack tight" aria-labelledby="kept" data-testid="inventory" data-count={items.length}>
      <h2 id="kept">{t("kept.title")}</h2>
      {places.map((p) => (
        <details key={p} className="card">
          <summary><Icon name="down" size={18} />{t(`kept.${p}`)}</summary>
          <ul className="lines">{items.filter((i) => i.where === p).map((i) => <Row key={i.source} kept={i} lang={foreign(q.data.language)} />)}</ul>
        </details>
      ))}
    </section>
  );
}

function Row({ kept: k, lang }: { kept: Kept; lang: string | undefined }) {
  return (
    <li className="stack tight" data-testid="kept">
      <strong lang={lang}>{clip(k.what, 200)}</strong>
      <p className="small" lang={lang}>{clip(k.purpose, 400)}</p>
      <p className="small quiet">{span(k.days)} · {t(k.erased ? "kept.erased" : "kept.stays")}{k.private && ` · ${t("kept.private")}`}{k.helping && ` · ${t("kept.helping")}`}</p>
      {k.fields && k.fields.length > 0 && (
        <details>
          <summary className="small"><Icon name="down" size={18} />{tn("kept.fields", k.fields.length)}</summary>
          <dl className="facts">{k.fields.map((f) => <div key={f.name} style={{ display: "contents" }}><dt lang="en">{clip(f.name, 80)}</dt><dd lang={lang}>{clip(f.what, 300)}</dd></div>)}</dl>
        </details>
      )}
    </li>
  );
}
