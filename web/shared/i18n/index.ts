// Words, by Lingui: messages in ICU's form, compiled when the app is built. Each part of an app has a folder with its words in every
// language (english is the source of the keys) and is loaded with the screens that need it, in the language chosen and no other.
import { setupI18n, type Messages } from "@lingui/core";

interface Parts {
  frame: typeof import("./frame/en.json");
  sign: typeof import("./sign/en.json");
  case: typeof import("./case/en.json");
  device: typeof import("./device/en.json");
  stopped: typeof import("./stopped/en.json");
  guide: typeof import("./guide/en.json");
  control: typeof import("./control/en.json");
  about: typeof import("./about/en.json");
  policy: typeof import("./policy/en.json");
  more: typeof import("./more/en.json");
  new: typeof import("./new/en.json");
  notify: typeof import("./notify/en.json");
  privacy: typeof import("./privacy/en.json");
  report: typeof import("./report/en.json");
  help: typeof import("./help/en.json");
  members: typeof import("./members/en.json");
  account: typeof import("./account/en.json");
  people: typeof import("./people/en.json");
  line: typeof import("./line/en.json");
  plan: typeof import("./plan/en.json");
}
export type Part = keyof Parts;
export type Key = { [P in Part]: keyof Parts[P] & string }[Part];

export const languages = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof languages;

const catalogs = import.meta.glob<Messages>("./*/*.json", { query: "?lingui", import: "messages" });

// parts are all there are, by their folders.
export const parts = [...new Set(Object.keys(catalogs).map((f) => f.split("/")[1]))] as Part[];

const i18n = setupI18n();
let current: Language = "en";
let place: string = "en";

export const language = () => current;

// locale is how this person writes dates and numbers: the browser's own way where it speaks the language chosen.
export const locale = () => place;

const hours = (tag: string) => new Intl.DateTimeFormat(tag, { hour: "numeric" }).resolvedOptions().hourCycle;

// counting keeps the 24 hours of whoever reads another language than their first: English alone says 2:05 PM.
function counting(tag: string, first = tag): string {
  try {
    return hours(first) === "h23" && hours(tag) !== "h23" ? new Intl.Locale(tag, { hourCycle: "h23" }).toString() : tag;
  } catch {
    return tag;
  }
}

export function setLanguage(l: Language, wanted: readonly string[] = []) {
  current = l;
  place = counting(wanted.find((w) => w.slice(0, 2).toLowerCase() === l) ?? l, wanted[0]);
  i18n.load(l, {});
  i18n.activate(l, place);
}

// pick chooses by what was chosen before, else by what the browser asks for.
export function pick(chosen: string | null, wanted: readonly string[]): Language {
  for (const w of [chosen ?? "", ...wanted]) {
    const l = w.slice(0, 2).toLowerCase();
    if (Object.hasOwn(languages, l)) return l as Language;
  }
  return "en";
}

// load gets the words of parts in the language chosen. What was loaded stays.
export async function load(...parts: readonly Part[]): Promise<void> {
  const l = current;
  await Promise.all(parts.map(async (p) => i18n.load(l, (await catalogs[`./${p}/${l}.json`]?.()) ?? {})));
}

// reword says some words otherwise from now on, for readers who are not at home. They are whole texts, which take no values.
export function reword(words: Partial<Record<Key, string>>) {
  i18n.load(current, Object.fromEntries(Object.entries(words).map(([k, text]) => [k, [text]])));
}

export type Values = Record<string, string | number>;

// Lingui decodes escapes like \u202e in what it has put together, so also in a name from the home: no backslash reaches it.
const stroke = "\ue05c";
const guard = (v: string | number) => (typeof v === "string" ? v.replaceAll("\\", stroke) : v);

// t is a message with values put into its places. Values are text, never markup, and are not looked into.
export function t(key: Key, values: Values = {}): string {
  const safe = Object.fromEntries(Object.entries(values).map(([k, v]) => [k, guard(v)]));
  return i18n._(key, safe).replaceAll(stroke, "\\");
}

// tn is a message that counts n.
export const tn = (key: Key, n: number, values: Values = {}): string => t(key, { n, ...values });

export const hasKey = (k: string): k is Key => Object.hasOwn(i18n.messages, k);

// known is the word for a value of a group, or the value itself, cut: what the server says new is still text.
export function known(group: string, value: string): string {
  const key = `${group}.${value}`;
  return hasKey(key) ? t(key) : value.slice(0, 40);
}
