import { describe, expect, it } from "vitest";
import { late, newest, sick } from "./health";

describe("the health of the system", () => {
  it("calls reports late after a quarter of an hour", () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    expect([late("2026-03-01T11:46:00Z", now), late("2026-03-01T11:44:00Z", now)]).toEqual([false, true]);
  });
  it("takes the newest of times that are there", () => {
    expect([newest([]), newest([null, "2026-03-01T11:00:00Z", undefined, "2026-03-01T12:00:00Z", "2026-03-01T10:00:00Z"])]).toEqual([undefined, "2026-03-01T12:00:00Z"]);
  });
  it("names sources that fail or wait for a yes", () => {
    expect(sick(["new", "good", "held", "failed"].map((state) => ({ state }))).map((s) => s.state)).toEqual(["held", "failed"]);
  });
});
