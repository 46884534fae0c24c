/**
 * @file Vulkan in software: Debian's chromium package brings a loader and a driver (SwiftShader), on which the WebGPU
 * provider runs where no GPU is.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const CHROMIUM = "/usr/lib/chromium";
const DRIVER = join(CHROMIUM, "vk_swiftshader_icd.json");

/**
 * Variables by which the system's loader finds the driver, none where it is not installed. The loader reads them when a
 * process starts: set them for a child. A driver that the caller has named stands.
 */
export function softwareVulkan(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  if (!existsSync(DRIVER)) return {};
  const paths = [environment["LD_LIBRARY_PATH"], CHROMIUM].filter((path) => path !== undefined);
  return {
    LD_LIBRARY_PATH: paths.join(":"),
    VK_ICD_FILENAMES: environment["VK_ICD_FILENAMES"] ?? DRIVER,
  };
}
