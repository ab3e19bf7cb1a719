import { describe, expect, it } from "vitest";
import { blocks, homes, past } from "./card";
import type { EvidenceCard } from "./model";

const card = (over: Partial<EvidenceCard>): EvidenceCard => ({
  model: "Camera X", homes: 0, of: 41210, numbers: [], seen: [], blocks: [], breaks: "",
  history: { since: "2026-01-01T00:00:00Z", days: 30, endpoints: 5, new_per_day: 0, days_before: 0 }, ...over,
});

describe("an evidence card", () => {
  it("says how many homes ever did this, and never a small number", () => {
    expect(homes(card({}))).toBe("41,210 homes have such a device (Camera X). None of them ever did this.");
    expect(homes(card({ homes: 19 }))).toContain("Fewer than 20 of them");
    expect(homes(card({ homes: 3000 }))).toContain("3,000 of them");
    expect(homes(card({ of: 12, homes: 3 }))).not.toMatch(/12|3/);
    expect(homes(card({ homes: null }))).toBe("");
  });
  it("names whose homes are counted as people would", () => {
    expect(homes(card({ model: "camera / Example / Example Cam" }))).toContain("(Example Cam)");
    expect(homes(card({ model: "camera / Example / Cam 2" }))).toContain("(Example Cam 2)");
    expect(homes(card({ model: "camera / Example" }))).toContain("(Camera, Example)");
    expect(homes(card({ model: "camera" }))).toContain("(Camera)");
    expect(homes(card({ model: "Cam / Pro" }))).toContain("(Cam / Pro)");
  });
  it("says what the device did before", () => {
    expect(past(card({}))).toContain("never did this before");
    expect(past(card({ history: { since: "2026-01-01T00:00:00Z", days: 30, endpoints: 5, new_per_day: 0, days_before: 1 } }))).toContain("on one day before");
    expect(past(card({ history: { since: null, days: 0, endpoints: 0, new_per_day: 0, days_before: 0 } }))).toBe("");
  });
  it("keeps hostile names short and plain", () => {
    expect(blocks(card({ blocks: ["\u202eevil" + "x".repeat(300)] })).length).toBeLessThan(120);
    expect(blocks(card({ blocks: ["*"] }))).toContain("whole device");
    expect(blocks(card({}))).toBe("");
    expect(blocks(card({ blocks: ["c2.example"] }), true)).toBe("The block cuts: c2.example.");
  });
});
