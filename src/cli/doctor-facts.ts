/** @file What `mas-audit doctor` finds out: facts only, in the form in which `--json` prints them. */
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { MasAuditError } from "../errors.js";
import { chooseThreads } from "../plan/threads.js";
import { describeChoice, chooseDevice, tryCpu, tryCuda, tryWebGpu } from "../runtime/device.js";
import { isTf32Off } from "../runtime/environment.js";
import { listProviders, runtimeVersion } from "../runtime/session.js";
import { listGpus, thisDeviceHost, type Gpu } from "../runtime/webgpu-adapter.js";
import { VERSION } from "../version.js";
import type { ModelGaps } from "./doctor-model.js";
import { readMachine } from "./machine.js";

/** Why something cannot be used. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly expected: string | null;
  readonly found: string | null;
  readonly hint: string | null;
}

/** One execution provider. */
export interface ProviderFacts {
  readonly name: "cpu" | "webgpu" | "cuda";
  /** The runtime was built with it. */
  readonly isCompiledIn: boolean;
  /** Its library came with the package. */
  readonly isBundled: boolean;
  /** A graph was opened on it just now. */
  readonly isUsable: boolean;
  /** What stands behind it. */
  readonly adapter: string | null;
  readonly problem: Problem | null;
}

/** Free space where something is written. */
export interface DiskFacts {
  readonly use: "results" | "temporary";
  readonly folder: string;
  readonly freeBytes: number;
}

/** Everything that `doctor` prints. */
export interface DoctorFacts {
  readonly schema: "mas-audit/doctor@1";
  readonly versions: {
    readonly masAudit: string;
    readonly node: string;
    /** Null where the runtime cannot be loaded. */
    readonly onnxruntime: string | null;
    readonly platform: string;
  };
  readonly machine: {
    /** By quota; may be a fraction. */
    readonly cores: number;
    /** That a run would use. */
    readonly threads: number;
    readonly memoryBytes: number;
    readonly memoryFrom: string;
    readonly disks: readonly DiskFacts[];
  };
  readonly gpus: readonly Gpu[];
  /** NVIDIA's own line about its driver; null where there is none. */
  readonly nvidiaDriver: string | null;
  /** float32 products on NVIDIA GPUs are not rounded to TF32. */
  readonly isTf32Off: boolean;
  readonly providers: readonly ProviderFacts[];
  /** What `--device auto` takes, and why; null where nothing works. */
  readonly auto: string | null;
  readonly model: ModelGaps | null;
}

/** Looks at this machine. Throws nothing: what fails is a fact. */
export async function readFacts(model: ModelGaps | null): Promise<DoctorFacts> {
  const limits = readMachine();
  const compiled = await listProviders().catch(() => []);
  const providers: ProviderFacts[] = [];
  for (const { name, attempt } of ATTEMPTS) {
    const found = compiled.find((each) => each.name === name);
    providers.push({
      name,
      isCompiledIn: found !== undefined,
      isBundled: found?.isBundled ?? false,
      ...(await attempted(attempt)),
    });
  }
  const isAnyUsable = providers.some(({ isUsable }) => isUsable);
  const host = thisDeviceHost();
  return {
    schema: "mas-audit/doctor@1",
    versions: {
      masAudit: VERSION,
      node: process.versions.node,
      onnxruntime: await runtimeVersion().catch(() => null),
      platform: `${process.platform}-${process.arch}`,
    },
    machine: {
      cores: limits.cores,
      threads: chooseThreads("auto", limits),
      memoryBytes: limits.memoryBytes,
      memoryFrom: limits.memoryFrom,
      disks: [disk("results", process.cwd()), disk("temporary", tmpdir())],
    },
    gpus: listGpus(host),
    nvidiaDriver: host.read("/proc/driver/nvidia/version")?.split("\n")[0]?.trim() ?? null,
    isTf32Off: isTf32Off(),
    providers,
    auto: isAnyUsable ? describeChoice(await chooseDevice("auto")) : null,
    model,
  };
}

const ATTEMPTS: readonly {
  readonly name: ProviderFacts["name"];
  readonly attempt: () => Promise<string | null>;
}[] = [
  { name: "cpu", attempt: () => tryCpu().then(() => null) },
  { name: "cuda", attempt: () => tryCuda("cuda").then(() => null) },
  {
    name: "webgpu",
    attempt: async () => {
      const adapter = await tryWebGpu();
      return adapter.kind === "hardware" ? adapter.name : `${adapter.kind} adapter`;
    },
  },
];

async function attempted(
  attempt: () => Promise<string | null>,
): Promise<Pick<ProviderFacts, "isUsable" | "adapter" | "problem">> {
  try {
    return { isUsable: true, adapter: await attempt(), problem: null };
  } catch (error) {
    if (!(error instanceof MasAuditError)) throw error;
    const { code, message, expected = null, found = null, hint = null } = error;
    return {
      isUsable: false,
      adapter: null,
      problem: { code, message, expected, found, hint },
    };
  }
}

function disk(use: DiskFacts["use"], folder: string): DiskFacts {
  const { bavail, bsize } = statfsSync(folder);
  return { use, folder, freeBytes: bavail * bsize };
}
