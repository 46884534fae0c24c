/**
 * @file What the runtime says when a provider cannot be used, in words that say what to do.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HostError, type MasAuditError } from "../errors.js";
import { cudaError, findCudaObstacle, runtimeFolder } from "./cuda-library.js";
import type { Device } from "./session.js";
import { whyNotLoadable } from "./shared-library.js";

interface Row {
  readonly provider: "cuda" | "webgpu";
  readonly pattern: RegExp;
  readonly code: string;
  readonly expected: string;
  readonly hint: string;
}

/** Sentences of the runtime and its libraries; the first that fits is taken. */
const ROWS: readonly Row[] = [
  {
    provider: "cuda",
    pattern: /invalid device ordinal|CUDA failure 101\b|Invalid CUDA device/i,
    code: "PROVIDER_DEVICE",
    expected: "the number of an NVIDIA GPU of this machine, counted from 0",
    hint: "run `nvidia-smi -L`; CUDA_VISIBLE_DEVICES hides and renumbers GPUs",
  },
  {
    provider: "cuda",
    pattern: /driver version is insufficient|CUDA failure (?:35|36|803)\b/i,
    code: "PROVIDER_DRIVER",
    expected: "an NVIDIA driver as new as the CUDA version of the provider",
    hint: "update NVIDIA's driver (`nvidia-smi` prints the newest CUDA that it serves), or use --device cpu",
  },
  {
    provider: "cuda",
    pattern: /no CUDA-capable device|CUDA failure (?:100|999)\b/i,
    code: "PROVIDER_NO_GPU",
    expected: "an NVIDIA GPU that this process may use",
    hint: "run `nvidia-smi`; in a container, start it with GPU access; or use --device cpu",
  },
  {
    provider: "cuda",
    pattern: /no kernel image is available|CUDA failure 209\b/i,
    code: "PROVIDER_GPU_AGE",
    expected: "a GPU generation that the provider is compiled for",
    hint: "use --device webgpu or --device cpu",
  },
  {
    provider: "cuda",
    pattern: /out of memory|CUDA failure 2\b|Failed to allocate memory/i,
    code: "PROVIDER_MEMORY",
    expected: "GPU memory for the weights and one batch",
    hint: "try a smaller --batch, close other programs on the GPU, or use --device cpu",
  },
  {
    provider: "webgpu",
    pattern:
      /buffer.*(?:too large|exceeds)|out of memory|maxBufferSize|maxStorageBufferBindingSize/i,
    code: "PROVIDER_MEMORY",
    expected: "tensors within the limits of the WebGPU adapter",
    hint: "try a smaller --batch, or use --device cpu",
  },
];

/** Is this the runtime's complaint about a provider, and not about the graph? */
export function isProviderFailure(text: string): boolean {
  return /provider|cuda|cublas|cudnn|webgpu|backend not found/i.test(text);
}

/** The error for `text`, said by the runtime when it was asked for `device`. */
export function providerError(device: Device, text: string, cause: unknown): MasAuditError {
  const provider = device === "webgpu" ? "webgpu" : "cuda";
  const row = ROWS.find((each) => each.provider === provider && each.pattern.test(text));
  if (row !== undefined) {
    const { code, expected, hint } = row;
    return new HostError(`the device "${device}" cannot be used`, {
      code,
      expected,
      found: text,
      hint,
      cause,
    });
  }
  if (device === "webgpu") return webgpuError(text, cause);
  if (device !== "cpu" && /load shared library|Failed to load/i.test(text)) {
    const obstacle = findCudaObstacle();
    if (obstacle !== undefined) return cudaError(obstacle, cause);
  }
  return new HostError("the execution provider cannot be used", {
    code: "PROVIDER",
    expected: `the provider "${device}" with its libraries`,
    found: text,
    hint: "run `mas-audit doctor`, or use --device cpu",
    cause,
  });
}

function webgpuError(text: string, cause: unknown): HostError {
  if (/backend not found|not supported|not enabled/i.test(text)) {
    return new HostError("the runtime has no WebGPU provider for this platform", {
      code: "PROVIDER_PLATFORM",
      expected: "Linux x64, macOS on ARM, or Windows",
      found: `${process.platform} on ${process.arch}`,
      hint: "use --device cpu",
      cause,
    });
  }
  if (!/adapter/i.test(text)) {
    return new HostError("the WebGPU provider cannot be used", {
      code: "PROVIDER",
      expected: "a WebGPU device",
      found: text,
      hint: "run `mas-audit doctor`, or use --device cpu",
      cause,
    });
  }
  return new HostError("WebGPU finds no adapter", {
    code: "PROVIDER_NO_ADAPTER",
    expected: "a GPU with a driver for Vulkan, Metal or Direct3D 12",
    found: "no driver that offers one",
    hint: "install the GPU's Vulkan driver, or name its file in VK_DRIVER_FILES; or use --device cpu",
    cause,
  });
}

const VULKAN_LOADER = "libvulkan.so.1";

/** WebGPU stands on Vulkan on Linux; without the loader the runtime prints its own complaint to the terminal. */
export function findVulkanObstacle(): HostError | undefined {
  if (process.platform !== "linux") return undefined;
  const reason = existsSync(join(runtimeFolder(), VULKAN_LOADER))
    ? undefined
    : whyNotLoadable(VULKAN_LOADER);
  if (reason === undefined) return undefined;
  return new HostError("the Vulkan loader that WebGPU stands on is missing", {
    code: "PROVIDER_LIBRARIES",
    expected: VULKAN_LOADER,
    found: /No such file/.test(reason) ? "no such library" : reason,
    hint: "install it (Debian: libvulkan1) with the GPU's Vulkan driver, or use --device cpu",
  });
}
