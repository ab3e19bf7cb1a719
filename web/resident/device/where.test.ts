import { beforeEach, describe, expect, it } from "vitest";
import { setLanguage } from "../../shared/i18n";
import { contact, exposure } from "../../shared/sample";
import { percent } from "../../shared/text";
import { until } from "./pause";
import { byCompany, byCountry, neighbours, outside, ports, share, total } from "./where";

beforeEach(() => setLanguage("en"));

const netflix = { service: { name: "Netflix", company: "Netflix", purpose: "Films" } };

describe("where traffic went", () => {
  const all = [
    contact({ ...netflix, name: "a.nflx.example", country: "US", bytes_down: 600, bytes_up: 100, flows: 2, last: "2026-11-20T00:00:00Z" }),
    contact({ ...netflix, name: "b.nflx.example", country: "DE", bytes_down: 200, bytes_up: 100, last: "2026-11-21T00:00:00Z" }),
    contact({ domain: "ads.example", name: "x.ads.example", country: "US", verdict: "block", lookup: true, bytes_up: 0, bytes_down: 0 }),
    contact({ domain: "looked.example", name: "looked.example", lookup: true }),
    contact({ local: true, peer: "d2" }),
  ];
  it("leaves out what stayed at home, and names that were only looked up", () => expect(outside(all)).toHaveLength(3));
  it("adds up by company, the largest first, and says what was stopped", () => {
    const rows = byCompany(all);
    expect(rows.map((r) => [r.name, r.up, r.down, r.flows, r.countries, r.stopped, r.last])).toEqual([
      ["Netflix", 200, 800, 3, ["US", "DE"], false, "2026-11-21T00:00:00Z"], ["ads.example", 0, 0, 1, ["US"], true, ""],
    ]);
    expect(total(rows)).toBe(1000);
    expect(rows.map((r) => share(r, rows))).toEqual([1, 0]);
  });
  it("adds up by country; a country that is not known has no name", () => {
    expect(byCountry([...all, contact({})]).map((r) => [r.key, r.name])).toEqual([["US", "United States"], ["DE", "Germany"], ["", ""]]);
  });
  it("shares by connections where nothing was exchanged, and never by nothing", () => {
    const rows = byCompany([contact({ domain: "a.example", bytes_up: 0, bytes_down: 0, flows: 3 }), contact({ domain: "b.example", bytes_up: 0, bytes_down: 0, flows: 1 })]);
    expect(rows.map((r) => share(r, rows))).toEqual([0.75, 0.25]);
    expect(byCompany([])).toEqual([]);
    const none = byCompany([contact({ flows: 0, bytes_up: 0, bytes_down: 0 })]);
    expect(none.map((r) => share(r, none))).toEqual([0]);
  });
  it.each([[0, 0], [0.001, 1], [0.499, 50], [1, 100], [7, 100], [-1, 0]])("a share of %d is %d percent", (x, n) => expect(percent(x)).toBe(n));
});

describe("neighbours", () => {
  it("are told once, with who began", () => {
    const list = neighbours([
      contact({ local: true, peer: "d2", port: 445, bytes_up: 5, last: "2026-11-20T00:00:00Z" }), contact({ local: true, peer: "d2", port: 80, inbound: true, failed: 2, last: "2026-11-21T00:00:00Z" }),
      contact({ local: true, peer: "", ip: "192.168.1.9", port: 0, last: "2026-11-22T00:00:00Z" }), contact({ local: true, lookup: true, peer: "d7" }), contact({}),
    ]);
    expect(list.map((n) => [n.id || n.ip, n.out, n.in, n.ports, n.failed])).toEqual([["192.168.1.9", true, false, [], 0], ["d2", true, true, [80, 445], 2]]);
  });
});

describe("ports", () => {
  it("that the internet reaches come first, each once", () => {
    const list = ports([
      exposure({ kind: "open-port", port: 554, certain: false }), exposure({ kind: "telnet", port: 23 }), exposure({ kind: "internet", port: 80, external: 8000 }),
      exposure({ kind: "open-port", port: 80 }), exposure({ kind: "cleartext-login", port: 23 }), exposure({ kind: "end-of-life", port: 0 }),
    ]);
    expect(list.map((p) => [p.port, p.internet, p.external, p.certain])).toEqual([[80, true, 8000, true], [23, false, 0, true], [80, false, 0, true], [554, false, 0, false]]);
  });
});

describe("a pause", () => {
  const at = new Date(2026, 10, 22, 21, 15);
  it("ends after its minutes", () => expect(until(30, at).getTime() - at.getTime()).toBe(1_800_000));
  it("until the morning ends at six, today's when it is still night", () => {
    expect(until("morning", at)).toEqual(new Date(2026, 10, 23, 6, 0));
    expect(until("morning", new Date(2026, 10, 22, 2, 0))).toEqual(new Date(2026, 10, 22, 6, 0));
    expect(until("morning", new Date(2026, 10, 22, 6, 0))).toEqual(new Date(2026, 10, 23, 6, 0));
  });
});
