// The catalogs: complete in both languages, alike in what they take, and there where a screen needs them.
import { compileMessage } from "@lingui/message-utils/compileMessage";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { words } from "../../operator/words";
import { hasKey, known, languages, parts, pick, reword, setLanguage, t, tn, type Key, type Language } from "./index";

const web = resolve(import.meta.dirname, "../..");
const catalog = (part: string, l: string) => JSON.parse(readFileSync(join(web, "shared/i18n", part, `${l}.json`), "utf8")) as Record<string, string>;
const all = (l: string) => parts.flatMap((p) => Object.entries(catalog(p, l)).map(([key, message]) => ({ part: p as string, key, message })));
const english = all("en");
const langs = Object.keys(languages) as Language[];

type Token = string | [string, string?, Record<string, unknown>?];
const tokens = (message: string) => compileMessage(message) as string | Token[];

// places are what a message takes, with how it is written: "n plural", "of number", "name".
function places(message: string): string[] {
  const out = new Set<string>();
  const walk = (ts: unknown) => {
    for (const x of Array.isArray(ts) ? ts : []) {
      if (!Array.isArray(x)) continue;
      out.add([x[0], x[1]].filter(Boolean).join(" "));
      if (x[2] && typeof x[2] === "object") Object.values(x[2]).forEach(walk);
    }
  };
  walk(tokens(message));
  return [...out].sort();
}

beforeEach(() => setLanguage("en"));

// Words that are the same in both languages. What else is the same was not translated.
const same = new Set([
  "nav.gateway", "map.gateway", "live.live", "case.", "line.ms", "line.percent", "who.percent", "span.s", "span.m", "span.h", "told.port", "threat.tracking", "incident.code", "class.thermostat", "class.computer", "exposed.port", "class.hub", "class.tablet", "class.sensor", "nav.support", "near.ports", "ports.port", "control.pause", "group.person", "group.person",
]);

describe("catalogs", () => {
  it("are in each language, each key in one part only", () => {
    expect(parts.length).toBeGreaterThan(4);
    for (const p of parts) expect(readdirSync(join(web, "shared/i18n", p)).sort()).toEqual(langs.map((l) => `${l}.json`).sort());
    const keys = english.map((e) => e.key);
    expect(keys.filter((k, i) => keys.indexOf(k) !== i)).toEqual([]);
  });
  it.each(parts)("have the same keys in %s in the same order, all with words", (p) => {
    const want = Object.keys(catalog(p, "en"));
    for (const l of langs) {
      expect(Object.keys(catalog(p, l))).toEqual(want);
      for (const [k, m] of Object.entries(catalog(p, l))) expect(m.trim(), k).not.toBe("");
    }
  });
  it.each(langs)("take the same in %s as in English, and count in the forms that it has", (l) => {
    const forms = new Intl.PluralRules(l).resolvedOptions().pluralCategories;
    const mine = new Map(all(l).map((e) => [e.key, e.message]));
    for (const { key, message } of english) {
      const m = mine.get(key) ?? "";
      expect(places(m), key).toEqual(places(message));
      for (const x of tokens(m)) if (Array.isArray(x) && x[1] === "plural") expect(Object.keys(x[2] ?? {}), key).toEqual(expect.arrayContaining(forms));
    }
  });
  it("are translated", () => {
    const de = new Map(all("de").map((e) => [e.key, e.message]));
    expect(english.filter((e) => de.get(e.key) === e.message && !same.has(e.key)).map((e) => e.key)).toEqual([]);
  });
  it("say nothing loudly", () => {
    for (const l of langs) for (const { key, message } of all(l)) expect(message, key).not.toMatch(/!|—/);
  });
});

const read = (f: string) => readFileSync(f, "utf8");
const find = (from: string, to: string) => [to, `${to}.ts`, `${to}.tsx`, `${to}/index.ts`].map((x) => resolve(dirname(from), x)).find((x) => /\.tsx?$/.test(x) && existsSync(x));

