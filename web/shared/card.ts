// The sentences of a finding's evidence card: how many homes with this model ever did this, and what the device did before.
import { t, tn } from "./i18n";
import type { EvidenceCard } from "./model";
import { clip, date } from "./text";
import { classes, className, product } from "./product";

const isClass = (c: string) => (classes as readonly string[]).includes(c);

// Homes under this number are never told exactly.
const few = 20;

// whose names whose homes are counted: a model, or by its class and maker what is known of it.
function whose(model: string): string {
  const [kind = "", vendor = "", ...rest] = model.split(" / ");
  if (!isClass(kind)) return clip(model, 60);
  if (rest.length > 0) return clip(product({ vendor, model: rest.join(" / ") }), 60);
  return clip([className(kind), vendor].filter(Boolean).join(", "), 60);
}

// homes says how usual it is; "" where nobody can say.
export function homes(c: EvidenceCard): string {
  if (c.homes === null || c.homes === undefined || c.of === 0) return "";
  const model = whose(c.model) || t("card.kind");
  if (c.of < few) return t("card.homes.small", { model });
  if (c.homes === 0) return t("card.homes.none", { of: c.of, model });
  if (c.homes < few) return t("card.homes.few", { of: c.of, model, few });
  return t("card.homes.some", { homes: c.homes, of: c.of, model });
}

// past says what the device did before; "" while that is not known.
export function past(c: EvidenceCard): string {
  const h = c.history;
  if (!h.since || h.days === 0) return "";
  const before = h.days_before === 0 ? t("card.past.never") : tn("card.past.days", h.days_before);
  return t("card.past", { since: date(h.since), days: h.days, endpoints: h.endpoints }) + " " + before;
}

// blocks says what a block would cut, or does cut; "" for nothing.
export function blocks(c: EvidenceCard, done = false): string {
  if (c.blocks.length === 0) return "";
  if (c.blocks.includes("*")) return t("card.blocks.all");
  const shown = c.blocks.slice(0, 4).map((b) => clip(b, 60)).join(", ");
  return t(done ? "card.blocked" : "card.blocks", { what: shown + (c.blocks.length > 4 ? " …" : "") });
}
