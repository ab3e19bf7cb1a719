import { describe, expect, it } from "vitest";
import type { FleetIncident, Hunt, ProfileFacts } from "./model";
import { calibrationText, driftText, endpointsText, freshText, happened, hoursText, huntText, part, partText } from "./normal";

const few = { count: null, words: "fewer than 20 homes" };
const homes = (n: number) => ({ count: n, words: `${n} homes` });
type End = ProfileFacts["endpoints"][number];
const end = (standing: End["standing"]): End => ({ hash: "0", name: "", homes: homes(40), share: 1, standing, shared: false });
const change = (from: string, to: string) => ({ hash: "0", name: "", from, to, at: "" });

describe("what is normal in words", () => {
  it("never tells a share of what is not told", () => {
    expect(part(null, 40)).toBeNull();
    expect(part(24, null)).toBeNull();
    expect(part(24, 0)).toBeNull();
    expect(partText(part(30, 40))).toBe("75 %");
    expect(partText(part(50, 40))).toBe("100 %"); // counted at another time
    expect(partText(null)).toBe("–");
  });
  it("counts endpoints by standing", () => {
    expect(endpointsText({ endpoints: [end("normal"), end("normal"), end("pending")], rare: 1 })).toBe(
      "3 endpoints of many homes: 2 normal, 1 pending, 0 rare. Not told: 1 endpoint of fewer than 20 homes.");
    expect(endpointsText({ endpoints: [], rare: 0 })).toContain("Nothing is known");
    expect(endpointsText({ endpoints: [], rare: 7 })).toContain("7 endpoints, each of fewer than 20 homes");
  });
  it("says when contacts begin", () => {
    const day = Array<number>(24).fill(0.04);
    day[23] = 0.1;
    day[3] = 0.02;
    expect(hoursText(day)).toMatch(/^Most contacts begin from 23:00 to 00:00 \(10 %\), fewest from 03:00 to 04:00 \(2 %\)/);
    expect(hoursText(Array<number>(24).fill(1 / 24))).toContain("evenly");
    expect(hoursText([])).toContain("not known");
    expect(hoursText(Array<number>(24).fill(0))).toContain("not known");
  });
  it("counts what changed", () => {
    expect(driftText([change("rare", "pending"), change("pending", "normal"), change("normal", "old"), change("normal", "rare")])).toBe("In 30 days 1 endpoint became normal, 1 became pending, 2 stopped being normal.");
    expect(driftText([])).toBe("Nothing changed in 30 days.");
  });
  it("says what thresholds rest on", () => {
    expect(calibrationText({ device_days: 1200, homes: homes(40), floor: 0.00083, silent: false })).toBe("Thresholds rest on 1,200 device-days of 40 homes; the smallest probability that can be told is 0.00083.");
    expect(calibrationText({ device_days: 0, homes: few, floor: 1, silent: false })).toContain("Too few");
    expect(calibrationText({ device_days: 1200, homes: few, floor: 1, silent: true })).toContain("Too few");
    expect(freshText(0.02)).toBe("A device calls somebody new once in 50 days.");
    expect(freshText(1.5)).toBe("A device calls somebody new 1.5 times a day.");
    expect(freshText(0)).toContain("not known");
  });
  it("keeps names of others on one line", () => {
    const i: FleetIncident = { id: "0a", kind: "outbreak", model: "Cam", vendor: "", class: "camera", detector: "beacon", hash: "", name: "a\u202eb\nc.example", homes: few, own_homes: few, why: "", since: "", last: "", until: "", open: true };
    expect(happened(i, "Cam")).toBe("An outbreak: fewer than 20 homes with Cam, abc.example.");
    expect(happened({ ...i, kind: "unknown", name: "" }, "")).toBe("Something that is not known: fewer than 20 homes with a device that is not known.");
  });
  it("answers a hunt", () => {
    const h: Hunt = { any: false, own_homes: few, homes: few, since: "" };
    expect(huntText(h)).toBe("None of your homes used it. In all: fewer than 20 homes, or none.");
    expect(huntText({ ...h, any: true })).toContain("at least one");
    expect(huntText({ ...h, any: true, own_homes: homes(21), homes: homes(41) })).toBe("21 homes of yours used it. In all: 41 homes.");
  });
});
