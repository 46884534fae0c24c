import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

/**
 * Debian's chromium package brings a Vulkan loader and a driver in software (SwiftShader): the WebGPU provider's tests run
 * on it where it is installed. The system's loader reads the path when a process starts, so it is set for the workers.
 */
const SOFTWARE_VULKAN = "/usr/lib/chromium";
const DRIVER = `${SOFTWARE_VULKAN}/vk_swiftshader_icd.json`;
if (existsSync(DRIVER)) {
  const paths = [process.env["LD_LIBRARY_PATH"], SOFTWARE_VULKAN];
  process.env["LD_LIBRARY_PATH"] = paths.filter((path) => path !== undefined).join(":");
  process.env["VK_ICD_FILENAMES"] ??= DRIVER;
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
