import { defineConfig } from "vitest/config";

// Tests that need a cloud, which a Go test starts: client/walk_test.go.
export default defineConfig({ test: { include: ["client/walk.ts"], environment: "node" } });
