// When somebody is without internet: for how long from now, and at which times of the week. Pure.
export const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof days)[number];

export const longs = ["hour", "morning", "open"] as const;
export type Long = (typeof longs)[number];

// until is when a pause ends: in an hour, at six tomorrow morning by this browser's clock, or when somebody ends it, in seven days at most.
export function until(long: Long, now = new Date()): Date {
  if (long === "hour") return new Date(now.getTime() + 3_600_000);
  if (long === "open") return new Date(now.getTime() + 7 * 86_400_000 - 60_000); // a minute for clocks that differ
  const d = new Date(now);
  d.setHours(6, 0, 0, 0);
  if (d <= now) d.setDate(d.getDate() + 1);
  return d;
}

// open is whether a pause was meant to last until somebody ends it: no other choice reaches that far.
export const isOpen = (end: string, now = Date.now()) => Date.parse(end) - now > 30 * 3_600_000;

// A Monday that is one everywhere, for the names of days.
const monday = Date.UTC(2024, 0, 1);

export function dayName(d: Weekday, locale: string, width: "long" | "short" = "short"): string {
  return new Intl.DateTimeFormat(locale, { weekday: width, timeZone: "UTC" }).format(monday + days.indexOf(d) * 86_400_000);
}

// runs are days that follow each other, as Monday to Thursday; the week is a ring, so Sunday and Monday do.
export function runs(of: readonly string[]): [Weekday, Weekday][] {
  const on = days.map((d) => of.includes(d));
  if (on.every(Boolean)) return [["mon", "sun"]];
  const out: [Weekday, Weekday][] = [];
  days.forEach((d, i) => {
    if (!on[i] || on[(i + 6) % 7]) return;
    let end = i;
    while (on[(end + 1) % 7]) end = (end + 1) % 7;
    out.push([d, days[end] as Weekday]);
  });
  return out;
}

// daysSaid is the days in words, as "Mon to Thu, Sun".
export function daysSaid(of: readonly string[], locale: string, words: { daily: string; to: (a: string, b: string) => string }): string {
  if (days.every((d) => of.includes(d))) return words.daily;
  const parts = runs(of).flatMap(([a, b]) => {
    const far = (days.indexOf(b) - days.indexOf(a) + 7) % 7;
    if (far === 0) return [dayName(a, locale)];
    return far === 1 ? [dayName(a, locale), dayName(b, locale)] : [words.to(dayName(a, locale), dayName(b, locale))];
  });
  return parts.join(", ");
}

// hour is a time of day as the API has it, "21:30", in the reader's way of writing times.
export function hour(x: string, locale: string): string {
  const m = /^(\d{2}):(\d{2})$/.exec(x);
  if (!m) return x;
  return new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", timeZone: "UTC" }).format(Date.UTC(2024, 0, 1, Number(m[1]) % 24, Number(m[2])));
}
