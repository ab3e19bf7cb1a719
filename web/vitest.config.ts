import { defineConfig } from "vitest/config";
import { words } from "./vite.shared.ts";

export default defineConfig({
  plugins: [words()],
  test: { include: ["shared/**/*.test.ts", "resident/**/*.test.ts", "operator/**/*.test.ts"], environment: "node", setupFiles: ["vitest.setup.ts"] },
});