// graph is a file and all that it imports of ours; what is loaded later is not.
function graph(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || file.includes("/i18n/") || file.endsWith(".gen.ts")) return seen;
  seen.add(file);
  for (const m of read(file).matchAll(/(?:^import|\}) [^;"]*?from "(\.[^"]+)"|^import "(\.[^"]+)"/gm)) {
    const next = find(file, m[1] ?? m[2] ?? "");
    if (next && !m[0].startsWith("import type")) graph(next, seen);
  }
  return seen;
}

const partOf = new Map(english.map((e) => [e.key, e.part]));

// says are the keys that a file may say: those that it writes out, and the groups that it completes.
function says(file: string): string[] {
  const text = read(file);
  const out = [...text.matchAll(/"([a-z][\w-]*\.[\w.-]*)"/g)].map((m) => m[1] as string).filter((k) => partOf.has(k));
  // A template or the name of a group stands for all keys that it can become: `phase.${x}.text` for phase.vendor.text.
  const hole = /\$\{[^}]*\}/g;
  const shapes = [
    ...[...text.matchAll(/`([a-z][\w-]*\.(?:[\w.-]|\$\{[^}]*\})*)`/g)].map((m) => m[1] as string).filter((x) => x.includes("${")),
    ...[...text.matchAll(/\b(?:word|known)\("(\w+)"/g)].map((m) => `${m[1]}.\${}`),
  ].map((x) => new RegExp(`^${x.split(hole).map((y) => y.replaceAll(".", "\\.")).join("[^.]*")}$`));
  return [...out, ...[...partOf.keys()].filter((k) => shapes.some((x) => x.test(k)))];
}

