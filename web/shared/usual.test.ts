import { afterEach, describe, expect, it } from "vitest";
import { setLanguage } from "./i18n";
import { usual, watched } from "./usual";

afterEach(() => setLanguage("en"));

describe("usual", () => {
  const of = (device: boolean | null, model: boolean | null) => usual({ device, model });
  it("says only what is known", () => {
    expect(usual(null)).toBe("not known yet how usual");
    expect(of(null, null)).toBe("not known yet how usual");
    expect(of(true, null)).toBe("usual for it");
    expect(of(true, false)).toBe("usual for it");
    expect(of(false, null)).toBe("new for it");
    expect(of(false, true)).toBe("new for it, usual for its kind");
    expect(of(false, false)).toBe("new for it and its kind");
    expect(of(null, true)).toBe("usual for its kind");
    expect(of(null, false)).toBe("not usual for its kind");
  });
  it("says it in German, too", () => {
    setLanguage("de");
    expect(of(false, true)).toBe("neu für es, für seine Art üblich");
    expect(of(false, false)).toBe("neu für es und seine Art");
    expect(of(null, false)).toBe("für seine Art nicht üblich");
  });
});

describe("watched", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  const since = (hours: number) => watched({ first: new Date(now - hours * 3_600_000).toISOString() }, now);
  it("counts days, and promises nothing in the first", () => {
    expect(since(3)).toMatch(/^Watched since .*\. After a day we know what is usual for it\.$/);
    expect(since(30)).toMatch(/^Watched for 1 day, since /);
    expect(since(12 * 24)).toMatch(/^Watched for 12 days, since /);
    expect(since(-3)).toBe("");
    expect(watched({ first: "nonsense" }, now)).toBe("");
    expect(watched({ first: "1970-01-01T00:00:00Z" }, now)).toBe("");
    setLanguage("de");
    expect(since(12 * 24)).toMatch(/^Seit 12 Tagen beobachtet, seit dem /);
    expect(since(30)).toMatch(/^Seit 1 Tag beobachtet, seit dem /);
  });
});
