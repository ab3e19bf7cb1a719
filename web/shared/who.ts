// Who a device is, in words.
import { known, t } from "./i18n";
import type { Device, DeviceClass, Identity } from "./model";
import { clip } from "./text";

// classes are those that people may choose; alarm and medical are never guessed, only said.
export const classes: readonly DeviceClass[] = [
  "camera", "doorbell", "plug", "light", "sensor", "thermostat", "hub", "lock", "alarm", "medical", "scale", "appliance", "speaker", "tv", "console", "printer",
  "nas", "router", "phone", "tablet", "computer", "watch", "vehicle", "gadget",
];
export const careful = (c: string) => c === "alarm" || c === "medical";

export const className = (c: string) => clip(known("class", c), 40);

// product is the product as far as it is known: the model, else its maker, else nothing. A model that begins with its maker's
// name does not say it twice.
export function product(who: Pick<Identity, "model" | "vendor">): string {
  const { model, vendor } = who;
  if (!model) return vendor;
  return !vendor || model.toLowerCase().startsWith(vendor.toLowerCase()) ? model : `${vendor} ${model}`;
}

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
