import { describe, expect, it } from "vitest";
import { hear, quietAfter, touched } from "./live";
import { contact } from "./sample";

describe("hear", () => {
  it("keeps one of each, the newest", () => {
    const one = hear(new Map(), [contact({ flows: 1 }), contact({ flows: 2 })], 0);
    expect([...one.values()].map((h) => h.contact.flows)).toEqual([2]);
  });
  it("forgets what fell silent", () => {
    const one = hear(new Map(), [contact()], 0);
    expect(hear(one, [], quietAfter - 1).size).toBe(1);
    expect(hear(one, [], quietAfter).size).toBe(0);
  });
  it("stays bounded, dropping the oldest", () => {
    const many = Array.from({ length: 2000 }, (_, i) => contact({ name: `h${i}.example` }));
    const got = hear(new Map(), many, 0);
    expect(got.size).toBe(500);
    expect([...got.values()].at(-1)?.contact.name).toBe("h1999.example");
  });
});

it("every kind of the feed makes something old", () => {
  for (const kind of ["incident", "order", "device", "state", "stopped", "gateway"]) expect(touched[kind]?.length, kind).toBeGreaterThan(0);
});
