// Who a device is, in words.
import { t } from "./i18n";
import type { Device, Identity } from "./model";

export const isKnown = (who: Identity) => who.model !== "" || who.vendor !== "" || who.class !== "";

export type Sureness = "owner" | "operator" | "sure" | "probable" | "unsure" | "nobody";

// sureness puts a probability into words; what people said is not guessed.
export function sureness(who: Pick<Identity, "by" | "confidence" | "model" | "vendor" | "class">): Sureness {
  if (who.by === "owner" || who.by === "operator") return who.by;
  if (who.model + who.vendor + who.class === "") return "nobody";
  return who.confidence >= 0.95 ? "sure" : who.confidence >= 0.75 ? "probable" : "unsure";
}

// judged is the class by which it is judged, where that is another than the one shown.
export const judged = (who: Identity) => (who.judged_as !== "" && who.judged_as !== who.class && who.by !== "owner" ? who.judged_as : "");

// proposals are the devices that may be the same as one, from both ends: into keeps its id.
export interface Proposal { into: string; from: string; confidence: number; why: string[] }
export function proposals(id: string, devices: readonly Pick<Device, "id" | "aliases">[]): Proposal[] {
  const all = devices.flatMap((d) => d.aliases.filter((a) => a.proposed).map((a) => ({ into: d.id, from: a.device, confidence: a.confidence, why: a.why })));
  return all.filter((p) => p.from !== p.into && (p.into === id || p.from === id)).sort((a, b) => b.confidence - a.confidence);
}

export const sureWord = (s: Sureness) => t(`who.${s}`);
