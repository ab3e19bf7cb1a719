// By which way which message comes. Pure.
import type { components } from "../../shared/api.gen";

export type Channel = components["schemas"]["Channel"];
export type Way = Channel["way"];
export const levels = ["critical", "important", "info", "report"] as const;
export type Level = (typeof levels)[number];

// A text message says that something needs attention, and no more.
export const can = (way: Way, level: Level) => way !== "sms" || level === "critical" || level === "important";

// isLast says whether this is the only way that is left for what is critical: nobody is left out of that.
export function isLast(channels: readonly Channel[], way: Way, level: Level): boolean {
  if (level !== "critical") return false;
  const reach = channels.filter((c) => c.available);
  const on = (reach.length > 0 ? reach : channels).filter((c) => c.critical);
  return on.length === 1 && on[0]?.way === way;
}

// shown are the ways that there are for this person: another system's only where the provider has one.
export const shown = (channels: readonly Channel[]) => channels.filter((c) => c.way !== "webhook" || c.available);
