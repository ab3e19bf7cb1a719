import { describe, expect, it } from "vitest";
import type { Stopped } from "../../shared/model";
import { midnight, weekOf } from "../data";
import { days, stoppedOn, site } from "./days";

const at = (daysAgo: number, hour: number) => {
  const d = new Date(midnight(daysAgo));
  d.setHours(hour);
  return d.toISOString();
};
const stop = (endpoint: string, last: string) => ({ device: { id: "d", name: "Laptop" }, endpoint, class: "malware", family: "", source: "", reason: "", count: 1, first: last, last, allowed: false, confidence: null, card: null }) satisfies Stopped;

describe("what was stopped by day", () => {
  it("is under the day of its last time, the latest first, and today is there when nothing was", () => {
    const got = days([stop("a", at(3, 1)), stop("b", at(1, 0)), stop("c", at(3, 23))], midnight());
    expect(got.map((g) => [g.day, g.items.map((s) => s.endpoint)])).toEqual([[midnight(), []], [midnight(1), ["b"]], [midnight(3), ["c", "a"]]]);
  });
  it("comes in pages of seven days that end with a time's day", () => {
    expect(weekOf(at(3, 13))).toEqual({ since: midnight(9), until: midnight(2) });
    expect(weekOf(midnight(3))).toEqual({ since: midnight(9), until: midnight(2) });
  });
  it.each([["login.example:443/tcp", "login.example"], ["login.example", "login.example"], ["192.0.2.1:80", "192.0.2.1"]])("%s is the site %s", (e, want) => expect(site(e)).toBe(want));
});

it("counts what was stopped on a day of this browser's clock, whatever the day in UTC is", () => {
  const items = [{ ...stop("a", at(0, 0)), count: 3 }, { ...stop("b", at(1, 23)), count: 5 }, { ...stop("c", at(1, 0)), count: 7 }];
  expect([stoppedOn(items, midnight()), stoppedOn(items, midnight(1)), stoppedOn(items, midnight(2))]).toEqual([3, 12, 0]);
});
