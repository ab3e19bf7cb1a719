import { beforeEach, describe, expect, it } from "vitest";
import { known, setLanguage, t, tn } from "./i18n";
import { statement } from "./statement";
import { where } from "./parts/Contacts";
import { contact, device, identity } from "./sample";
import { careful, classes, className, product } from "./product";
import { isKnown, judged, proposals, sureness } from "./who";

beforeEach(() => setLanguage("en"));

const kinds = ["open-port", "internet", "telnet", "ftp", "old-tls", "cleartext-login", "exploited", "end-of-life"];

describe("words about who and how exposed", () => {
  it("follow the language", () => {
    expect(tn("who.behind", 1)).toBe("1 more device is behind it.");
    setLanguage("de");
    expect(tn("who.behind", 3)).toBe("Dahinter sind 3 weitere Geräte.");
    expect(t("guard.close")).toBe("Port schließen");
  });
  it("name each class in both languages, and each kind of exposure", () => {
    for (const c of classes) expect(className(c), c).not.toBe(c);
    for (const k of kinds) expect(known("kind", k), k).not.toBe(k);
  });
  it("say each exposure in German, with the gateway's own words where there are none", () => {
    const x = { kind: "telnet", sentence: "It offers telnet.", advice: "Off.", certain: true, port: 23 };
    expect(statement(x)).toEqual({ sentence: "It offers telnet.", advice: "Off.", own: false });
    setLanguage("de");
    expect(statement(x).sentence).toBe("Es bietet Telnet an, Port 23. Das überträgt Passwörter unverschlüsselt.");
    expect(statement({ ...x, advice: "" }).advice).toBe("");
    expect(statement({ ...x, kind: "constructor" })).toEqual({ sentence: "It offers telnet.", advice: "Off.", own: false });
    for (const k of kinds) expect(statement({ ...x, kind: k, certain: false }).own, k).toBe(true);
  });
  it("leave text that they do not know as text", () => {
    expect(className("__proto__")).toBe("__proto__");
    expect(className("<b>\u202e")).toBe("<b>");
    expect(known("kind", "x".repeat(90))).toHaveLength(40);
  });
});

describe("who a device is", () => {
  it("does not say its maker twice", () => {
    expect(product({ model: "Belkin WeMo Switch", vendor: "Belkin" })).toBe("Belkin WeMo Switch");
    expect(product({ model: "WeMo Switch", vendor: "Belkin" })).toBe("Belkin WeMo Switch");
    expect(product({ model: "", vendor: "Belkin" })).toBe("Belkin");
    expect(product({ model: "", vendor: "" })).toBe("");
  });
  it("is unknown only when nothing is known", () => {
    expect(isKnown(identity())).toBe(false);
    expect(isKnown(identity({ maker: "Espressif" }))).toBe(false); // who made its radio says nothing of what it is
    expect(isKnown(identity({ class: "plug" }))).toBe(true);
  });
  it.each([
    [{}, "nobody"], [{ confidence: 1 }, "nobody"], [{ class: "tv", confidence: 0.95 }, "sure"], [{ class: "tv", confidence: 0.949 }, "probable"],
    [{ vendor: "X", confidence: 0.75 }, "probable"], [{ vendor: "X", confidence: 0.2 }, "unsure"], [{ class: "tv", by: "owner", confidence: 0 }, "owner"], [{ model: "M", by: "operator" }, "operator"],
  ] as const)("%o is said as %s", (over, want) => expect(sureness(identity(over))).toBe(want));
  it("is judged by another class only where that differs", () => {
    expect(judged(identity({ class: "tv", judged_as: "camera" }))).toBe("camera");
    expect(judged(identity({ class: "tv", judged_as: "tv" }))).toBe("");
    expect(judged(identity({ class: "tv", judged_as: "" }))).toBe("");
    expect(judged(identity({ class: "medical", judged_as: "gadget", by: "owner" }))).toBe("");
  });
  it("needs care only by people's word", () => expect(classes.filter(careful)).toEqual(["alarm", "medical"]));
});

describe("proposals", () => {
  const alias = (other: string, confidence: number, proposed = true) => ({ device: other, macs: [], merged: null, confidence, why: ["x"], by: "gateway", proposed });
  const all = [device({ id: "a", aliases: [alias("b", 0.8), alias("c", 0.9), alias("old", 1, false), alias("a", 1)] }), device({ id: "c", aliases: [alias("b", 0.7)] })];
  it("are seen from both ends, the likeliest first", () => {
    expect(proposals("a", all).map((p) => [p.into, p.from])).toEqual([["a", "c"], ["a", "b"]]);
    expect(proposals("b", all).map((p) => [p.into, p.from])).toEqual([["a", "b"], ["c", "b"]]);
    expect(proposals("old", all)).toEqual([]);
  });
});

describe("where a contact is", () => {
  const at = (more: Partial<Parameters<typeof where>[0]>) => where(contact(more));
  it("is said when the API tells", () => {
    expect(at({})).toBe("");
    expect(at({ network: "Example Networks", country: "DE" })).toBe("Example Networks, Germany");
    expect(at({ network: "\u202eevil", country: "<b>" })).toBe("evil, <b>");
    expect(at({ country: "ZZ" })).toMatch(/\S/);
  });
});
