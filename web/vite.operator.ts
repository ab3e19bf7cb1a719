import { defineConfig } from "vite";
import { config } from "./vite.shared.ts";

export default defineConfig(config("operator", "/staff/", false));
