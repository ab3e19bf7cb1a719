// A case and a check in the reader's language, as say.ts does for a home.
import { t } from "./i18n";
import type { Check, Incident } from "./model";
import { choose, english, foreign } from "./say";
import { ago, isolate, span } from "./text";

export function happened(x: Incident): string {
  if (english()) return x.what_happened;
  const detector = x.findings[0]?.detector ?? "odd";
  return `${t(choose(`did.${detector}`, "did.odd"), { name: isolate(x.device.name) })} ${t(choose(`means.${detector}`, "means.odd"))}`;
}

export function did(x: Incident): string {
  if (english()) return x.what_we_did;
  if (x.state === "open" || x.state === "closed" || x.state === "probation") return t(`we.${x.state}`);
  if (x.grade === "none") return t("we.none");
  return t(x.mode === "quarantine" ? "we.quarantine" : "we.limited");
}

export function saw(c: Check): string {
  if (foreign(c.language) === undefined) return c.sentence;
  if (c.clean) return t("saw.clean", { have: span(c.quiet_seconds) });
  if (c.seen > 0 && c.last && c.quiet_seconds < 60) return t("saw.again", { ago: ago(c.last), n: c.seen });
  return t("saw.quiet", { have: span(c.quiet_seconds), need: span(c.need_seconds) });
}
