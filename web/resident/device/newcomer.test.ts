import { describe, expect, it } from "vitest";
import { setLanguage } from "../../shared/i18n";
import type { Device } from "../../shared/model";
import { joined, question } from "./newcomer";

const now = Date.parse("2026-11-22T12:00:00Z");
const device = (id: string, days: number, more: Partial<Device> = {}) =>
  ({ id, name: id, vendor: "", gateway: false, held: false, first: new Date(now - days * 86_400_000).toISOString(), identity: { class: "", vendor: "", maker: "" }, ...more }) as Device;

describe("devices that joined", () => {
  it("are those that wait, then those of this week, never the gateway", () => {
    const all = [device("old", 8), device("two", 2), device("held", 30, { held: true }), device("one", 1), device("gw", 0, { gateway: true })];
    expect(joined(all, now).map((d) => d.id)).toEqual(["held", "one", "two"]);
  });
  it("are asked about by what is known", () => {
    const of = (c: string, vendor: string) => question({ name: "x", vendor, identity: { class: c, vendor: "", maker: "" } as Device["identity"] });
    expect(of("camera", "Reolink")).toBe("A new device joined: probably a camera by \u2068Reolink\u2069. Do you recognise it?");
    expect(of("camera", "")).toBe("A new device joined: probably a camera. Do you recognise it?");
    expect(of("", "Reolink")).toBe("A new device joined: \u2068x\u2069. Do you recognise it?");
    expect(of("camera", "<b>\u202ex")).toBe("A new device joined: probably a camera by \u2068<b>x\u2069. Do you recognise it?");
    expect([of("alarm", ""), of("nas", "")].map((s) => s.slice(30, -22))).toEqual(["an alarm", "network storage"]);
    setLanguage("de");
    expect(of("camera", "Reolink")).toBe("Ein neues Gerät ist da: wahrscheinlich Kamera von \u2068Reolink\u2069. Kennen Sie es?");
    setLanguage("en");
  });
});
