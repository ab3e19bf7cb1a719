// Open ports, what we cannot see, and what was with a device before.
import { t } from "../../shared/i18n";
import type { DeviceDetail } from "../../shared/model";
import { Ago, Skeleton, Trouble } from "../../shared/parts/Bits";
import { CaseState } from "../../shared/parts/Case";
import { Icon } from "../../shared/parts/Icon";
import { Link } from "../../shared/router";
import { caseSentence } from "../../shared/say";
import { clip, clock, date, percent } from "../../shared/text";
import { useIncidents } from "../data";
import { ports } from "./where";

export function Ports({ device }: { device: DeviceDetail }) {
  const list = ports(device.exposures);
  return (
    <section className="card stack" aria-labelledby="ports" data-testid="ports" data-count={list.length}>
      <h2 id="ports">{t("ports.title")}</h2>
      {list.length === 0 ? <p className="quiet"><Icon name="check" size={18} /> {t("ports.none")}</p> : (
        <>
          <p>{t("ports.sentence", { home: list.filter((p) => !p.internet).length, out: list.filter((p) => p.internet).length })}</p>
          <table>
            <thead><tr><th scope="col">{t("ports.port")}</th><th scope="col">{t("ports.from")}</th><th scope="col">{t("ports.seen")}</th></tr></thead>
            <tbody>
              {list.slice(0, 60).map((p) => (
                <tr key={`${p.proto} ${p.port} ${p.internet}`} data-internet={p.internet}>
                  <td>{clip(p.proto, 4)} {p.port}{p.internet && p.external > 0 && p.external !== p.port && ` (${p.external})`}</td>
                  <td>{p.internet ? <strong>{t("ports.internet")}</strong> : t("ports.home")}{!p.certain && ` (${t("ports.perhaps")})`}</td>
                  <td><Ago at={p.last} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}

// Coverage says what is not seen, so that silence is not taken for calm.
export function Coverage({ device }: { device: DeviceDetail }) {
  const unnamed = device.coverage?.unnamed_share;
  const named = unnamed === undefined ? t("cover.unknown") : unnamed > 0 ? t("cover.unnamed", { share: percent(unnamed) }) : t("cover.named");
  return (
    <section className="card stack tight" aria-labelledby="cover" data-testid="coverage">
      <h2 id="cover">{t("cover.title")}</h2>
      <ul className="reasons">
        <li>{t("cover.what")}</li>
        <li>{named}</li>
        <li>{t(device.shared ? "cover.shared" : "cover.own")}</li>
        <li>{t("cover.away")}</li>
      </ul>
    </section>
  );
}

export function Past({ device }: { device: DeviceDetail }) {
  const list = useIncidents("all");
  const mine = list.data?.items.filter((i) => i.device.id === device.id) ?? [];
  return (
    <section className="card stack" aria-labelledby="past" data-testid="history">
      <h2 id="past">{t("past.title")}</h2>
      {!list.data && (list.error ? <Trouble error={list.error} again={() => void list.refetch()} /> : <Skeleton lines={2} />)}
      {list.data && mine.length === 0 && <p className="quiet">{t("past.none")}</p>}
      {mine.length > 0 && (
        <ul className="lines">
          {mine.slice(0, 20).map((i) => (
            <li key={i.id} className="stack tight">
              <p className="between wrap"><Link to={`/incidents/${encodeURIComponent(i.id)}`}>{clock(i.opened)} · {clip(i.code, 8)}</Link><CaseState state={i.state} /></p>
              <p className="small">{clip(caseSentence(i), 240)}</p>
            </li>
          ))}
        </ul>
      )}
      <p className="small quiet">{t("past.first", { date: date(device.first) })}</p>
    </section>
  );
}
