/**
 * @file The CUDA provider's library: where it would be, what it needs, and what of that is missing. Only Linux x64 has
 * one for this runtime.
 */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { HostError, MasAuditError } from "../errors.js";
import { neededLibraries, whyNotLoadable } from "./shared-library.js";

/** The provider, and the bridge through which the runtime loads it. */
const LIBRARIES = [
  "libonnxruntime_providers_cuda.so",
  "libonnxruntime_providers_shared.so",
] as const;

/** Major version of CUDA that the published provider of this runtime is built for (1.27 and later). */
export const CUDA_MAJOR = 13;

/** A library that the provider needs and the system does not find. */
export interface MissingLibrary {
  readonly name: string;
  /** The loader's own words. */
  readonly reason: string;
  /** Files of the same library in another version, where some lie. */
  readonly others: readonly string[];
}

/** What keeps the provider from loading; `undefined` where nothing is seen. */
export type CudaObstacle =
  | { readonly kind: "platform" }
  | { readonly kind: "not installed"; readonly folder: string; readonly missing: readonly string[] }
  | { readonly kind: "damaged"; readonly path: string; readonly reason: string }
  | {
      readonly kind: "libraries";
      readonly path: string;
      readonly missing: readonly MissingLibrary[];
    };

/** Folder of the runtime's package. */
export function runtimePackage(): string {
  const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
  return join(dirname(entry), "..");
}

/** Folder of the runtime's native files. */
export function runtimeFolder(): string {
  return join(runtimePackage(), "bin", "napi-v6", process.platform, process.arch);
}

/** How the system is looked at; tests put in another. */
export interface LibraryHost {
  readonly platform: string;
  readonly folder: string;
  readonly whyNotLoadable: (name: string) => string | undefined;
  /** Folders where another version of a library may lie. */
  readonly searched: readonly string[];
}

/** This machine. */
export function thisHost(): LibraryHost {
  return {
    platform: `${process.platform}-${process.arch}`,
    folder: runtimeFolder(),
    whyNotLoadable,
    searched: [
      ...(process.env["LD_LIBRARY_PATH"] ?? "").split(":").filter((path) => path !== ""),
      ...cudaFolders("/usr/local"),
      "/usr/lib/x86_64-linux-gnu",
      "/usr/lib64",
    ],
  };
}

/** Looks for the provider's files and everything that they need. Loads nothing of the runtime itself. */
export function findCudaObstacle(host: LibraryHost = thisHost()): CudaObstacle | undefined {
  if (host.platform !== "linux-x64") return { kind: "platform" };
  const absent = LIBRARIES.filter((name) => !existsSync(join(host.folder, name)));
  if (absent.length > 0) return { kind: "not installed", folder: host.folder, missing: absent };
  const path = join(host.folder, LIBRARIES[0]);
  let needed: readonly string[];
  try {
    needed = neededLibraries(path);
  } catch (error) {
    if (!(error instanceof MasAuditError)) throw error;
    return { kind: "damaged", path, reason: error.found ?? error.message };
  }
  const missing = needed
    .filter((name) => !existsSync(join(host.folder, name)))
    .flatMap((name): MissingLibrary[] => {
      const reason = host.whyNotLoadable(name);
      return reason === undefined ? [] : [{ name, reason, others: otherVersions(name, host) }];
    });
  return missing.length === 0 ? undefined : { kind: "libraries", path, missing };
}

/** `libcublasLt.so.12` beside a wanted `libcublasLt.so.13` says more than that the latter is missing. */
function otherVersions(name: string, { searched }: LibraryHost): string[] {
  const stem = name.replace(/\.so[.\d]*$/, ".so");
  return searched.flatMap((folder) =>
    list(folder)
      .filter((file) => file.startsWith(`${stem}.`) && file !== name)
      .map((file) => join(folder, file)),
  );
}

function cudaFolders(root: string): string[] {
  return list(root)
    .filter((name) => name.startsWith("cuda"))
    .map((name) => join(root, name, "lib64"));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no such folder here
  }
}

/** Where the published provider gets its libraries from, for a person who has none yet. */
export const CUDA_NEEDS = `an NVIDIA driver and the CUDA ${CUDA_MAJOR} libraries cudart, cublas, cublasLt and curand`;

const INSTALL = "run `npm run install:cuda` in the folder of mas-audit, or use --device cpu";

/** An obstacle as an error. */
export function cudaError(obstacle: CudaObstacle, cause?: unknown): HostError {
  const why = cause === undefined ? {} : { cause };
  switch (obstacle.kind) {
    case "platform":
      return new HostError("the CUDA provider does not exist for this platform", {
        code: "PROVIDER_PLATFORM",
        expected: "Linux on x64",
        found: `${process.platform} on ${process.arch}`,
        hint: "use --device webgpu or --device cpu",
        ...why,
      });
    case "not installed":
      return new HostError("the CUDA provider is not installed", {
        code: "PROVIDER_MISSING",
        where: obstacle.folder,
        expected: LIBRARIES.join(" and "),
        found: `no ${obstacle.missing.join(", no ")}`,
        hint: `${INSTALL}; it needs ${CUDA_NEEDS}`,
        ...why,
      });
    case "damaged":
      return new HostError("the CUDA provider's library cannot be read", {
        code: "PROVIDER_DAMAGED",
        where: obstacle.path,
        expected: "a shared library for 64-bit Linux",
        found: obstacle.reason,
        hint: INSTALL,
        ...why,
      });
    case "libraries":
      return new HostError("libraries that the CUDA provider needs are missing", {
        code: "PROVIDER_LIBRARIES",
        where: obstacle.path,
        expected: obstacle.missing.map(({ name }) => name).join(", "),
        found: obstacle.missing.map(describeMissing).join("; "),
        hint: libraryHint(obstacle.missing),
        ...why,
      });
  }
}

function describeMissing({ name, reason, others }: MissingLibrary): string {
  if (others.length > 0) return `no ${name}, but ${others.slice(0, 2).join(" and ")}`;
  return /No such file/.test(reason) ? `no ${name}` : `${name}: ${reason}`;
}

/** The number at the end of a CUDA library's name is CUDA's major version, but cuDNN has its own. */
function libraryHint(missing: readonly MissingLibrary[]): string {
  const names = missing.map(({ name }) => name);
  const majors = names.flatMap(
    (name) => /^lib(?:cublas|cudart)\w*\.so\.(\d+)/.exec(name)?.[1] ?? [],
  );
  const steps = [
    ...(names.includes("libcuda.so.1") ? ["install NVIDIA's driver"] : []),
    ...(majors[0] === undefined ? [] : [`install the CUDA ${majors[0]} runtime libraries`]),
    ...(names.some((name) => name.startsWith("libcudnn")) ? ["install cuDNN"] : []),
  ];
  const how = steps.length === 0 ? "install them" : steps.join(", ");
  return `${how}, and name their folder in LD_LIBRARY_PATH; or use --device cpu`;
}
