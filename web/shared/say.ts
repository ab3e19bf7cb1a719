// What the server and the gateway say in English, said in the reader's language from what they tell besides. In English their own
// words stand: they are more exact.
import { hasKey, language, t, type Key } from "./i18n";
import type { Card, Device, Home, IncidentSummary } from "./model";
import { ago, isolate } from "./text";

export const english = () => language() === "en";

// foreign is the language that an answer says its words are in, where that is not the reader's.
export const foreign = (of: string | undefined) => (of && of !== language() ? of : undefined);

// choose is a key if there is such a word, else the other.
export const choose = (key: string, other: Key): Key => (hasKey(key) ? key : other);

type Known = readonly Pick<Device, "id" | "name" | "incident">[];

function ofCard(c: Card, devices: Known): { title: string; text: string } | null {
  const d = devices.find((x) => x.id === c.device);
  if (!d) return null;
  const state = d.incident?.state ?? "open";
  return { title: t(choose(`title.${state}`, "title.open"), { name: isolate(d.name) }), text: t(choose(`short.${state}`, "short.open")) };
}

// homeSentence is the one sentence about a home.
export function homeSentence(h: Home, devices: Known): string {
  if (english()) return h.sentence;
  if (h.state === "fine") return t("say.fine");
  if (h.state === "new") return t("say.new");
  if (h.state === "offline") return t("say.offline", { ago: ago(h.gateway?.last_seen) });
  const first = h.cards.find((c) => c.kind === "incident");
  const of = first && ofCard(first, devices);
  if (of) return `${of.title}.`;
  return h.cards.some((c) => c.kind === "confirm") ? t("say.confirm") : h.cards.some((c) => c.kind === "gateway") ? t("say.degraded") : h.sentence;
}

// cardWords are a card's title and text; a kind that is not known keeps its own.
export function cardWords(c: Card, h: Pick<Home, "state">, devices: Known): { title: string; text: string } {
  if (c.alert) return { title: english() ? c.title : (ofCard(c, devices)?.title ?? c.title), text: c.alert }; // in the reader's language, as they were told
  if (english()) return c;
  switch (c.kind) {
    case "incident": return ofCard(c, devices) ?? c;
    case "gateway": return h.state === "offline" ? { title: t("say.offline.title"), text: t("say.offline.text") } : { title: t("say.degraded"), text: c.text };
    case "confirm": return { title: t("say.confirm"), text: t("say.confirm.text") };
    case "order": return { title: t("say.order"), text: c.text };
    case "quiet": return { title: t("say.quiet"), text: c.text };
    default: return c;
  }
}

export const caseSentence = (i: IncidentSummary) => (english() ? i.sentence : t(choose(`short.${i.state}`, "short.open")));
