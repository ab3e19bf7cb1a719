import { afterEach, describe, expect, it } from "vitest";
import { setLanguage, languages, type Language } from "./i18n";
import type { Card, Check, Home, Incident } from "./model";
import { device } from "./sample";
import { cardWords, caseSentence, foreign, homeSentence } from "./say";
import { did, happened, saw } from "./told";

afterEach(() => setLanguage("en"));

const home = (over: Partial<Home>): Home => ({
  id: "h", name: "Home", state: "fine", sentence: "In English.", gateway: null, devices: 1, incidents: 0, stopped_today: 0, trackers_today: 0, desired: { wanted: 1, running: 1 }, cards: [], plan: { name: "", extras: [] }, as_of: "", ...over,
});
const card = (over: Partial<Card>): Card => ({ kind: "incident", title: "Title", text: "Text", incident: "i", device: "d1", ...over });
const held = [device({ name: "Kamera <b>", incident: { id: "i", code: "K7QM", state: "contained" } })];
const incident = (over: Partial<Incident>): Incident => ({
  id: "i", code: "K7QM", device: { id: "d1", name: "Kamera" }, state: "contained", mode: "quarantine", opened: "", changed: "", sentence: "In English.", what_happened: "In English.", what_we_did: "In English.", what_to_do: [], grade: "port",
  findings: [], history: [], check: null, orders: [], releases: 0, relapses: 0, kind: "", outcome: "", waits: false, playbook: null, deeds: [], probation: null, harm: null, ...over,
});
const check = (over: Partial<Check>): Check => ({ clean: false, language: "en", sentence: "In English.", seen: 0, last: null, quiet_seconds: 600, need_seconds: 86_400, ...over });
const states = ["fine", "attention", "working", "offline", "new"] as const;

describe("in English the server's words stand", () => {
  it("everywhere", () => {
    for (const state of states) expect(homeSentence(home({ state }), held)).toBe("In English.");
    expect(cardWords(card({}), home({}), held).title).toBe("Title");
    expect([happened(incident({})), did(incident({})), caseSentence(incident({})), saw(check({}))]).toEqual(Array(4).fill("In English."));
    expect(foreign("en")).toBeUndefined();
  });
});

describe.each((Object.keys(languages) as Language[]).filter((l) => l !== "en"))("in %s", (l) => {
  const say = <T>(f: () => T): T => {
    setLanguage(l);
    return f();
  };
  it("each state of a home has a sentence of its own", () => {
    const cards = [card({})];
    const all = states.map((state) => say(() => homeSentence(home({ state, cards }), held)));
    expect(all).not.toContain("In English.");
    expect(say(() => homeSentence(home({ state: "attention", cards: [card({ kind: "confirm" })] }), []))).not.toBe("In English.");
    expect(say(() => homeSentence(home({ state: "attention", cards: [card({ kind: "gateway" })] }), []))).not.toBe("In English.");
    expect(say(() => homeSentence(home({ state: "attention", cards }), held))).toContain("\u2068Kamera <b>\u2069");
  });
  it("cards of each kind are told, and what is not known is kept", () => {
    for (const kind of ["incident", "gateway", "confirm", "order", "quiet"]) expect(say(() => cardWords(card({ kind }), home({}), held)).title, kind).not.toBe("Title");
    expect(say(() => cardWords(card({ kind: "novel" }), home({}), held)).title).toBe("Title");
    expect(say(() => cardWords(card({ device: "gone" }), home({}), held)).title).toBe("Title");
  });
  it("what people are told of a case is shown as they are told it", () => {
    const alert = "Ihr Gerät sendet Daten.";
    expect(say(() => cardWords(card({ alert }), home({}), held))).toEqual({ title: "\u2068Kamera <b>\u2069 ist eingesperrt", text: alert });
  });
  it("a case is told in each state, by its first finding", () => {
    for (const state of ["open", "contained", "cleaning", "probation", "closed"] as const) {
      expect(say(() => did(incident({ state }))), state).not.toBe("In English.");
      expect(say(() => caseSentence(incident({ state }))), state).not.toBe("In English.");
    }
    expect(say(() => did(incident({ grade: "none" })))).not.toBe(say(() => did(incident({}))));
    const f = { id: "f", time: "", strength: "hard", sentence: "", facts: {}, score: 0, p: null, card: null };
    expect(say(() => happened(incident({ findings: [{ ...f, detector: "scan-wan" }] })))).not.toBe(say(() => happened(incident({ findings: [{ ...f, detector: "constructor" }] }))));
    expect(say(() => happened(incident({})))).toContain("Kamera");
  });
  it("a check is told", () => {
    const all = [check({ clean: true }), check({ seen: 3, last: new Date().toISOString(), quiet_seconds: 5 }), check({})].map((c) => say(() => saw(c)));
    expect(new Set(all).size).toBe(3);
    expect(all).not.toContain("In English.");
    expect([say(() => foreign("en")), say(() => foreign(l)), say(() => foreign(undefined))]).toEqual(["en", undefined, undefined]);
  });
});
