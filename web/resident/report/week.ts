// A week's report: which week it is and how it compares with the one before. Pure.
import type { components } from "../../shared/api.gen";

export type Report = components["schemas"]["Report"];

export const isWeek = (w: string) => /^\d{4}-W\d{2}$/.test(w);

// range is the week's first and last day; the end that is told is the midnight after it.
export function range(r: Pick<Report, "from" | "until">, locale: string): string {
  const f = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
  return f.formatRange(new Date(r.from), new Date(Date.parse(r.until) - 3_600_000));
}

// change is more, fewer or the same as in the week before; null where there was none.
export function change(now: number, before: number | undefined | null): { way: "more" | "fewer" | "same"; by: number } | null {
  if (before === undefined || before === null) return null;
  return { way: now > before ? "more" : now < before ? "fewer" : "same", by: Math.abs(now - before) };
}

// bars are the classes of what was stopped, the most first, with their share of the largest.
export function bars(of: Record<string, number>): { name: string; n: number }[] {
  return Object.entries(of).filter(([, n]) => n > 0).map(([name, n]) => ({ name, n })).sort((a, b) => b.n - a.n || a.name.localeCompare(b.name)).slice(0, 8);
}
