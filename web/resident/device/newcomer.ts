// Devices that joined: which ones are asked about, and how. Pure.
import { known, language, t } from "../../shared/i18n";
import type { Device } from "../../shared/model";
import { clip, isolate } from "../../shared/text";

const week = 7 * 86_400_000;

// joined are those that wait, then those of the last seven days, the newest first.
export function joined(devices: readonly Device[], now: number): Device[] {
  return devices.filter((d) => !d.gateway && (d.held || now - Date.parse(d.first) < week))
    .sort((a, b) => Number(b.held) - Number(a.held) || Date.parse(b.first) - Date.parse(a.first));
}

// sort is a kind of device inside of a sentence.
function sort(of: string): string {
  const word = known("class", of);
  if (language() !== "en" || of === "nas") return language() === "en" ? word.toLowerCase() : word;
  return `${/^[aeiou]/i.test(word) ? "an" : "a"} ${word.toLowerCase()}`;
}

// question asks of what joined, as far as it is known.
export function question(d: Pick<Device, "name" | "vendor" | "identity">): string {
  const type = d.identity.class ? clip(sort(d.identity.class), 40) : "";
  const maker = clip(d.identity.vendor || d.vendor || d.identity.maker);
  if (type && maker) return t("home.new-device", { type, maker: isolate(maker) });
  return type ? t("home.new-device.type", { type }) : t("home.new-device.none", { name: isolate(d.name) });
}
