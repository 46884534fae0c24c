import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { ModelFormatError } from "../../src/errors.js";
import {
  cudaError,
  findCudaObstacle,
  thisHost,
  type LibraryHost,
} from "../../src/runtime/cuda-library.js";
import { neededLibraries, whyNotLoadable } from "../../src/runtime/shared-library.js";
import { fakeLibrary } from "../support/fake-library.js";
import { temporaryFolder } from "../support/tiny-models.js";

const root = temporaryFolder();
const folder = join(root, "bin");
const CUDA = join(folder, "libonnxruntime_providers_cuda.so");
const SHARED = join(folder, "libonnxruntime_providers_shared.so");
const NEEDED = ["libcublasLt.so.13", "libcudart.so.13", "libc.so.6"];
const onLinux = process.platform === "linux" && process.arch === "x64";

/** A host on which only the C library is there. */
const host = (searched: readonly string[] = []): LibraryHost => ({
  platform: "linux-x64",
  folder,
  searched,
  whyNotLoadable: (name) =>
    name === "libc.so.6" ? undefined : `${name}: cannot open shared object file: No such file`,
});

/** A library in which the eight bytes at `at` say something else. */
function withOffset(at: number, value: bigint): Buffer {
  const bytes = fakeLibrary(NEEDED);
  bytes.writeBigUInt64LE(value, at);
  return bytes;
}

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});

describe("neededLibraries", () => {
  it("lists what a library asks for, in its order", () => {
    writeFileSync(CUDA, fakeLibrary(NEEDED));
    expect(neededLibraries(CUDA)).toEqual(NEEDED);
  });

  it.runIf(onLinux)("agrees with the runtime's own library", () => {
    const needed = neededLibraries(join(thisHost().folder, "libonnxruntime.so.1"));
    expect(needed).toContain("libc.so.6");
  });

  it.each([
    ["text", Buffer.from("not a library, but long enough to be read as the header of one, ok?")],
    ["nothing", Buffer.alloc(0)],
    ["a cut-off library", fakeLibrary(NEEDED).subarray(0, 150)],
    [
      "a library of zeros after its header",
      Buffer.concat([fakeLibrary([]).subarray(0, 64), Buffer.alloc(500)]),
    ],
    ["program headers beyond every file", withOffset(32, 2n ** 64n - 1n)],
    ["a dynamic section beyond every file", withOffset(64 + 56 + 8, 2n ** 63n)],
    ["a name beyond every file", withOffset(64 + 2 * 56 + 8, 2n ** 62n)],
  ])("refuses %s", (_, bytes) => {
    writeFileSync(CUDA, bytes);
    expect(() => neededLibraries(CUDA)).toThrow(ModelFormatError);
  });
});

describe("whyNotLoadable", () => {
  it.runIf(onLinux)("is silent about a library that is there, and names one that is not", () => {
    expect(whyNotLoadable("libc.so.6")).toBeUndefined();
    expect(whyNotLoadable("libnone.so.13")).toMatch(/libnone\.so\.13.*No such file/);
  });

  it.runIf(onLinux)("passes on what the loader says of a needed library", () => {
    writeFileSync(CUDA, fakeLibrary(["libc.so.6", "libnone.so.13"]));
    expect(whyNotLoadable(CUDA)).toMatch(/libnone\.so\.13.*No such file/);
    writeFileSync(SHARED, fakeLibrary(["libc.so.6"]));
    expect(whyNotLoadable(SHARED)).toBeUndefined();
  });
});

describe("findCudaObstacle", () => {
  it("names the platform where there is no provider for it", () => {
    const obstacle = findCudaObstacle({ ...host(), platform: "darwin-arm64" });
    expect(obstacle).toEqual({ kind: "platform" });
    expect(cudaError(obstacle!)).toMatchObject({ code: "PROVIDER_PLATFORM", exitCode: 5 });
  });

  it("names both files where none is installed, and one where one is missing", () => {
    expect(findCudaObstacle(host())).toMatchObject({
      missing: [expect.any(String), expect.any(String)],
    });
    writeFileSync(CUDA, fakeLibrary([]));
    const obstacle = findCudaObstacle(host());
    expect(obstacle).toMatchObject({
      kind: "not installed",
      missing: ["libonnxruntime_providers_shared.so"],
    });
    expect(cudaError(obstacle!)).toMatchObject({
      code: "PROVIDER_MISSING",
      found: "no libonnxruntime_providers_shared.so",
      hint: expect.stringContaining("npm run install:cuda") as string,
    });
  });

  it("says that a file is no library", () => {
    writeFileSync(CUDA, "junk");
    writeFileSync(SHARED, fakeLibrary([]));
    const obstacle = findCudaObstacle(host());
    expect(obstacle).toMatchObject({ kind: "damaged", path: CUDA });
    expect(cudaError(obstacle!)).toMatchObject({ code: "PROVIDER_DAMAGED", where: CUDA });
  });

  it("names every missing library at once, with the version of CUDA to install", () => {
    writeFileSync(CUDA, fakeLibrary([...NEEDED, "libcuda.so.1", "libcudnn.so.9"]));
    writeFileSync(SHARED, fakeLibrary([]));
    const error = cudaError(findCudaObstacle(host())!);
    expect(error).toMatchObject({
      code: "PROVIDER_LIBRARIES",
      expected: "libcublasLt.so.13, libcudart.so.13, libcuda.so.1, libcudnn.so.9",
      found: "no libcublasLt.so.13; no libcudart.so.13; no libcuda.so.1; no libcudnn.so.9",
      hint:
        "install NVIDIA's driver, install the CUDA 13 runtime libraries, install cuDNN, and name their folder " +
        "in LD_LIBRARY_PATH; or use --device cpu",
    });
  });

  it("names the wrong version that is there instead", () => {
    const other = join(root, "cuda-12");
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, "libcublasLt.so.12"), "");
    writeFileSync(CUDA, fakeLibrary(["libcublasLt.so.13"]));
    writeFileSync(SHARED, fakeLibrary([]));
    expect(cudaError(findCudaObstacle(host([other]))!).found).toBe(
      `no libcublasLt.so.13, but ${join(other, "libcublasLt.so.12")}`,
    );
  });

  it("sees no obstacle where everything is there", () => {
    writeFileSync(CUDA, fakeLibrary(["libc.so.6", "libonnxruntime_providers_shared.so"]));
    writeFileSync(SHARED, fakeLibrary(["libc.so.6"]));
    expect(findCudaObstacle(host())).toBeUndefined();
  });
});
