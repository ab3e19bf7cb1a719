// What was stopped, day by day. Pure.
import type { Stopped } from "../../shared/model";

export interface Day { day: string; items: Stopped[] }

const midnightOf = (x: string) => {
  const d = new Date(x);
  d.setHours(0, 0, 0, 0);
  return d.toISOString();
};

// days puts entries under the day of their last time, by this browser's clock, the latest first. Today is always there.
export function days(items: readonly Stopped[], today: string): Day[] {
  const by = new Map<string, Stopped[]>([[today, []]]);
  for (const s of items) {
    const day = midnightOf(s.last);
    by.set(day, [...(by.get(day) ?? []), s]);
  }
  return [...by].map(([day, list]) => ({ day, items: list.sort((a, b) => Date.parse(b.last) - Date.parse(a.last)) })).sort((a, b) => Date.parse(b.day) - Date.parse(a.day));
}

// stoppedOn counts what was stopped on a day, which begins at a midnight of this browser's clock.
export const stoppedOn = (items: readonly Stopped[], day: string) =>
  items.reduce((n, s) => (midnightOf(s.last) === day ? n + s.count : n), 0);

// site is the name of an endpoint without its port and protocol.
export const site = (endpoint: string) => endpoint.replace(/:\d+(\/\w+)?$/, "");
