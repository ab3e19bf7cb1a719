import { beforeEach, describe, expect, it } from "vitest";
import { setLanguage } from "../../shared/i18n";
import { covers, needsLook } from "../../shared/marks";
import type { HomeExposure } from "../../shared/model";
import { device, exposure } from "../../shared/sample";
import { byDevice } from "../screens/Exposures";
import { rank } from "./Exposed";
import { protection } from "./orders";
import { correction } from "../../shared/correction";

beforeEach(() => setLanguage("en"));

describe("a correction", () => {
  it("says only what was said", () => {
    expect(correction("", " ", "\u202e")).toBeNull();
    expect(correction("medical", "", "")).toEqual({ class: "medical" });
    expect(correction("", " Belkin\u0000 ", "x".repeat(80))).toEqual({ vendor: "Belkin", model: "x".repeat(63) + "…" });
  });
});

describe("a protection", () => {
  it("names a port only where it closes one", () => {
    expect(protection("close", { port: 80, proto: "tcp" })).toEqual({ kind: "close", port: 80, proto: "tcp" });
    expect(protection("close", { port: 0, proto: "" })).toEqual({ kind: "close" });
    expect(protection("close", { port: 53, proto: "sctp" })).toEqual({ kind: "close", port: 53 });
    expect(protection("no-lan", { port: 23, proto: "tcp" })).toEqual({ kind: "no-lan" });
  });
  it.each([
    ["the same port", { kind: "close", port: 80, proto: "tcp" }, true],
    ["all ports", { kind: "close" }, true],
    ["another port", { kind: "close", port: 81, proto: "tcp" }, false],
    ["another protocol", { kind: "close", port: 80, proto: "udp" }, false],
    ["another kind", { kind: "no-lan" }, false],
  ] as const)("covers %s or does not", (_, p, want) => expect(covers({ ...p }, "close", { port: 80, proto: "tcp" })).toBe(want));
});

describe("what is worth a look", () => {
  const open = exposure({ kind: "internet", port: 80, proto: "tcp", protect: ["close"] });
  it("is certain, can be helped, and is not helped yet", () => {
    const d = device();
    expect(needsLook(d, open)).toBe(true);
    expect(needsLook(d, { ...open, certain: false })).toBe(false);
    expect(needsLook(d, { ...open, advice: "" })).toBe(false);
    expect(needsLook(device({ protections: [{ kind: "close", port: 80, proto: "tcp" }] }), open)).toBe(false);
    expect(needsLook(device({ protections: [{ kind: "no-lan" }] }), open)).toBe(true); // it does not help against this
  });
  it("comes first, what needs nothing last", () => {
    const d = device({ protections: [{ kind: "no-lan" }] });
    const all = [exposure({ advice: "" }), exposure({ certain: false }), exposure(), open];
    expect(all.map((x) => rank(d, x))).toEqual([3, 2, 1, 0]);
  });
});

describe("the list of a home", () => {
  const of = (id: string, name: string, over = {}): HomeExposure => ({ ...exposure(over), id: id + name, device: { id, name } });
  it("groups by device, and puts the one that is worth a look first", () => {
    const items = [of("a", "A", { certain: false }), of("b", "B", { advice: "" }), of("b", "B2"), of("a", "A2", { advice: "" })];
    const got = byDevice(items, [device({ id: "b", name: "Bee" })]);
    expect(got.map((g) => [g.device.name, g.items.map((x) => x.id)])).toEqual([["Bee", ["bB2", "bB"]], ["A", ["aA", "aA2"]]]);
  });
  it("knows what to do with devices that it cannot see yet", () => {
    expect(byDevice([of("x", "X")], [])[0]?.device.protections).toEqual([]);
  });
});
