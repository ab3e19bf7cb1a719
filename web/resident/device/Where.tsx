// Seven days of a device: whom outside it talked to, by company and country, and which devices at home. It comes from the gateway when
// somebody looks, and is not kept.
import { useMemo } from "react";
import { Problem } from "../../shared/client";
import { locale, t, tn } from "../../shared/i18n";
import type { Contact, DeviceDetail } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link } from "../../shared/router";
import { bytes, clip, country, percent } from "../../shared/text";
import { midnight, useContacts, useDevices } from "../data";
import { byCompany, byCountry, neighbours, share, total, type Row } from "./where";

export function Seven({ device }: { device: DeviceDetail }) {
  const since = useMemo(() => midnight(6), []);
  const contacts = useContacts(device.id, since);
  const items = contacts.data?.items;
  return (
    <>
      <section className="card stack" aria-labelledby="where" data-testid="where" data-state={items ? "ready" : contacts.error ? "error" : "waiting"}>
        <h2 id="where">{t("where.title")}</h2>
        {items ? <Outside contacts={items} /> : contacts.error ? <Away error={contacts.error} again={() => void contacts.refetch()} /> : <Skeleton lines={4} tall={60} />}
      </section>
      {items && <Near contacts={items} device={device} />}
    </>
  );
}

// Away says why there is nothing to see: whose it is, or where it is.
function Away({ error, again }: { error: unknown; again: () => void }) {
  const p = error instanceof Problem ? error : null;
  if (p?.status === 403) return <Empty icon="lock">{t("where.forbidden")}</Empty>;
  if (p?.kind === "gateway-offline" || p?.kind === "offline") {
    return <div className="stack tight"><Empty icon="cloudOff">{t("where.offline")}</Empty><div><button className="plain" onClick={again}>{t("again")}</button></div></div>;
  }
  return <Trouble error={error} again={again} />;
}

function Outside({ contacts }: { contacts: Contact[] }) {
  const companies = useMemo(() => byCompany(contacts), [contacts]);
  const countries = useMemo(() => byCountry(contacts), [contacts]);
  const first = companies[0], named = Math.max(1, countries.filter((c) => c.key).length);
  if (!first) return <Empty icon="check">{t("where.none")}</Empty>;
  return (
    <>
      <p data-testid="where-sentence">
        {t("where.sentence", { total: bytes(total(companies)), companies: companies.length, countries: named })}{" "}
        {companies.length > 1 && t("where.top", { share: percent(share(first, companies)), name: `\u2068${first.name}\u2069` })}
      </p>
      <Bars id="by-company" title={t("where.by.company")} rows={companies} />
      <Bars id="by-country" title={t("where.by.country")} rows={countries} />
      <details>
        <summary><Icon name="down" size={18} />{t("map.table")}</summary>
        <div className="scroll" tabIndex={0} role="region" aria-label={t("map.table")}>
          <table data-testid="where-table">
            <thead><tr>{(["company", "country", "sent", "received", "flows", "last"] as const).map((k) => <th key={k} scope="col">{t(`where.${k}`)}</th>)}</tr></thead>
            <tbody>
              {companies.slice(0, 200).map((r) => (
                <tr key={r.key}>
                  <td><bdi>{r.name}</bdi>{r.stopped && ` (${t("where.stopped")})`}</td><td>{r.countries.slice(0, 4).map(country).join(", ") || "–"}</td>
                  <td>{bytes(r.up)}</td><td>{bytes(r.down)}</td><td>{r.flows.toLocaleString(locale())}</td><td><Ago at={r.last} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

const shown = 6;

function Bars({ id, title, rows }: { id: string; title: string; rows: Row[] }) {
  const rest = rows.length - shown;
  return (
    <div className="stack tight" data-testid={id}>
      <h3>{title}</h3>
      <ul className="shares">
        {rows.slice(0, shown).map((r) => (
          <li key={r.key}>
            <span className="between"><span><Name max={32}>{r.name || t("where.unknown")}</Name>{r.stopped && <span className="small stopped"> <Icon name="stop" size={14} /> {t("where.stopped")}</span>}</span><span className="small quiet">{bytes(r.up + r.down)} · {percent(share(r, rows))} %</span></span>
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect className="all" width="100" height="6" /><rect className={r.stopped ? "part bad" : "part"} width={Math.max(0.8, share(r, rows) * 100)} height="6" /></svg>
          </li>
        ))}
      </ul>
      {rest > 0 && <p className="small quiet">{tn("where.others", rest)}</p>}
    </div>
  );
}

function Near({ contacts, device }: { contacts: Contact[]; device: DeviceDetail }) {
  const list = useMemo(() => neighbours(contacts), [contacts]);
  const known = new Map((useDevices().data?.items ?? []).map((d) => [d.id, d]));
  return (
    <section className="card stack" aria-labelledby="near" data-testid="neighbours" data-count={list.length}>
      <h2 id="near">{t("near.title")}</h2>
      <p className={list.length ? "" : "quiet"}>{list.length === 0 ? t("near.none") : tn("near.sentence", list.length)}</p>
      {list.length > 0 && (
        <ul className="lines">
          {list.slice(0, 40).map((n) => {
            const name = <Name>{known.get(n.id)?.name ?? n.ip}</Name>;
            return (
              <li key={n.id || n.ip} data-testid="neighbour" data-peer={n.id}>
                <p className="between"><strong>{n.id && n.id !== device.id ? <Link to={`/devices/${encodeURIComponent(n.id)}`}>{name}</Link> : name}</strong><span className="small quiet"><Ago at={n.last} /></span></p>
                <p className="small quiet">
                  {t(n.out && n.in ? "near.both" : n.in ? "near.in" : "near.out")}
                  {n.ports.length > 0 && <> · {t("near.ports", { list: clip(n.ports.slice(0, 8).join(", "), 60) })}</>} · {bytes(n.up + n.down)}
                  {n.failed > 0 && <> · {tn("near.failed", n.failed)}</>}
                </p>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
