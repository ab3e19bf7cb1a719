import { describe, expect, it } from "vitest";
import type { Device } from "../shared/model";
import { contact, device as sample } from "../shared/sample";
import { layout, rows } from "./map";
import { level, local, stripText } from "./strip";

const device = (i: number, over: Partial<Device> = {}): Device => sample({ id: `d${i}`, name: `Device ${i}`, ...over });

describe("rows", () => {
  it("places exactly n, inside, and never two upon each other", () => {
    for (const [width, most] of [[300, 4], [328, 4], [800, 7]] as const) {
      for (let n = 0; n <= most * 3; n++) {
        const got = rows(n, width, 148, most);
        expect(got).toHaveLength(n);
        got.forEach((a, i) => {
          expect(a.x).toBeGreaterThanOrEqual(30);
          expect(a.x).toBeLessThanOrEqual(width - 30);
          for (const b of got.slice(i + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(55);
        });
      }
    }
  });
});

describe("layout", () => {
  it("never leaves out a device that is shut in", () => {
    const all = [device(0, { gateway: true }), ...Array.from({ length: 40 }, (_, i) => device(i + 1)), device(99, { mode: "quarantine", name: "zz" })];
    const map = layout(all, [], 328);
    expect(map.spots).toHaveLength(12);
    expect(map.more).toBe(29);
    expect(map.spots[0]).toMatchObject({ id: "d99", held: true });
  });
  it("draws one line for a device and a party, and marks a refused one", () => {
    const service = { name: "S", company: "Company", purpose: "" };
    const map = layout([device(1)], [contact({ service }), contact({ service, name: "b.example", verdict: "block" })], 328);
    expect(map.far.map((f) => [f.key, f.bad])).toEqual([["Company", true]]);
    expect(map.lines).toHaveLength(1);
    expect(map.lines[0]?.bad).toBe(true);
  });
  it("does not draw a mere look-up as talk", () => {
    expect(layout([device(1)], [contact({ lookup: true })], 328).lines).toHaveLength(0);
  });
  it("joins two devices that talk to each other", () => {
    const map = layout([device(1), device(2)], [contact({ local: true, peer: "d2" })], 328);
    expect(map.lines).toMatchObject([{ device: "d1", to: "d2", local: true }]);
    expect(map.far).toHaveLength(0);
  });
});

describe("strip", () => {
  it("turns UTC to local hours", () => {
    const utc = Array.from({ length: 24 }, (_, h) => h);
    expect(local(utc, 0)[5]).toBe(5);
    expect(local(utc, -120)[2]).toBe(0);
    expect(local(utc, 300)[0]).toBe(5);
    expect(local([], 0)).toHaveLength(24);
  });
  it("reads a bulb and a television", () => {
    expect([0, 1, 5e3, 5e5, 5e7, 5e12].map(level)).toEqual([0, 1, 1, 2, 3, 4]);
  });
  it("says what it shows", () => {
    expect(stripText([0, 5, 0, 7])).toBe("Active in 2 hours today, between 1:00 and 4:00.");
    expect(stripText([])).toBe("Not active today.");
  });
});
