import { describe, expect, it } from "vitest";
import type { Order, PlaybookStep } from "../../shared/model";
import { clean, codeLasts, codeOf, ended, held, newest, phaseAt, place } from "./guide";

const step = (id: string, state: PlaybookStep["state"]): PlaybookStep => ({ id, state, by: "person", text: id, detail: "", check: "none", optional: false, result: "", changed: null });
const order = (over: Partial<Order>): Order => ({
  id: "o", verb: "code", device: "d", incident: "i", endpoint: "", by: "owner", why: "", asked: "2026-11-22T12:00:00Z", status: "in_force", done: null, reason: "", check: null,
  answer: "", code: "", deed: "", mode: "", step: "", ...over,
});

describe("the place in a guide", () => {
  it.each([
    ["nothing begun", ["todo", "todo"], "0", 1, []],
    ["one over", ["passed", "now", "todo"], "1", 2, ["0"]],
    ["the gateway looks", ["passed", "checks", "todo"], "1", 2, ["0"]],
    ["not done yet", ["skipped", "failed", "todo"], "1", 2, ["0"]],
    ["between two", ["passed", "skipped", "todo"], "2", 3, ["0", "1"]],
    ["gateway's step passed out of turn", ["now", "passed", "todo"], "0", 1, ["1"]],
    ["all over", ["passed", "skipped"], undefined, 2, ["0", "1"]],
  ] as const)("is right with %s", (_, states, now, n, past) => {
    const at = place(states.map((s, i) => step(String(i), s)));
    expect(at.now?.id).toBe(now);
    expect(at.n).toBe(n);
    expect(at.past.map((s) => s.id)).toEqual(past);
    expect(at.past.length + at.later.length + (at.now ? 1 : 0)).toBe(at.all);
  });
  it("is nowhere without steps", () => expect(place([])).toEqual({ past: [], now: null, later: [], n: 0, all: 0 }));
});

describe("orders of a case", () => {
  it("are told once a verb, the newest first", () => {
    const a = order({ id: "a", verb: "step", asked: "2026-11-22T12:00:00Z" }), b = order({ id: "b", verb: "step", asked: "2026-11-22T12:01:00Z" }), c = order({ id: "c", verb: "undo", asked: "2026-11-22T12:02:00Z" });
    expect(newest([a, b], c).map((o) => o.id)).toEqual(["c", "b"]);
    expect(newest([a, { ...b, status: "asked" }], b)).toEqual([b]);
    expect(newest([], null)).toEqual([]);
  });
});

describe("a code for the gateway's page", () => {
  const at = Date.parse("2026-11-22T12:00:10Z");
  const made = order({ code: "48271950", done: "2026-11-22T12:00:10Z" });
  it("is shown for ten minutes", () => {
    expect(codeOf([made], at + 1000)).toEqual({ code: "48271950", until: at + codeLasts });
    expect(codeOf([made], at + codeLasts)).toBeNull();
  });
  it("is none before the gateway has it, and the newest counts", () => {
    expect(codeOf([order({ status: "asked" }), order({ status: "failed", code: "x" }), order({ verb: "check", code: "x" })], at)).toBeNull();
    expect(codeOf([made, order({ id: "n", code: "11112222", asked: "2026-11-22T12:05:00Z" })], at)?.code).toBe("11112222");
  });
});

describe("a case", () => {
  it("holds a device back while it is open and has a mode", () => {
    expect(held({ state: "contained", mode: "quarantine" })).toBe(true);
    expect(held({ state: "closed", mode: "quarantine" })).toBe(false);
    for (const mode of ["", "off"]) expect(held({ state: "open", mode })).toBe(false);
  });
  it("goes through its phases in order", () => expect(["vendor", "profile", "watch", "new"].map(phaseAt)).toEqual([0, 1, 2, -1]));
});

describe("a device", () => {
  const check = { clean: false, last: null, need_seconds: 5, quiet_seconds: 0, seen: 3, sentence: "Not clean." };
  const book = (state: PlaybookStep["state"], changed: string | null) => ({ id: "p", version: 1, title: "", intro: "", expert: "", steps: [{ ...step("watch", state), check: "silent", changed }] });
  const asked = order({ verb: "check", done: "2026-11-22T12:00:10Z" });
  it.each([
    ["nobody looked", null, [], book("checks", null), null],
    ["it was looked at", check, [asked], book("checks", "2026-11-22T12:00:20Z"), false],
    ["the guide saw it later", check, [asked], book("passed", "2026-11-22T12:00:20Z"), true],
    ["it was looked at after that", check, [asked], book("passed", "2026-11-22T12:00:05Z"), false],
    ["it was clean then", { ...check, clean: true }, [asked], null, true],
  ] as const)("is clean or not: %s", (_, c, orders, playbook, want) => {
    expect(clean({ check: c, orders: [...orders], playbook } as unknown as Parameters<typeof clean>[0])).toBe(want);
  });
});

describe("the end of a case", () => {
  const x = { outcome: "clean", opened: "2026-11-01T12:00:00Z", changed: "2026-11-17T12:00:00Z", probation: null };
  it.each([
    ["60 hours of silence", { ...x, probation: { silent_seconds: 216_000 } }, "outcome.clean.text"],
    ["two hours, of a show", { ...x, probation: { silent_seconds: 7_200 } }, "outcome.clean.for.text"],
    ["nothing to be silent about", { ...x, probation: { silent_seconds: 0 } }, "outcome.clean.soon.text"],
    ["no probation, and days", x, "outcome.clean.text"],
    ["no probation, and an hour", { ...x, changed: "2026-11-01T13:00:00Z" }, "outcome.clean.soon.text"],
    ["a false alarm", { ...x, outcome: "false-alarm" }, "outcome.false-alarm.text"],
  ] as const)("says 24 hours only where they passed: %s", (_, c, want) => expect(ended(c)).toBe(want));
});
