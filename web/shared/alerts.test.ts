// The sentences by which people are told, word by word, where the app says them itself. What a case says comes from the server.
import { afterEach, expect, it } from "vitest";
import { setLanguage, t } from "./i18n";
import { port } from "./statement";

afterEach(() => setLanguage("en"));
const plain = (s: string) => s.replace(/[\u2068\u2069]/g, "");

it("says them in English", () => {
  expect(t("home.new-device", { type: "a camera", maker: "Acme" })).toBe("A new device joined: probably a camera by Acme. Do you recognise it?");
  expect(t("stopped.phishing", { name: "Laptop", domain: "login.example" })).toBe("We stopped Laptop opening a site known for stealing passwords (login.example). No action needed, unless you already typed a password there.");
  expect(t("outcome.clean.text", { name: "Camera" })).toBe("Camera has behaved normally for 24 hours. It is back on your network.");
});

it("says of a port on which a device can be reached how to close it, and of no other exposure", () => {
  const x = { kind: "internet", sentence: "", advice: "Close it.", certain: true, port: 80, external: 8080 };
  const say = () => Object.values(port(x, "Kamera") ?? {}).map(plain).join(" ");
  expect(say()).toBe("Kamera can be reached from the internet on port 8080. If you didn't set this up, close it.");
  setLanguage("de");
  expect(say()).toBe("Kamera ist aus dem Internet erreichbar, über Port 8080. Wenn Sie das nicht eingerichtet haben, schließen Sie ihn.");
  expect([port({ ...x, certain: false }, ""), port({ ...x, kind: "telnet" }, ""), port({ ...x, port: 0, external: 0 }, "")]).toEqual([null, null, null]);
});
