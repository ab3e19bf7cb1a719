import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["shared/**/*.test.ts", "resident/**/*.test.ts"], environment: "node" } });
