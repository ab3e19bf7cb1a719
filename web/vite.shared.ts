import react from "@vitejs/plugin-react";
import { createHash } from "node:crypto";
import type { Plugin, UserConfig } from "vite";

// precache tells the service worker which files make the app, and gives that list a name that changes with it.
function precache(): Plugin {
  return {
    name: "cardea-precache",
    enforce: "post",
    generateBundle(_, bundle) {
      const sw = bundle["sw.js"];
      if (!sw || sw.type !== "chunk") return;
      const files = Object.keys(bundle).filter((f) => f !== "sw.js" && !f.endsWith(".map") && f !== "index.html");
      const list = ["/", "/manifest.webmanifest", "/icon.svg", ...files.map((f) => "/" + f)];
      const version = createHash("sha256").update(list.join("\n")).digest("hex").slice(0, 12);
      sw.code = sw.code
        .replace(/["'`]__FILES__["'`]/, JSON.stringify(list))
        .replaceAll("__VERSION__", version);
    },
  };
}

// config is what both apps have in common. Nothing is inlined: the server's content policy allows files of its own only.
export function config(app: "resident" | "operator", base: string, worker: boolean): UserConfig {
  const here = new URL(".", import.meta.url).pathname;
  const input: Record<string, string> = { index: `${here}${app}/index.html` };
  if (worker) input.sw = `${here}${app}/sw.ts`;
  const proxy = { "/v1": process.env.CARDEA_URL ?? "http://127.0.0.1:8080" };
  return {
    root: `${here}${app}`,
    base,
    plugins: [react(), precache()],
    server: { proxy },
    build: {
      outDir: `${here}dist/${app}`,
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: {
        input,
        output: { entryFileNames: (c) => (c.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
      },
    },
  };
}
