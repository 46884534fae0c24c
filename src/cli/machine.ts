/**
 * @file What this machine grants: the limits of its control groups, not only what is built in.
 */
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import type { MachineLimits } from "../plan/machine-limits.js";

/** Reads a small text file; `undefined` where there is none. */
export type ReadText = (path: string) => string | undefined;

const V2 = "/sys/fs/cgroup";

/** Limits of this machine. On other systems than Linux there are no control groups to read. */
export function readMachine(read: ReadText = readText): MachineLimits {
  const memory = [{ bytes: totalmem(), from: "installed memory" }, ...memoryLimits(read)];
  const cores = [availableParallelism(), ...cpuQuotas(read)];
  const least = memory.reduce((a, b) => (b.bytes < a.bytes ? b : a));
  return { memoryBytes: least.bytes, memoryFrom: least.from, cores: Math.min(...cores) };
}

/** Limits of this machine for a run that may be held to less memory. */
export function machineOf({ maxMemory }: { readonly maxMemory?: number }): MachineLimits {
  const machine = readMachine();
  if (maxMemory === undefined || maxMemory >= machine.memoryBytes) return machine;
  return { ...machine, memoryBytes: maxMemory, memoryFrom: "--max-memory" };
}

function memoryLimits(read: ReadText): readonly { bytes: number; from: string }[] {
  const files = [
    ...groupFolders(read, "").map((folder) => `${V2}${folder}/memory.max`),
    ...groupFolders(read, "memory").map((folder) => `${V2}/memory${folder}/memory.limit_in_bytes`),
  ];
  return files.flatMap((file) => {
    const bytes = Number(read(file)?.trim()); // "max" and a missing file are NaN: no limit
    return bytes > 0 ? [{ bytes, from: `the limit in ${file}` }] : [];
  });
}

/** Cores granted by quotas: time allowed over period. */
function cpuQuotas(read: ReadText): readonly number[] {
  const v2 = groupFolders(read, "").map((folder) => read(`${V2}${folder}/cpu.max`)?.split(" "));
  const v1 = groupFolders(read, "cpu").map((folder) =>
    ["quota", "period"].map((name) => read(`${V2}/cpu${folder}/cpu.cfs_${name}_us`)),
  );
  return [...v2, ...v1]
    .map((pair) => Number(pair?.[0]) / Number(pair?.[1]))
    .filter((cores) => cores > 0);
}

/**
 * Folders of this process's group under a controller ("" = the unified hierarchy) and of those above it, each of which
 * may limit; inside a container the path may be the host's, of which only the root exists here.
 */
function groupFolders(read: ReadText, controller: string): readonly string[] {
  const lines = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const own = lines.find(([, names]) => names?.split(",").includes(controller));
  const parts = (own?.slice(2).join(":") ?? "").split("/").filter((part) => part !== "");
  return ["", ...parts.map((_, i) => `/${parts.slice(0, i + 1).join("/")}`)];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // no such controller here
  }
}
