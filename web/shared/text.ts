// Text from the home (names of devices, endpoints) is hostile: cut, without control characters, its direction kept to itself.
import { locale, t } from "./i18n";

// clip keeps the first max characters. Control characters and those that turn the direction of text are taken out.
export function clip(s: string, max = 40): string {
  const clean = s.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "").trim();
  const parts = [...clean];
  return parts.length <= max ? clean : parts.slice(0, max - 1).join("") + "…";
}

// isolate is clip for a name inside a sentence: U+2068 and U+2069 keep its direction from the words around it.
export const isolate = (s: string, max = 40) => `\u2068${clip(s, max)}\u2069`;

export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  let v = n;
  for (; v >= 1000 && i < units.length - 1; i++) v /= 1000;
  return `${v.toLocaleString(locale(), { maximumFractionDigits: v < 10 && i > 0 ? 1 : 0 })} ${units[i]}`;
}

// figure is a number with four digits that count; what has too many before or after them is told as a power of ten.
export const figure = (n: number) =>
  n.toLocaleString(locale(), { maximumSignificantDigits: 4, notation: n !== 0 && (Math.abs(n) < 1e-6 || Math.abs(n) >= 1e15) ? "scientific" : "standard" });

const ms = (x: string | number | null | undefined) => (typeof x === "number" ? x : x ? Date.parse(x) : NaN);
const day = 86_400_000;

const minutes: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };

// time is the time of day alone.
export const time = (at: number) => new Date(at).toLocaleTimeString(locale(), minutes);

// clock is the time of day, with the date when it was another day.
export function clock(x: string | number | null | undefined, now = Date.now()): string {
  const at = ms(x);
  if (Number.isNaN(at)) return t("time.unknown");
  const d = new Date(at);
  const same = d.toDateString() === new Date(now).toDateString();
  return same ? time(at) : d.toLocaleString(locale(), { day: "numeric", month: "short", ...minutes });
}

export function date(x: string | number | null | undefined): string {
  const at = ms(x);
  if (Number.isNaN(at)) return t("time.unknown");
  return new Date(at).toLocaleDateString(locale(), { day: "numeric", month: "short", year: "numeric" });
}

// ago says how long something is past, in one unit.
export function ago(x: string | number | null | undefined, now = Date.now()): string {
  const at = ms(x);
  if (Number.isNaN(at) || at <= 0) return t("time.never");
  const s = Math.max(0, Math.round((now - at) / 1000));
  if (s < 10) return t("time.now");
  const f = new Intl.RelativeTimeFormat(locale(), { style: "short" });
  if (s < 60) return f.format(-s, "second");
  if (s < 3600) return f.format(-Math.round(s / 60), "minute");
  if (s * 1000 < 2 * day) return f.format(-Math.round(s / 3600), "hour");
  return f.format(-Math.round((s * 1000) / day), "day");
}

// span is a length of time, in its two largest units.
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return t("span.s", { s });
  if (s < 3600) return t("span.m", { m: Math.floor(s / 60) });
  if (s < 48 * 3600) return t("span.h", { h: Math.floor(s / 3600), m: Math.floor((s % 3600) / 60) });
  return t("span.d", { d: Math.floor(s / 86400), h: Math.floor((s % 86400) / 3600) });
}

// country is the name of a country by its code, or what was given.
export function country(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  try {
    return new Intl.DisplayNames([locale()], { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}

// percent is a share as a whole number of percent; what is not nothing is never shown as nothing.
export const percent = (share: number) => (share > 0 && share < 0.01 ? 1 : Math.round(Math.max(0, Math.min(1, share)) * 100));
