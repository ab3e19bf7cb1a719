import { describe, expect, it } from "vitest";
import { device, identity } from "../shared/sample";
import { groups } from "./group";

const of = (id: string, name: string, kind = "") => device({ id, name, identity: identity({ class: kind }) });
const all = [of("a", "Alpha", "tv"), of("b", "Beta"), of("c", "Gamma", "camera"), of("d", "Delta", "tv")];
const people = [{ id: "p1", name: "Zoe", devices: ["a", "d"] }, { id: "p2", name: "Ann", devices: ["c", "d", "gone"] }];
const shape = (by: Parameters<typeof groups>[1]) => groups(all, by, people, (c) => c.toUpperCase()).map((g) => [g.name, g.devices.map((d) => d.id)]);

describe("devices in groups", () => {
  it("are one list by state", () => expect(shape("state")).toEqual([["", ["a", "b", "d", "c"]]]));
  it("are with one person, those of nobody last", () => expect(shape("person")).toEqual([["Ann", ["c"]], ["Zoe", ["a", "d"]], ["", ["b"]]]));
  it("are by kind, those of none last", () => expect(shape("kind")).toEqual([["CAMERA", ["c"]], ["TV", ["a", "d"]], ["", ["b"]]]));
  it("are each there exactly once", () => {
    for (const by of ["state", "person", "kind"] as const) expect(groups(all, by, people, (c) => c).flatMap((g) => g.devices.map((d) => d.id)).sort()).toEqual(["a", "b", "c", "d"]);
    expect(groups([], "person", people, (c) => c)).toEqual([]);
  });
});
