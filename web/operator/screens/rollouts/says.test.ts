import { describe, expect, it } from "vitest";
import { asked, can, seconds, triedWord } from "./says";

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
  it("tries only what can be tried", () => expect(asked(form({ bundle: "agent", shadow: "24" }))).toEqual({ bundle: "agent" }));
  it("counts in seconds", () => expect([seconds("48"), seconds(""), seconds("x")]).toEqual([172_800, 0, 0]));
});

it("says what a version that was tried would have done", () => {
  expect(triedWord("stop")).toBe("Would have been stopped");
  expect(triedWord("constructor")).toBe("Something else");
});
