import { describe, expect, it } from "vitest";
import { can, isLast, shown, type Channel } from "./ways";

const channel = (way: Channel["way"], critical: boolean, available = true): Channel => ({ way, available, critical, important: true, info: false, report: false });

describe("ways", () => {
  it("leave text messages to what needs attention", () => {
    expect(can("sms", "critical") && can("sms", "important")).toBe(true);
    expect(can("sms", "info") || can("sms", "report")).toBe(false);
    expect(can("email", "report")).toBe(true);
  });
  it.each([
    [[channel("email", true), channel("push", false)], "email", true],
    [[channel("email", true), channel("push", true)], "email", false],
    [[channel("email", true), channel("push", true, false)], "email", true], // push leads nowhere
    [[channel("email", true), channel("push", true, false)], "push", false],
    [[channel("email", true, false)], "email", true], // nothing leads anywhere yet
  ] as const)("keep one for what is critical: %#", (all, way, want) => {
    expect(isLast(all, way, "critical")).toBe(want);
    expect(isLast(all, way, "info")).toBe(false);
  });
  it("name another system only where there is one", () => {
    expect(shown([channel("email", true), channel("webhook", false, false)]).map((c) => c.way)).toEqual(["email"]);
    expect(shown([channel("webhook", false)]).length).toBe(1);
  });
});
