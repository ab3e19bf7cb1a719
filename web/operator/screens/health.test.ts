import { describe, expect, it } from "vitest";
import { fullness, late, newest, sick, wrong } from "./health";

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

describe("a stream of the message broker", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  const good = { name: "REPORTS", silent: false, messages: 3, bytes: 500, limit: 1000, hours: 336, oldest: "2026-03-01T11:59:00Z", leader: "one", copies: [{ broker: "two", current: true, offline: false, behind: 0 }], readers: [], unread: 0 };
  it("is fine while it is read, led and has room", () => {
    expect([wrong(good, now), fullness(good), fullness({ bytes: 5, limit: null })]).toEqual(["", 0.5, null]);
    expect(wrong({ ...good, limit: null, oldest: null, copies: [] }, now)).toBe("");
  });
  it("says the worst first", () => {
    const bad = { ...good, silent: true, leader: "", bytes: 900, unread: 2, oldest: "2026-03-01T11:00:00Z", copies: [{ broker: "two", current: false, offline: false, behind: 5 }, { broker: "three", current: true, offline: true, behind: 0 }] };
    const said = [wrong(bad, now), wrong({ ...bad, silent: false }, now), wrong({ ...bad, silent: false, leader: "one" }, now), wrong({ ...bad, silent: false, leader: "one", bytes: 1 }, now),
      wrong({ ...bad, silent: false, leader: "one", bytes: 1, unread: 0 }, now), wrong({ ...bad, silent: false, leader: "one", bytes: 1, unread: 0, oldest: null }, now)];
    expect(said).toEqual(["Its brokers do not answer", "No broker leads it: nothing is taken", "90 % full: a full one refuses, and gateways keep what they have", "No worker reads 2 partitions", "What came in waits to be stored", "Not in step: the copy on two, three"]);
    expect(wrong({ ...good, unread: 1 }, now)).toBe("No worker reads one partition");
  });
});
