import { describe, expect, it } from "vitest";
import { isProviderFailure, providerError } from "../../src/runtime/provider-error.js";

describe("the runtime's words about a provider", () => {
  it.each([
    ["CUDA failure 101: invalid device ordinal ; GPU=7", "PROVIDER_DEVICE"],
    [
      "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version",
      "PROVIDER_DRIVER",
    ],
    ["CUDA failure 100: no CUDA-capable device is detected ; GPU=0", "PROVIDER_NO_GPU"],
    ["CUDA error: no kernel image is available for execution on the device", "PROVIDER_GPU_AGE"],
    ["CUDA failure 2: out of memory ; GPU=0", "PROVIDER_MEMORY"],
    ["CUBLAS failure 1: CUBLAS_STATUS_NOT_INITIALIZED", "PROVIDER"],
  ])("%j have the code %s", (text, code) => {
    expect(isProviderFailure(text)).toBe(true);
    const error = providerError("cuda:7", text, new Error(text));
    expect(error).toMatchObject({ code, exitCode: 5, found: text });
    expect(error.hint).toMatch(/nvidia-smi|--device|doctor/);
  });

  it.each([
    ["no available backend found. ERR: [webgpu] backend not found.", "PROVIDER_PLATFORM"],
    [
      "webgpu_context.cc:136 Failed to get a WebGPU adapter: No supported adapters",
      "PROVIDER_NO_ADAPTER",
    ],
    ["WebGPU: buffer size 9000000000 exceeds the limit", "PROVIDER_MEMORY"],
    ["WebGPU device lost", "PROVIDER"],
  ])("%j have the code %s on WebGPU", (text, code) => {
    expect(isProviderFailure(text)).toBe(true);
    expect(providerError("webgpu", text, undefined)).toMatchObject({ code, exitCode: 5 });
  });

  it("are not taken for the graph's", () => {
    expect(
      isProviderFailure(
        "Node (MatMul_3) Op (MatMul) [ShapeInferenceError] Incompatible dimensions",
      ),
    ).toBe(false);
  });
});
