// Words. English is the source of the keys; every other language must have all of them, or it does not compile.
import { de } from "./de";
import { en } from "./en";

export type Key = keyof typeof en;
export type Words = Record<Key, string>;
export const languages = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof languages;
const all: Record<Language, Words> = { en, de };

let current: Language = "en";

let place: string = "en";

export const language = () => current;

// locale is how this person writes dates and numbers: the browser's own way where it speaks the language chosen.
export const locale = () => place;
export function setLanguage(l: Language, wanted: readonly string[] = []) {
  current = l;
  place = wanted.find((w) => w.slice(0, 2).toLowerCase() === l) ?? l;
}

// pick chooses by what was chosen before, else by what the browser asks for.
export function pick(chosen: string | null, wanted: readonly string[]): Language {
  for (const w of [chosen ?? "", ...wanted]) {
    const l = w.slice(0, 2).toLowerCase();
    if (l in all) return l as Language;
  }
  return "en";
}

export type Values = Record<string, string | number>;

// fill puts values into {places}. Values are text, never markup.
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, k: string) => {
    const v = values[k];
    return v === undefined ? whole : typeof v === "number" ? v.toLocaleString(place) : v;
  });
}

export const t = (key: Key, values?: Values): string => fill(all[current][key], values);

// Counted keys come in two forms, key.one and key.other.
type Counted = { [K in Key]: K extends `${infer B}.other` ? B : never }[Key];
export function tn(key: Counted, n: number, values: Values = {}): string {
  const form = new Intl.PluralRules(current).select(n) === "one" ? "one" : "other";
  return t(`${key}.${form}` as Key, { n, ...values });
}

export const hasKey = (k: string): k is Key => Object.hasOwn(en, k);
