// Which devices are never cut off without asking, and the way to say it of another one.
import { t } from "../../shared/i18n";
import { Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Link } from "../../shared/router";
import { useDevices } from "../data";
import "../settings.css";

const reasons = ["medical", "alarm", "internet"] as const;

export function Essential() {
  const devices = useDevices();
  const list = devices.data?.items.filter((d) => !d.gateway && d.essential !== "");
  return (
    <section className="card stack tight" data-testid="essential">
      <h2>{t("essential.title")}</h2>
      {!list && (devices.error ? <Trouble error={devices.error} again={() => void devices.refetch()} /> : <Skeleton lines={2} />)}
      {list?.length === 0 && <Empty icon="shield">{t("essential.none")}</Empty>}
      <ul className="lines">
        {list?.map((d) => {
          const why = reasons.find((r) => r === d.essential);
          return (
            <li key={d.id} className="between" data-device={d.id}>
              <Link to={`/devices/${encodeURIComponent(d.id)}`} className="tall"><Name>{d.name}</Name></Link>
              {why && <span className="small">{t(`policy.essential.${why}`)}</span>}
            </li>
          );
        })}
      </ul>
      <p className="small quiet">{t("essential.more")}</p>
    </section>
  );
}
