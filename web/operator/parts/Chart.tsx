// Lines over days, drawn by uPlot; with a sentence that says what is to be seen, and the table behind it.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { locale } from "../../shared/i18n";
import { clock, date, time } from "../../shared/text";

export interface Line { name: string; values: (number | null)[] }

// colours are told apart without seeing colours too: by their order in the legend, and by dashes.
const looks: { stroke: string; dash?: number[] }[] = [
  { stroke: "--accent" }, { stroke: "--held", dash: [8, 4] }, { stroke: "--work", dash: [2, 3] }, { stroke: "--need", dash: [10, 3, 2, 3] }, { stroke: "--edge" },
];

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function Chart({ title, sentence, days, lines, unit = "", testid, hourly = false }: { title: string; sentence: string; days: string[]; lines: Line[]; unit?: string; testid?: string; hourly?: boolean }) {
  const at = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const el = at.current;
    if (!el || days.length === 0) return;
    const draw = () => {
      el.replaceChildren();
      const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
      return new uPlot({
        width: Math.max(el.clientWidth, 200), height: 150, legend: { show: false }, cursor: { show: false },
        scales: { y: { range: (_u, _min, max) => [0, Math.max(max * 1.05, 1)] } },
        axes: [{ ...axis, space: 70, values: (_u, at) => at.map((t) => (hourly ? time(t * 1000) : new Date(t * 1000).toLocaleDateString(locale(), { day: "numeric", month: "short" }))) }, { ...axis, size: 56, values: (_u, at) => at.map((n) => n.toLocaleString(locale())) }],
        series: [{}, ...lines.map((l, i) => {
          const look = looks[i % looks.length] ?? looks[0];
          return { label: l.name, stroke: colour(look?.stroke ?? "--accent"), width: 2, points: { show: false }, ...(look?.dash ? { dash: look.dash } : {}) };
        })],
      }, [days.map((d) => Date.parse(d) / 1000), ...lines.map((l) => l.values)], el);
    };
    let plot = draw();
    const again = () => {
      plot.destroy();
      plot = draw();
    };
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const sized = new ResizeObserver(() => {
      if (Math.abs(plot.width - el.clientWidth) > 2) again();
    });
    sized.observe(el);
    dark.addEventListener("change", again);
    return () => {
      sized.disconnect();
      dark.removeEventListener("change", again);
      plot.destroy();
    };
  }, [days, lines, hourly]);
  return (
    <figure className="card chart stack tight" data-testid={testid}>
      <figcaption><strong>{title}</strong><p className="small quiet">{sentence}</p></figcaption>
      <div ref={at} className="plot" aria-hidden="true" />
      {lines.length > 1 && <p className="small legend">{lines.map((l, i) => <span key={l.name} className={`l${i % looks.length}`}>{l.name}</span>)}</p>}
      <details>
        <summary>The numbers</summary>
        <div className="scroll numbers-table" tabIndex={0} role="region" aria-label={`${title}, by ${hourly ? "hour" : "day"}`}>
          <table>
            <thead><tr><th scope="col">{hourly ? "Hour" : "Day"}</th>{lines.map((l) => <th scope="col" key={l.name} className="num">{l.name}</th>)}</tr></thead>
            <tbody>{days.map((d, i) => <tr key={d}><td>{hourly ? clock(d) : date(d)}</td>{lines.map((l) => <td key={l.name} className="num">{l.values[i]?.toLocaleString(locale(), { maximumFractionDigits: 1 }) ?? "–"}{unit}</td>)}</tr>).reverse()}</tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
