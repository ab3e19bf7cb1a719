// What the fleet knows of a model, in sentences for staff: each says what the table or picture below it shows.
import type { FleetIncident, Hunt, ProfileFacts } from "./model";
import { clip } from "./text";

const percent = (x: number, digits = 0) => `${(x * 100).toLocaleString("en", { maximumFractionDigits: digits })} %`;
const many = (n: number, one: string) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;
export const hour = (h: number) => `${String(h % 24).padStart(2, "0")}:00`;

// part is how large a share of the homes that voted use an endpoint, null where one of both is not told.
export function part(homes: number | null, of: number | null): number | null {
  return homes === null || !of ? null : Math.min(1, homes / of);
}

export const partText = (x: number | null) => (x === null ? "–" : percent(x));

export function endpointsText(f: Pick<ProfileFacts, "endpoints" | "rare">): string {
  const of = (standing: string) => f.endpoints.filter((e) => e.standing === standing).length;
  if (f.endpoints.length === 0) return f.rare === 0 ? "Nothing is known yet of whom it calls." : `${many(f.rare, "endpoint")}, each of fewer than 20 homes: none is told.`;
  const rest = f.rare > 0 ? ` Not told: ${many(f.rare, "endpoint")} of fewer than 20 homes.` : "";
  return `${many(f.endpoints.length, "endpoint")} of many homes: ${of("normal")} normal, ${of("pending")} pending, ${of("rare")} rare.${rest}`;
}

// hoursText says when contacts begin; null shares or none at all are not known.
export function hoursText(hours: readonly number[]): string {
  const all = hours.reduce((a, b) => a + b, 0);
  const most = Math.max(...hours), least = Math.min(...hours);
  if (hours.length !== 24 || all <= 0) return "When its contacts begin is not known yet.";
  if (most - least < 0.001) return "Its contacts begin evenly around the day, as far as is known.";
  const at = (x: number) => hours.indexOf(x);
  return `Most contacts begin from ${hour(at(most))} to ${hour(at(most) + 1)} (${percent(most / all, 1)}), fewest from ${hour(at(least))} to ${hour(at(least) + 1)} (${percent(least / all, 1)}), by the clock of the home.`;
}

export function driftText(changes: ProfileFacts["changes"]): string {
  const to = (standing: string) => changes.filter((c) => c.to === standing).length;
  const left = changes.filter((c) => c.from === "normal" && c.to !== "normal").length;
  if (changes.length === 0) return "Nothing changed in 30 days.";
  return `In 30 days ${many(to("normal"), "endpoint")} became normal, ${to("pending")} became pending, ${left} stopped being normal.`;
}

export function calibrationText(c: ProfileFacts["calibration"]): string {
  if (c.silent || c.device_days === 0) return "Too few days are known to calibrate by: nothing is found by how unusual it is alone.";
  return `Thresholds rest on ${many(c.device_days, "device-day")} of ${clip(c.homes.words, 40)}; the smallest probability that can be told is ${c.floor.toPrecision(2)}.`;
}

export const freshText = (perDay: number) =>
  perDay <= 0 ? "How often a device calls somebody new is not known yet." : `A device calls somebody new ${perDay < 0.1 ? `once in ${Math.round(1 / perDay)} days` : `${perDay.toLocaleString("en", { maximumFractionDigits: 2 })} times a day`}.`;

// happened is a fleet's incident as one line.
export function happened(i: FleetIncident, who: string): string {
  const what = { update: "An update", outbreak: "An outbreak", unknown: "Something that is not known" }[i.kind];
  return `${what}: ${clip(i.homes.words, 40)} with ${who || "a device that is not known"}${i.name ? `, ${clip(i.name, 80)}` : ""}.`;
}

export function huntText(h: Hunt): string {
  const own = h.own_homes.count !== null ? `${clip(h.own_homes.words, 40)} of yours used it` : h.any ? "Fewer than 20 homes of yours used it, at least one" : "None of your homes used it";
  return `${own}. In all: ${clip(h.homes.words, 40)}${h.homes.count === null ? ", or none" : ""}.`;
}
