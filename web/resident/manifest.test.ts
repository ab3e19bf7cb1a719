// What a browser needs to offer the app for installing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const dir = join(import.meta.dirname, "public");
interface Icon { src: string; sizes: string; type: string; purpose?: string }
const manifest = JSON.parse(readFileSync(join(dir, "manifest.webmanifest"), "utf8")) as Record<string, unknown> & { icons: Icon[] };

// size reads the width and height of a PNG from its header.
function size(file: string): string {
  const b = readFileSync(file);
  expect(b.subarray(1, 4).toString()).toBe("PNG");
  return `${b.readUInt32BE(16)}x${b.readUInt32BE(20)}`;
}

describe("the manifest", () => {
  it("has what makes an app installable", () => {
    for (const k of ["name", "short_name", "start_url", "scope", "id"]) expect(manifest[k], k).toMatch(/./);
    expect(manifest.display).toBe("standalone");
    const any = manifest.icons.filter((i) => i.purpose !== "maskable").map((i) => i.sizes);
    expect(any).toEqual(expect.arrayContaining(["192x192", "512x512"]));
    expect(manifest.icons.some((i) => i.purpose === "maskable")).toBe(true);
  });
  it("names icons that are there, in the size it says", () => {
    for (const i of manifest.icons) {
      const file = join(dir, i.src);
      expect(existsSync(file), i.src).toBe(true);
      if (i.type === "image/png") expect(size(file), i.src).toBe(i.sizes);
    }
  });
});
