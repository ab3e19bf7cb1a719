import { expect, it } from "vitest";
import { device } from "../shared/sample";
import { here } from "./here";

it("knows who and what is online", () => {
  const devices = [device({ id: "gw", gateway: true, online: true }), device({ id: "a", online: true }), device({ id: "b", online: false }), device({ id: "c", online: true })];
  const people = [
    { name: "Anna", group: false, devices: ["a", "b"] }, { name: "Ben", group: false, devices: ["b"] }, { name: "Cem", group: false, devices: ["gone"] },
    { name: "TVs", group: true, devices: ["c"] },
  ];
  expect(here(people, devices)).toEqual({ names: ["Anna"], people: 3, online: 2, all: 3 });
  expect(here([], [])).toEqual({ names: [], people: 0, online: 0, all: 0 });
});
