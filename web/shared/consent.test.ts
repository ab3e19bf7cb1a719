import { describe, expect, it } from "vitest";
import { consentText, hex, keyID, keyText, newSigner, point } from "./consent";

// The texts of wire/consent.go, written out: the gateway makes the same ones and checks the signature over them.
describe("what is signed", () => {
  it("is the gateway's text, byte for byte", () => {
    expect(consentText({ id: "i", tenant: "t", home: "h", gateway: "g", scope: "contacts", from: 1, until: 2 }))
      .toBe("Cardea consent 1\nid i\ntenant t\nhome h\ngateway g\nscope contacts\nfrom 1\nuntil 2\n");
    expect(keyText("t", "h", new Uint8Array([4, 255, 0]))).toBe("Cardea resident key 1\ntenant t\nhome h\nkey 04ff00\n");
  });
  it("verifies with the point that is sent, and only that text does", async () => {
    const s = await newSigner();
    expect(s.key).toHaveLength(65);
    expect(s.key[0]).toBe(4);
    const signature = await s.sign("one");
    expect(signature).toHaveLength(64);
    const pub = await crypto.subtle.importKey("raw", s.key.slice(), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
    const fits = (x: string) => crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, pub, signature.slice(), new TextEncoder().encode(x));
    expect(await fits("one")).toBe(true);
    expect(await fits("two")).toBe(false);
  });
  it("names a key by the first half of its hash", async () => {
    expect(await keyID(new Uint8Array(0))).toBe("e3b0c44298fc1c149afbf4c8996fb924");
  });
  it("takes a point as text only when it is one", () => {
    const p = "04" + "ab".repeat(64);
    expect(hex(point(` ${p.toUpperCase()}\n`) as Uint8Array)).toBe(p);
    for (const bad of ["", "04", "02" + "ab".repeat(64), p + "00", p.replace("a", "g")]) expect(point(bad), bad).toBeNull();
  });
});
