/** @file The archive of cells as a command with some options opens it, over one store. */
import { openArchive } from "../../src/cli/cell-archive.js";
import { readAuditOptions } from "../../src/cli/read-options.js";
import type { CellArchive } from "../../src/measure/run.js";
import type { CellStore } from "../../src/store/cell-store.js";

/** An archive of audit `a` for models that are always the same. */
export function plantedArchive(
  store: CellStore,
  raw: Parameters<typeof readAuditOptions>[1],
  learner?: string,
): CellArchive {
  return openArchive({
    store,
    inputs: { files: [], audits: [{ id: "a", sha256: "c".repeat(64) }] },
    options: readAuditOptions({ base: "a", tuned: "b" }, raw),
    device: "cpu",
    learner,
    onDistrusted: () => undefined,
  });
}
