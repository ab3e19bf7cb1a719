import { describe, expect, it } from "vitest";
import { sees, whoMay } from "./may";

describe("who may", () => {
  it("names the roles as people say them", () => {
    expect(whoMay(["SOC analyst"], ["yes"])).toBe("A SOC analyst can do this.");
    expect(whoMay(["Support tier 1", "Support tier 2", "SOC analyst"], ["hour", "yes", "yes"])).toBe("Support tier 1, support tier 2 or a SOC analyst can do this.");
    expect(whoMay(["SOC analyst", "Administrator"], ["two", "two"])).toBe("A SOC analyst or an administrator can do this, and another person has to agree.");
    expect(whoMay([], [])).toBe("Nobody can do this.");
  });
});

describe("what is seen", () => {
  it("is what is granted, not what stands in the audit only", () => {
    expect(sees({ "fleet.view": "yes", "rollout.view": "view", "home.names": "audit" }, "rollout.view")).toBe(true);
    expect(sees({ "home.names": "audit" }, "home.names")).toBe(false);
    expect(sees({}, "fleet.view")).toBe(false);
    expect(sees(undefined, "fleet.view")).toBe(false);
    expect(sees({}, undefined)).toBe(true);
  });
});
