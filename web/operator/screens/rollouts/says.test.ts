import { describe, expect, it } from "vitest";
import { asked, can, counted, differs, protectionWord, seconds, takenFor, triedWord } from "./says";

const form = (of: Record<string, string>) => {
  const f = new FormData();
  for (const [k, v] of Object.entries(of)) f.set(k, v);
  return f;
};

describe("a rollout", () => {
  it("that is done is undone while nothing newer came", () => {
    expect(can("done", true)).toEqual(["undo"]);
    expect(can("done", false)).toEqual([]);
    expect(can("undone", true)).toEqual([]);
  });
  it("goes on from a hold, a halt and shadow", () => {
    for (const state of ["paused", "halted", "shadow"]) expect(can(state, true), state).toContain("resume");
    expect(can("running", true)).not.toContain("resume");
  });
});

describe("starting one", () => {
  it("leaves out what is left empty", () => {
    expect(asked(form({ bundle: "agent", version: "", shadow: "", pace: "" }))).toEqual({ bundle: "agent" });
    expect(asked(form({ bundle: "lists", version: "7", shadow: "24", pace: "0.5" }))).toEqual({ bundle: "lists", version: 7, shadow: 86_400, pace: 1800 });
  });
  it("tries only what can be tried", () => {
    expect(asked(form({ bundle: "agent", shadow: "24" }))).toEqual({ bundle: "agent" });
    for (const bundle of ["profiles", "models"]) expect(asked(form({ bundle, shadow: "24" }))).toEqual({ bundle, shadow: 86_400 });
  });
  it("counts in seconds", () => expect([seconds("48"), seconds(""), seconds("x")]).toEqual([172_800, 0, 0]));
});

it("says what a version that was tried would have done", () => {
  expect(triedWord("stop")).toBe("Would have been stopped");
  expect(triedWord("constructor")).toBe("Something else");
  expect([counted("lists"), counted("profiles"), counted("models")]).toEqual(["contacts", "contacts", "devices"]);
  expect([differs("lists"), differs("profiles"), differs("models")]).toEqual([false, true, true]);
});

describe("models that are tried", () => {
  it("are told by what they would take devices for", () => {
    expect(takenFor("Maker Cam", "camera")).toBe("Maker Cam (camera)");
    expect(takenFor("", "")).toBe("No known model");
    expect(takenFor("", "plug")).toBe("No known model (plug)");
    expect(takenFor("medical", "medical")).toBe("medical");
    for (const what of ["named", "unnamed", "renamed", "classed", "same"]) expect(triedWord(what), what).not.toBe("Something else");
  });
  it("say whether devices would be protected less or more", () => {
    expect(protectionWord("less")).toContain("Less");
    expect(protectionWord("more")).toBe("More, at once");
    expect(protectionWord("")).toBe("As much");
  });
});
