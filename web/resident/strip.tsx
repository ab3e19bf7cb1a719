// Activity as pictures: a day as 24 little bars, a week as bars of bytes. Each says in words what it shows.
import { locale, t } from "../shared/i18n";
import type { Day } from "../shared/model";
import { bytes } from "../shared/text";
import { Icon } from "../shared/parts/Icon";

// level maps bytes to 0..4; a step is a hundredfold, so that a bulb and a television can both be read.
export function level(n: number): number {
  return n <= 0 ? 0 : Math.min(4, 1 + Math.floor(Math.max(0, Math.log10(n) - 3) / 2));
}

// local turns a day's hours from UTC to the clock on the wall: what lies before midnight here wraps to the day's end.
export function local(hours: readonly number[], minutesBehind = new Date().getTimezoneOffset()): number[] {
  const by = Math.round(-minutesBehind / 60);
  return Array.from({ length: 24 }, (_, h) => hours[(((h - by) % 24) + 24) % 24] ?? 0);
}

export function stripText(hours: readonly number[]): string {
  const on = hours.flatMap((n, h) => (n > 0 ? [h] : []));
  if (on.length === 0) return t("strip.none");
  return t("strip.hours", { n: on.length, from: `${on[0]}:00`, to: `${(on.at(-1) as number) + 1}:00` });
}

export function Strip({ hours: utc }: { hours: readonly number[] }) {
  const hours = local(utc);
  return (
    <svg className="strip" viewBox="0 0 240 20" preserveAspectRatio="none" role="img" aria-label={stripText(hours)}>
      {Array.from({ length: 24 }, (_, h) => {
        const l = level(hours[h] ?? 0);
        const tall = l === 0 ? 2 : 4 + l * 4;
        return <rect key={h} className={l ? "on" : ""} x={h * 10 + 1} y={20 - tall} width="8" height={tall} rx="1.5" />;
      })}
    </svg>
  );
}

export function WeekBars({ week }: { week: readonly Day[] }) {
  const most = Math.max(1, ...week.map((d) => d.up + d.down));
  const total = week.reduce((n, d) => n + d.up + d.down, 0);
  const name = (day: string) => new Date(day.slice(0, 10) + "T12:00:00").toLocaleDateString(locale(), { weekday: "short" });
  return (
    <figure className="stack tight">
      <svg className="bars" viewBox="0 0 280 96" aria-hidden="true">
        {week.slice(-7).map((d, i) => {
          const tall = Math.max(2, Math.round((70 * (d.up + d.down)) / most));
          return (
            <g key={d.day}>
              <rect x={i * 40 + 6} y={74 - tall} width="28" height={tall} rx="4" />
              <text x={i * 40 + 20} y="92">{name(d.day)}</text>
            </g>
          );
        })}
      </svg>
      <figcaption>
        <p className="small quiet">{t("week.sentence", { total: bytes(total) })}</p>
        <details>
          <summary><Icon name="down" size={18} />{t("map.table")}</summary>
          <table>
            <thead><tr><th scope="col">{t("week.day")}</th><th scope="col">{t("week.up")}</th><th scope="col">{t("week.down")}</th></tr></thead>
            <tbody>{week.map((d) => <tr key={d.day}><td>{name(d.day)}</td><td>{bytes(d.up)}</td><td>{bytes(d.down)}</td></tr>)}</tbody>
          </table>
        </details>
      </figcaption>
    </figure>
  );
}
