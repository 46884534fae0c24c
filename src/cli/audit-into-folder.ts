/** @file An audit from its options to a finished folder: what the command and the library share. */
import { join } from "node:path";
import type { CellMeasures } from "../measure/measures.js";
import { checkOutputFolder } from "../report/output-folder.js";
import type { Result } from "../report/schema.js";
import { renderAlso } from "../report/views.js";
import { writeOutput, type ExtraFile } from "../report/write.js";
import { openStore, partialFolder, type CellStore } from "../store/cell-store.js";
import { choosePolicy } from "./choose-policy.js";
import { compareRun, readBaseline } from "./read-baseline.js";
import { runAudit, type Run } from "./run-audit.js";

/** The result, and the folder where it lies. */
export interface KeptResult {
  readonly result: Result;
  /** Absolute path. */
  readonly folder: string;
}

/**
 * Runs an audit beside the folder of its options, and puts that in place when all is done. Errors of every stage pass
 * through; what was finished before is kept for the next run.
 */
export async function auditIntoFolder(run: Omit<Run, "store" | "chosen">): Promise<KeptResult> {
  const { options, status } = run;
  const { out, force, also = [] } = options;
  checkOutputFolder(out, force);
  const chosen = await choosePolicy(options.policy, options.failOn);
  const baseline = readBaseline(options.baseline);
  const store = openStore(partialFolder(out));
  try {
    checkOutputFolder(out, force); // a run that was waited for may have finished
    const result = compareRun(await runAudit({ ...run, store, chosen }), baseline);
    status.end();
    const views = await renderAlso(result, also, { root: process.cwd() });
    const extras = [...learnedFiles(result.cells, store), ...views];
    const { folder } = writeOutput({ folder: out, force, result, extras });
    store.discard();
    status.note({ event: "finished", verdict: result.verdict, folder });
    return { result, folder };
  } finally {
    status.end();
    store.close();
  }
}

/** The learned subspaces, under the paths that the measures name. */
export function learnedFiles(cells: readonly CellMeasures[], { folder }: CellStore): ExtraFile[] {
  return cells.flatMap(({ learning }) =>
    learning?.tensors === undefined
      ? []
      : [{ name: learning.tensors, path: join(folder, learning.tensors) }],
  );
}
