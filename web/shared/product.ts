// What a device is, in the words of its kind and its maker.
import { known } from "./i18n";
import type { DeviceClass, Identity } from "./model";
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
