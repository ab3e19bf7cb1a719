// The catalogs are the source: one folder for each part of the app that is loaded by itself, one file in it for each language.
import { formatter } from "@lingui/format-json";
import { readdirSync } from "node:fs";

const words = new URL("shared/i18n/", import.meta.url);
const parts = readdirSync(words, { withFileTypes: true }).filter((f) => f.isDirectory()).map((f) => f.name);

export default {
  sourceLocale: "en",
  locales: ["en", "de"],
  catalogs: parts.map((p) => ({ path: `<rootDir>/shared/i18n/${p}/{locale}`, include: [] })),
  format: formatter({ style: "minimal" }),
};
