// What makes a device easy to attack, in the reader's language.
import { hasKey, language, t } from "./i18n";
import { isolate } from "./text";

interface Statement { kind: string; sentence: string; advice: string; certain: boolean; port: number; language?: string }

// port is a way in from the internet that is certain, with the words that people are told of it by; null for anything else.
export function port(x: Statement & { external: number }, name: string): { sentence: string; advice: string } | null {
  const n = x.external || x.port;
  if (x.kind !== "internet" || !x.certain || n === 0) return null;
  return { sentence: t("told.port.sure", { name: isolate(name), port: String(n) }), advice: x.advice && t("told.port.advice") };
}

// statement is an exposure in words: what is so and what to do. The gateway says it more exactly than by kind alone; own is false where
// its words are used, because they are in the reader's language.
export function statement(x: Statement): { sentence: string; advice: string; own: boolean } {
  const say = `told.${x.kind}.${x.certain ? "sure" : "maybe"}`, advice = `told.${x.kind}.advice`;
  if ((x.language ?? "en") === language() || !hasKey(say) || !hasKey(advice)) return { sentence: x.sentence, advice: x.advice, own: false };
  return { sentence: t(say, { port: x.port > 0 ? t("told.port", { port: String(x.port) }) : "" }), advice: x.advice && t(advice), own: true };
}
