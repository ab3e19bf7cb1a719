// Whose app this is to who looks at it: the provider's name, colours, number and sentence. They are kept in this browser, so that the
// first screen and the one for signing in have them at once. What is kept is checked as what comes from anywhere.
import { useSyncExternalStore } from "react";
import { language } from "../shared/i18n";
import { clip } from "../shared/text";

interface Shade { accent: string; on: string; tint: string }
export interface Brand { name: string; phone: string; support: string; hint_en: string; hint_de: string; light: Shade; dark: Shade }

const key = "brand";
const none: Brand = { name: "", phone: "", support: "", hint_en: "", hint_de: "", light: { accent: "", on: "", tint: "" }, dark: { accent: "", on: "", tint: "" } };
let now: Brand = none;
const watchers = new Set<() => void>();

const text = (x: unknown, max: number) => (typeof x === "string" ? clip(x, max) : "");
const colour = (x: unknown) => (typeof x === "string" && /^#[0-9a-f]{6}$/.test(x) ? x : "");
const of = (x: unknown): Record<string, unknown> => (typeof x === "object" && x !== null ? (x as Record<string, unknown>) : {});

// shade is whole or empty: an accent without what is read on it is none.
function shade(x: unknown): Shade {
  const s = of(x), out = { accent: colour(s.accent), on: colour(s.on), tint: colour(s.tint) };
  return out.accent && out.on && out.tint ? out : none.light;
}

// clean is a brand as it may be shown, of whatever there is.
export function clean(x: unknown): Brand {
  const b = of(x), support = text(b.support, 200);
  return { name: text(b.name, 60), phone: text(b.phone, 30).replace(/[^+\d ()/-]/g, ""), support: /^https:\/\/[^\s"<>]+$/.test(support) ? support : "",
    hint_en: text(b.hint_en, 200), hint_de: text(b.hint_de, 200), light: shade(b.light), dark: shade(b.dark) };
}

// wear has the app look like a provider's from now on.
export function wear(x: unknown) {
  const next = clean(x);
  if (JSON.stringify(next) === JSON.stringify(now)) return;
  now = next;
  const style = document.documentElement.style;
  for (const [page, s] of [["light", now.light], ["dark", now.dark]] as const) {
    for (const [part, value] of Object.entries(s) as [string, string][]) {
      if (value) style.setProperty(`--brand-${page}-${part}`, value);
      else style.removeProperty(`--brand-${page}-${part}`);
    }
  }
  document.querySelector('meta[name="apple-mobile-web-app-title"]')?.setAttribute("content", appName());
  localStorage.setItem(key, JSON.stringify(now));
  watchers.forEach((f) => f());
}

// recall has the app look as it did last in this browser.
export function recall() {
  try {
    wear(JSON.parse(localStorage.getItem(key) ?? "{}"));
  } catch {
    localStorage.removeItem(key); // what cannot be read is nobody's
  }
}

export const appName = () => now.name || "Cardea";
export const hint = (b: Brand) => (language() === "de" && b.hint_de) || b.hint_en;
export const dial = (phone: string) => `tel:${phone.replace(/[^+\d]/g, "")}`;

const watch = (f: () => void) => {
  watchers.add(f);
  return () => watchers.delete(f);
};
export const useBrand = (): Brand => useSyncExternalStore(watch, () => now);
