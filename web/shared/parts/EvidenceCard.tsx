// The evidence card of a finding, or of what was stopped: how usual it is, what was seen, what a block cuts.
import { blocks, homes, past } from "../card";
import { t } from "../i18n";
import type { EvidenceCard } from "../model";
import { foreign } from "../say";
import { bytes, clip, clock, figure } from "../text";
import { Icon } from "./Icon";

export function EvidenceFacts({ card: c, blocked = false }: { card: EvidenceCard; blocked?: boolean }) {
  const lines = [homes(c), past(c), blocks(c, blocked)].filter(Boolean);
  return (
    <div className="stack tight" data-testid="evidence-card">
      {lines.map((l) => <p key={l} className="small">{l}</p>)}
      {c.breaks && <p className="small" lang={foreign(c.language)}>{clip(c.breaks, 300)}</p>}
      {(c.seen.length > 0 || c.numbers.length > 0) && (
        <details>
          <summary><Icon name="down" size={18} />{t("card.seen")}</summary>
          <ul className="lines small">
            {c.seen.map((s, i) => (
              <li key={i}>
                <bdi>{clip(s.name || s.ip || "–", 80)}</bdi> {s.port > 0 && `${clip(s.proto, 8)} ${s.port}`}
                <span className="quiet"> · {t("card.flows", { n: s.flows, failed: s.failed })} · ↑ {bytes(s.bytes_up)} ↓ {bytes(s.bytes_down)} · {clock(s.first)} – {clock(s.last)}</span>
              </li>
            ))}
          </ul>
          <dl className="facts small">
            {c.numbers.map((n) => [<dt key={n.name}>{clip(n.name, 60)}</dt>, <dd key={n.name + "v"}>{figure(n.value)} {clip(n.unit, 30)}</dd>])}
          </dl>
        </details>
      )}
    </div>
  );
}
