import { describe, expect, it } from "vitest";
import { match } from "./router";

describe("match", () => {
  it.each([
    ["/", "/", {}],
    ["/devices/:id", "/devices/a%2Fb", { id: "a/b" }],
    ["/devices/:id", "/devices/", null],
    ["/devices/:id", "/devices/a/b", null],
    ["/devices/:id", "/devices/%E0%A4%A", null],
    ["/homes/:home/incidents/:incident", "/homes/1/incidents/2", { home: "1", incident: "2" }],
  ])("%s %s", (pattern, path, want) => expect(match(pattern, path)).toEqual(want));
});
