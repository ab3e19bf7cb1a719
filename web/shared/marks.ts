// Which icon and tone goes with which state of home and device.
import { t } from "./i18n";
import type { Device, Exposure, HomeState, Protection } from "./model";
import type { Tone } from "./parts/Bits";
import type { IconName } from "./parts/Icon";

export interface Mark { tone: Tone; icon: IconName; word: string }

const homes: Record<HomeState, { tone: Tone; icon: IconName }> = {
  fine: { tone: "good", icon: "check" },
  attention: { tone: "need", icon: "alert" },
  working: { tone: "work", icon: "work" },
  offline: { tone: "mute", icon: "cloudOff" },
  new: { tone: "mute", icon: "spark" },
};

export function homeMark(state: HomeState): Mark {
  const known = homes[state] ? state : "new";
  return { ...homes[known], word: t(`home.${known}`) };
}

// shutIn is true while the gateway keeps a device from anything but itself or a few hosts.
export const shutIn = (d: Pick<Device, "mode">) => d.mode !== "" && d.mode !== "off";

export function deviceMark(d: Device): Mark {
  if (shutIn(d)) return { tone: "held", icon: "lock", word: t("device.held") };
  if (d.incident && d.incident.state === "probation") return { tone: "work", icon: "eye", word: t("device.probation") };
  if (d.incident && d.incident.state !== "closed") return { tone: "need", icon: "alert", word: t("device.incident") };
  if (d.held) return { tone: "work", icon: "hand", word: t("device.waits") };
  if (d.paused) return { tone: "mute", icon: "clock", word: t("device.paused") };
  if (!d.online) return { tone: "mute", icon: "cloudOff", word: t("device.away") };
  return { tone: "good", icon: "check", word: t("device.fine") };
}

// covers says whether a protection in force is the one that is meant; a port of 0 means all.
export const covers = (p: Protection, kind: string, x: Pick<Exposure, "port" | "proto">) =>
  p.kind === kind && (kind !== "close" || ((!p.port || p.port === x.port) && (!p.proto || p.proto === x.proto)));

// needsLook is true for an exposure that is certain, that something can be done about, and that nothing in force helps against.
export const needsLook = (d: Pick<Device, "protections">, x: Pick<Exposure, "advice" | "certain" | "protect" | "port" | "proto">) =>
  x.certain && x.advice !== "" && !x.protect.some((kind) => d.protections.some((p) => covers(p, kind, x)));

// order puts what needs eyes first, then what is here, then by name.
export function inOrder(items: readonly Device[]): Device[] {
  const rank = (d: Device) => (shutIn(d) ? 0 : d.incident && d.incident.state !== "closed" ? 1 : d.gateway ? 2 : d.online ? 3 : 4);
  return [...items].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}
