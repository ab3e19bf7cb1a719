import { describe, expect, it } from "vitest";
import { clean, dial } from "./brand";

const shade = { accent: "#0b57d0", on: "#ffffff", tint: "#e3ecfa" };
const good = { name: "North Net", phone: "+49 30 (1)2/3-4", support: "https://help.example.net/", hint_en: "a", hint_de: "b", light: shade, dark: shade };

describe("a brand", () => {
  it("is taken as it is when it is well", () => expect(clean(good)).toEqual(good));
  it.each([null, undefined, 7, "x", [], {}, { name: {}, light: "x" }])("is empty of %s", (x) => {
    const b = clean(x);
    expect(Object.values(b).filter((v) => typeof v === "string").join("")).toBe("");
    expect(b.light.accent + b.dark.tint).toBe("");
  });
  it.each(["red", "#fff", "#0;}a{b", "url(x)", "var(--x)", "#0B57D0"])("has no colour %s, nor half of a shade", (accent) =>
    expect(clean({ ...good, light: { ...shade, accent } }).light).toEqual({ accent: "", on: "", tint: "" }));
  it.each(["javascript:alert(1)", "http://x.example", "https://x/\"><b>"])("leads nowhere to %s", (support) => expect(clean({ ...good, support }).support).toBe(""));
  it("is short, and a number is digits", () => {
    expect(clean({ ...good, name: "n".repeat(500) }).name.length).toBeLessThanOrEqual(60);
    expect(clean({ ...good, phone: "1<b>2" }).phone).toBe("12");
    expect(dial("+49 30 (1)2")).toBe("tel:+493012");
  });
});
