// Words of the screens that are loaded later: w is t for them.
import { fill, language, type Values } from "./index";
import { de, told } from "./who.de";
import { en } from "./who.en";

export type WhoKey = keyof typeof en;

export const w = (key: WhoKey, values?: Values): string => fill((language() === "de" ? de : en)[key], values);

// wn chooses between key.one and key.other.
type Counted = { [K in WhoKey]: K extends `${infer B}.other` ? B : never }[WhoKey];
export const wn = (key: Counted, n: number): string => w(new Intl.PluralRules(language()).select(n) === "one" ? `${key}.one` : `${key}.other`, { n });

// known is the word for a value of a group, or the value itself, cut: what the server says new is still text.
export function known(group: "class" | "kind" | "guard", value: string): string {
  const key = `${group}.${value}`;
  return Object.hasOwn(en, key) ? w(key as WhoKey) : value.slice(0, 40);
}

interface Statement { kind: string; sentence: string; advice: string; certain: boolean; port: number }

// statement is an exposure in the reader's language: what is so and what to do; own is false where it is the gateway's own words.
export function statement(x: Statement): { sentence: string; advice: string; own: boolean } {
  const mine = language() === "de" && Object.hasOwn(told, x.kind) ? told[x.kind] : undefined;
  if (!mine) return { sentence: x.sentence, advice: x.advice, own: false };
  const port = x.port > 0 ? `, Port ${x.port}` : "";
  return { sentence: fill(x.certain ? mine.sure : mine.maybe, { port }), advice: x.advice && mine.advice, own: true };
}
