import { describe, expect, it } from "vitest";
import { grouped, inside, secretOf, whyOf } from "./door";

describe("what an address brings", () => {
  it.each([
    ["/start", "#ABC", { page: "start", secret: "ABC" }], ["/sign-in", "#token=x", { page: "sign-in", secret: "x" }], ["/sign-in", "", null],
    ["/sign-in", "#", null], ["/devices", "#control", null], ["/recover", "#r", { page: "recover", secret: "r" }],
  ])("%s%s", (path, hash, want) => expect(secretOf(path, hash)).toEqual(want));
  it.each([["/devices", "/devices"], ["//evil.example", "/"], ["/\\evil", "/"], ["https://evil.example", "/"], [null, "/"]])("%s leads to %s", (next, want) => expect(inside(next)).toBe(want));
  it.each([["/?sign-in=owned", "owned"], ["/?sign-in=<b>", "failed"], ["/", null]])("%s says %s", (next, want) => expect(whyOf(next)).toBe(want));
});

it("a label's code is read in groups", () => expect(grouped("abcde-12345 xy")).toBe("ABCDE-12345-XY"));
