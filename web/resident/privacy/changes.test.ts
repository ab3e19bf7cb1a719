import { expect, it } from "vitest";
import { fields, value, what } from "./changes";

it("a change is said by what it is about", () => {
  expect(what({ act: "paused", subject: { id: "p", name: "Ben" } })).toBe("Paused \u2068Ben\u2069");
  expect(what({ act: "paused", subject: { id: "", name: "" } })).toBe("Paused the home");
  expect(what({ act: "newer" as "paused", subject: { id: "", name: "" } })).toBe("newer");
});

it("values are words where there are some, and text otherwise", () => {
  expect(value("private", "on")).toBe("on");
  expect(value("contain", "ask")).toBe("ask first");
  expect(value("name", "ask")).toBe("\u2068ask\u2069");
  expect(value("zone", "Europe/Berlin")).toBe("\u2068Europe/Berlin\u2069");
  expect(value("name", "")).toBe("nothing");
});

it("ids are left out", () => expect(fields({ fields: [{ name: "devices", from: "a", to: "b" }, { name: "name", from: "a", to: "b" }] }).map((f) => f.name)).toEqual(["name"]));

it("a level is said in words", () => {
  expect(fields({ fields: [{ name: "level", from: "everything", to: "family" }] })).toHaveLength(1);
  expect([value("level", "everything"), value("level", "family")]).toEqual(["everything", "no adult sites"]);
});
