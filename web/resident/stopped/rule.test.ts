import { describe, expect, it } from "vitest";
import type { Stopped } from "../../shared/model";
import { rule } from "./rule";

const stop = (over: Partial<Stopped>): Stopped => ({
  device: { id: "d", name: "Camera" }, endpoint: "c2.example", class: "malware", family: "Mirai", source: "urlhaus", reason: "", count: 1,
  first: "2026-11-01T00:00:00Z", last: "2026-11-01T00:00:00Z", allowed: false, confidence: 90, card: null, ...over,
});

describe("the rule by which something was stopped", () => {
  it("is a list's, with how sure it is", () => {
    expect(rule(stop({}))).toEqual(["Rule: list urlhaus, malware, Mirai.", "How sure the list is: 90 of 100."]);
    expect(rule(stop({ family: "" }))[0]).toBe("Rule: list urlhaus, malware.");
  });
  it("is not sure to a number where nobody said so: people's own, an older gateway's", () => {
    expect(rule(stop({ class: "owner", family: "", source: "", confidence: null }))).toEqual(["Rule: blocked by you."]);
    const { confidence: _, card: __, ...older } = stop({});
    expect(rule(older as Stopped)).toEqual(["Rule: list urlhaus, malware, Mirai."]);
  });
  it("keeps hostile names short and plain", () => {
    const [line] = rule(stop({ family: "\u202e" + "x".repeat(300) }));
    expect(line?.length).toBeLessThan(120);
    expect(line).not.toContain("\u202e");
  });
});
