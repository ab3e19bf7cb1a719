import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { wayTo, whyOf } from "./door";

describe("who was refused at their provider", () => {
  it("is told why", () => {
    expect(whyOf("?sign-in=no-role")).toContain("has no role here");
    expect(whyOf("?sign-in=unverified")).toContain("E-mail not verified");
    expect(whyOf("?sign-in=away")).toContain("The provider does not answer");
    expect(whyOf("?sign-in=<b>")).toBe(whyOf("?sign-in=failed"));
    expect(whyOf("?sign-in=constructor")).toBe(whyOf("?sign-in=failed"));
    expect(whyOf("")).toBeNull();
    expect(whyOf("?q=1")).toBeNull();
  });
  it("has a sentence of its own for all that the server says", () => {
    const server = /staffFailures = \[\]failure\{(.*)\}/.exec(readFileSync(resolve(__dirname, "../../cloud/api/routes_oidc.go"), "utf8"))?.[1] ?? "";
    const all = [...server.matchAll(/"([a-z-]+)"/g)].map((m) => m[1]);
    expect(all.length).toBeGreaterThan(6);
    for (const why of all) expect(whyOf(`?sign-in=${why}`), why).not.toBe(whyOf("?sign-in=failed"));
  });
});

it("goes to one provider's sign-on", () => expect(wayTo("a&b")).toBe("/v1/staff/sign-in/provider?provider=a%26b"));
