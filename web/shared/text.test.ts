import { beforeEach, describe, expect, it } from "vitest";
import { setLanguage } from "./i18n";
import { ago, bytes, clip, clock, figure, isolate, span, time } from "./text";

beforeEach(() => setLanguage("en"));

describe("text from the home", () => {
  it("is cut by characters and loses what turns its direction", () => {
    expect(clip("\u202Egpj.exe\u0000\u200F")).toBe("gpj.exe");
    expect(clip("x".repeat(50), 10)).toBe("x".repeat(9) + "…");
    expect([...clip("😀".repeat(50), 10)]).toHaveLength(10);
    expect(clip(" \n\t ")).toBe("");
  });
  it("stays isolated inside a sentence, whatever it holds", () => {
    const s = isolate("a\u2069\u202Eb");
    expect(s).toBe("\u2068ab\u2069");
  });
});

describe("numbers", () => {
  it("have a unit", () => {
    expect(bytes(0)).toBe("0 B");
    expect(bytes(999)).toBe("999 B");
    expect(bytes(1234)).toBe("1.2 kB");
    expect(bytes(20_400_000)).toBe("20 MB");
    expect(bytes(2e18)).toBe("2,000,000 TB");
  });
  it("say how long ago", () => {
    const now = Date.parse("2026-11-22T12:00:00Z");
    expect(ago(now - 5000, now)).toBe("just now");
    expect(ago(now - 240_000, now)).toBe("4 min. ago");
    expect(ago(now - 3 * 86_400_000, now)).toBe("3 days ago");
    expect(ago(now + 60_000, now)).toBe("just now");
    expect(ago(null, now)).toBe("never");
    expect(ago("not a time", now)).toBe("never");
  });
  it("tell the time in words and in charts alike, in 24 hours to whoever lives by them", () => {
    const at = new Date();
    at.setHours(14, 5, 0, 0);
    for (const [wanted, want] of [[["en-US", "en"], /^02:05\sPM$/], [["en-GB"], /^14:05$/], [["de-DE", "de", "en-US", "en"], /^14:05$/], [["de"], /^14:05$/], [["not a language", "en-US"], /^02:05\sPM$/]] as [string[], RegExp][]) {
      setLanguage("en", wanted);
      expect(time(at.getTime()), wanted[0]).toMatch(want);
      expect(clock(at.getTime()), wanted[0]).toBe(time(at.getTime()));
    }
    setLanguage("de", ["en-US"]);
    expect(time(at.getTime())).toBe("14:05");
  });
  it("say how long", () => {
    expect(span(59)).toBe("59 s");
    expect(span(840)).toBe("14 min");
    expect(span(24 * 3600)).toBe("24 h 0 min");
    expect(span(-3)).toBe("0 s");
  });
});

it("writes a card's figures as the reader's language does", () => {
  const all = [0, 0.00015, 1.23456, 1234567, 2.5e-20];
  expect(all.map(figure)).toEqual(["0", "0.00015", "1.235", "1,235,000", "2.5E-20"]);
  setLanguage("de");
  expect(all.map(figure)).toEqual(["0", "0,00015", "1,235", "1.235.000", "2,5E-20"]);
});
