/** @file A small file system of its own, where this user may mount one. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A mounted file system in memory. */
export interface SmallDisk {
  readonly path: string;
  /** From now on nothing can be written, whoever tries. */
  makeReadOnly(): void;
  remove(): void;
}

/** Mounts a file system of some bytes; in words why not, where that is not possible. */
export function mountSmallDisk(sizeBytes: number): SmallDisk | string {
  if (process.platform !== "linux") return "only Linux mounts file systems in memory";
  const path = mkdtempSync(join(tmpdir(), "mas-audit-disk-"));
  const refusal = mount(["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", path]);
  if (refusal !== undefined) {
    rmSync(path, { recursive: true });
    return refusal;
  }
  return {
    path,
    makeReadOnly: () => {
      const failed = mount(["-o", "remount,ro", path]);
      if (failed !== undefined) throw new Error(failed);
    },
    remove: () => {
      spawnSync("umount", [path]);
      rmSync(path, { recursive: true });
    },
  };
}

function mount(args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync("mount", args, { encoding: "utf8" });
  if (status === 0) return undefined;
  return `mount: ${error?.message ?? stderr.trim()}`;
}
