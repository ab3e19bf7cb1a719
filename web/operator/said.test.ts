import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { setLanguage } from "../shared/i18n";
import { acted, did, happened, known, lineSays, whoDid } from "./said";

type Line = Parameters<typeof happened>[0];
const line = (of: Partial<Line>): Line => ({ time: "2026-03-01T12:00:00Z", kind: "staff", what: "look", about: [], who: "Ada", why: "", device: "", status: "", done: null, result: "", case: "", ...of });
const named = (id: string) => (id === "d1" ? "Kitchen camera" : "");

describe("a home's timeline", () => {
  it("says what was done, to what and what became of it", () => {
    expect(happened(line({ kind: "order", what: "release", device: "d1", status: "in_force" }), named)).toEqual({ what: "Let out: Kitchen camera", became: "in force, the gateway confirmed it", why: "" });
    expect(happened(line({ kind: "order", what: "block", device: "gone", status: "failed", result: "It is needed." }), named)).toEqual({ what: "Block an address", became: "failed: It is needed.", why: "" });
    expect(happened(line({ kind: "order", what: "check", status: "in_force" }), named).became).toBe("done");
    expect(happened(line({ kind: "case", what: "opened", why: "scan-wan" }), named)).toEqual({ what: "Incident opened", became: "", why: "Tries many computers on the internet that do not answer" });
    expect(happened(line({ kind: "case", what: "closed", why: "clean" }), named).why).toBe("Clean");
  });
  it("puts together what one person read", () => {
    expect(happened(line({ what: "get", about: ["devices", "incidents", "line"] }), named).what).toBe("Read devices, incidents and the line");
    expect(happened(line({ what: "get" }), named).what).toBe("Read the summary");
    expect(happened(line({ what: "post", about: ["orders"] }), named).what).toBe("Sent an order to the gateway");
    expect(happened(line({ what: "delete", about: ["devices/protections"] }), named).what).toBe("Removed a device's protection");
  });
  it("keeps what is not known readable", () => {
    expect(happened(line({ what: "set-a_new-thing" }), named).what).toBe("Set a new thing");
    expect(happened(line({ kind: "order", what: "new-verb", status: "half-way" }), named)).toEqual({ what: "New verb", became: "half way", why: "" });
    expect(happened(line({ what: "get", about: ["new/thing"] }), named).what).toBe("Read new, thing");
    expect(acted("constructor")).toBe("constructor");
    expect(happened(line({ kind: "order", what: "toString", status: "constructor" }), named).what).toBe("ToString");
  });
  it("names who without telling who at home it was", () => {
    expect(whoDid(line({ who: "owner" }))).toBe("somebody at home");
    expect(whoDid(line({ who: "gateway" }))).toBe("the gateway");
    expect(whoDid(line({ who: "Ada Lovelace" }))).toBe("Ada Lovelace");
  });
});

describe("a line of the audit", () => {
  it("begins with what was done", () => {
    expect(did("look", "")).toBe("Opened this home");
    expect(did("get", "/devices/0197c3a2-5b1e-7c44-9a51-3f2d8e6b7a10/contacts")).toBe("Read live traffic of a device");
    expect(did("make an exception of all lists", "example.net")).toBe("Excepted an address from all lists");
  });
});

describe("a home's line", () => {
  const now = { time: null, latency: 4, beyond: 20, dns: 12, lost: 0, down: 0, up: 0 };
  const since = new Date(); // in this browser's zone, today
  since.setHours(0, 5, 0, 0);
  const says = (slow: Parameters<typeof lineSays>[0]["slow"], latency: number | null = 4) => lineSays({ slow, since: since.toISOString(), now: { ...now, latency }, sentence: "Slow, because your home fills its line." });
  it("is told to staff, not as to its residents", () => {
    setLanguage("en", ["en-GB"]);
    expect(says("home")).toBe("Slow since 00:05, because the home fills its line.");
    expect(says("line")).toBe("Slow since 00:05, on the line between the home and the provider.");
    expect(says("provider")).toBe("Slow since 00:05, at the provider's side.");
    expect(says("provider", null)).toBe("Slow since 00:05, somewhere beyond the gateway.");
    expect(says("dns")).toBe("Slow since 00:05: names are looked up slowly.");
    expect(says("")).toBe("The line works as it usually does.");
    expect(lineSays({ slow: "", since: null, now: null, sentence: "" })).toBe("The gateway has told nothing of the line lately.");
  });
  it("has the time as the reader writes it", () => {
    setLanguage("en", ["en-US"]);
    expect(says("dns")).toMatch(/^Slow since 12:05\sAM: /);
    setLanguage("en");
  });
});

describe("what the server writes into the audit", () => {
  const cloud = resolve(import.meta.dirname, "../../cloud");
  const files = readdirSync(cloud, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".go") && !f.endsWith("_test.go"));
  const written = files.flatMap((f) => [...readFileSync(resolve(cloud, f), "utf8").matchAll(/\bAct: +"([a-z][^"]+[a-z])"|\.note\(by, "([^"]+)"|\bact, what :?= "([^"]+)"/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? ""));
  const tool = resolve(import.meta.dirname, "../../cmd/cardea");
  const typed = readdirSync(tool).filter((f) => f.endsWith(".go") && !f.endsWith("_test.go")).flatMap((f) => [...readFileSync(resolve(tool, f), "utf8").matchAll(/\ba\.(?:noteAll|noteRefusal|hand|publisher)\((?:c\.Tenant, )?"([^"]+)"/g)].map((m) => m[1] ?? ""));
  it("is said here as a sentence", () => {
    expect(written.length).toBeGreaterThan(30);
    expect(typed.length).toBeGreaterThan(12);
    expect([...new Set([...written, ...typed])].filter((act) => !known(act))).toEqual([]);
  });
});
