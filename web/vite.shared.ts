import { lingui } from "@lingui/vite-plugin";
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
      const list = ["/", "/manifest.webmanifest", "/icon.svg", "/icon-192.png", "/badge-96.png", ...files.map((f) => "/" + f)];
      const version = createHash("sha256").update(list.join("\n")).digest("hex").slice(0, 12);
      sw.code = sw.code
        .replace(/["'`]__FILES__["'`]/, JSON.stringify(list))
        .replaceAll("__VERSION__", version);
    },
  };
}

// words compiles the catalogs; a message that is missing or that cannot be read fails the build.
export const words = () => lingui({ failOnMissing: true, failOnCompileError: true, configPath: new URL("lingui.config.js", import.meta.url).pathname });

// config is what both apps have in common. Nothing is inlined: the server's content policy allows files of its own only.
export function config(app: "resident" | "operator", base: string, worker: boolean): UserConfig {
  const here = new URL(".", import.meta.url).pathname;
  const input: Record<string, string> = { index: `${here}${app}/index.html` };
  if (worker) input.sw = `${here}${app}/sw.ts`;
  const proxy = { "/v1": process.env.CARDEA_URL ?? "http://127.0.0.1:8080" };
  return {
    root: `${here}${app}`,
    base,
    plugins: [react(), words(), precache()],
    server: { proxy },
    build: {
      outDir: `${here}dist/${app}`,
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: {
        input,
        output: {
          entryFileNames: (c) => (c.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
          chunkFileNames: (c) => {
            const words = /\/i18n\/(\w+)\/(\w+)\.json/.exec(c.facadeModuleId ?? "");
            return words ? `assets/words-${words[1]}-${words[2]}-[hash].js` : "assets/[name]-[hash].js";
          },
        },
      },
    },
  };
}
