import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { bound, mostOrders, over } from "./bulk";

const homes = (count: number | null) => ({ count, words: "" });

describe("a block in many homes", () => {
  it("has the server's own bound", () => {
    const server = readFileSync(resolve(import.meta.dirname, "../../cloud/rooms/bulk.go"), "utf8");
    expect(Number(/bulkOrders\s*=\s*(\d+)/.exec(server)?.[1])).toBe(mostOrders);
    expect(bound()).toContain("at most 5,000 devices of a model");
  });
  it("says of everything in all homes when that is too many", () => {
    expect(over(" ", { homes: 5000 })).toBeNull();
    expect(over("", {})).toBeNull();
    expect(over("", { homes: 12_000 })).toEqual({ sure: true, text: "There are 12,000 homes, more than one block may reach." });
  });
  it("says of a model that is in too many of the provider's homes, by its name as the server compares it", () => {
    const profiles = [{ model: "Example Cam", own_homes: homes(4000) }, { model: "example cam", own_homes: homes(1001) }, { model: "Rare", own_homes: homes(null) }];
    expect(over("EXAMPLE CAM ", { homes: 9000, profiles })).toMatchObject({ sure: true, text: expect.stringContaining("5,001 of your homes") as string });
    expect(over("Rare", { homes: 9000, profiles })).toBeNull();
    expect(over("Example Cam", { profiles: profiles.slice(0, 1), models: [{ model: "Example Cam", homes: homes(90_000) }] })).toBeNull(); // most of them are others'
  });
  it("is not certain where only the homes of all providers are known", () => {
    const models = [{ model: "Example Cam", homes: homes(6000) }, { model: "Other", homes: homes(5000) }];
    expect(over("Example Cam", { models })).toMatchObject({ sure: false });
    expect(over("Other", { models })).toBeNull();
  });
});
