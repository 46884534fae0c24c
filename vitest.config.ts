import { defineConfig } from "vitest/config";
import { softwareVulkan } from "./test/support/software-vulkan.js";

// for the workers, where the WebGPU provider's tests run
Object.assign(process.env, softwareVulkan(process.env));

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    setupFiles: ["test/support/property-seed.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