describe("what screens say", () => {
  const table = read(join(web, "resident/screens.tsx"));
  const later = [...table.matchAll(/import\("\.\/(screens\/\w+)"\)\)\.\w+((?:, "\w+")*)\)/g)]
    .map((m) => ({ file: `${m[1]}.tsx`, parts: [...(m[2] ?? "").matchAll(/"(\w+)"/g)].map((x) => x[1] as string) }));
  it("finds the screens", () => expect(later.length).toBe((table.match(/import\(/g) ?? []).length));
  it.each([{ file: "app.tsx", parts: [] as string[] }, ...later])("is loaded with $file", ({ file, parts: loaded }) => {
    const have = new Set(["frame", ...loaded]), need = new Set<string>();
    for (const f of graph(join(web, "resident", file))) {
      for (const k of says(f)) {
        const p = partOf.get(k) ?? "";
        need.add(p);
        if (!have.has(p)) expect.soft(`${f} says ${k}`, `part ${p} is not loaded`).toBe("");
      }
    }
    expect(loaded.filter((p) => !need.has(p)), "loaded for nothing").toEqual([]);
  });

  const sources = ["shared", "resident", "operator"].flatMap((d) => readdirSync(join(web, d), { recursive: true, encoding: "utf8" }).map((f) => join(web, d, f))).filter((f) => /\.tsx?$/.test(f) && !f.includes(".test."));
  it("is all there is: no word that nothing says", () => {
    const files = sources.filter((f) => !f.includes("/i18n/"));
    const said = new Set(files.flatMap(says)), plain = files.map(read).join("\n"); // a key of one word, as "loading", is found as it stands
    expect([...partOf.keys()].filter((k) => !said.has(k) && (k.includes(".") || !plain.includes(`"${k}"`)))).toEqual([]);
  });
  const message = new Map(english.map((e) => [e.key, e.message]));
  it("gives each message what it takes", () => {
    let calls = 0;
    for (const f of sources) {
      for (const [, key, given] of read(f).matchAll(/\bt\("([\w.-]+)"(?:\)|, \{([^{}`]*)\}\))/g)) {
        if (!message.has(key ?? "")) continue;
        const flat = (given ?? "").replace(/\((?:[^()]|\([^()]*\))*\)/g, "").replace(/\[[^\]]*\]/g, "");
        const names = flat.split(",").map((x) => (x.split(":")[0] ?? "").trim()).filter(Boolean).sort();
        const takes = [...new Set(places(message.get(key ?? "") ?? "").map((p) => p.split(" ")[0]))].sort();
        expect.soft(names, `${f}: ${key}`).toEqual(takes);
        calls++;
      }
      for (const [, key] of read(f).matchAll(/\btn\("([\w.-]+)"/g)) expect.soft(places(message.get(key ?? "") ?? ""), `${f}: ${key}`).toContain("n plural");
    }
    expect(calls).toBeGreaterThan(100);
  });
});

describe("what the console says", () => {
  // What tells a case and a home in the reader's language keeps the server's own words in English, and the console is English.
  const foreign = /\/shared\/(told|say)\.ts$/;
  const message = new Map(english.map((e) => [e.key, e.message]));
  const screens = [...read(join(web, "operator/screens.tsx")).matchAll(/import\("\.\/(screens\/\w+)"\)/g)].map((m) => `${m[1]}.tsx`);
  const keys = new Set(["app.tsx", ...screens].flatMap((f) => [...graph(join(web, "operator", f))]).filter((f) => !foreign.test(f)).flatMap(says));
  // It says none of these groups that speaks to people at home; the two problems speak to staff as well.
  const never = /^(home|who|device\.watched|guard\.back|problem\.(look-required|forbidden))\b/;
  it("does not speak as to somebody at home", () => {
    expect(screens.length).toBeGreaterThan(10);
    expect([...keys].filter((k) => !never.test(k) && /\b(yours?|you|me)\b/i.test(words[k as Key] ?? message.get(k) ?? ""))).toEqual([]);
  });
  it("has words of its own only for what it says, as texts that take nothing", () => {
    for (const [k, text] of Object.entries(words)) {
      expect(keys.has(k), k).toBe(true);
      expect(places(message.get(k) ?? ""), k).toEqual([]);
      expect(places(text), k).toEqual([]);
      expect(text, k).not.toMatch(/!|—/);
    }
  });
  it("comes in the place of the residents' words", () => {
    const before = t("by.gateway");
    reword(words);
    expect(t("by.gateway")).toBe("by the gateway");
    expect(known("mode", "quarantine")).toBe("Reaches only the gateway");
    reword(Object.fromEntries(Object.keys(words).map((k) => [k, message.get(k) ?? ""])));
    expect(t("by.gateway")).toBe(before);
  });
});

describe("words", () => {
  it("count as the language does, with its way of writing numbers", () => {
    expect(tn("devices.count", 1)).toBe("1 device.");
    expect(tn("devices.count", 2)).toBe("2 devices.");
    expect(tn("devices.count", 12_000)).toBe("12,000 devices.");
    setLanguage("de", ["de-AT"]);
    expect(tn("devices.count", 12_000)).toBe("12.000 Geräte.".replace(".", new Intl.NumberFormat("de-AT").format(12_000).charAt(2)));
  });
  it.each(["{y} <b>", "a \\u202e b", "\\x3cb", "# {n, plural, other {#}}", "\\", "'{'", "%s $& $1"])("keep the value %s text", (x) => {
    expect(t("incident.phone.text", { name: x, phone: "1" })).toBe(`Call ${x} at 1 and give this code.`);
    expect(tn("map.held", 2, { names: x })).toBe(`2 devices are shut in: ${x}.`);
  });
  it("know their keys, and no others", () => {
    expect(hasKey("nav.home")).toBe(true);
    for (const k of ["constructor", "__proto__", "nav", "nav.nothing"]) expect(hasKey(k), k).toBe(false);
    expect(known("nav", "x".repeat(60))).toBe("x".repeat(40));
  });
  it("are chosen by what was chosen, then by what is wanted", () => {
    expect(pick(null, ["fr-FR", "de-AT", "en"])).toBe("de");
    expect(pick("en", ["de"])).toBe("en");
    expect(pick("xx", [])).toBe("en");
    setLanguage("de", ["de-AT"]);
    expect(t("nav.devices" satisfies Key)).toBe("Geräte");
  });
});
