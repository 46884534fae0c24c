/**
 * @file The command `audit`, from paths to exit code: run, write, print.
 */
import { join } from "node:path";
import type { CellMeasures } from "../measure/measures.js";
import type { AuditOptions } from "../plan/options.js";
import { checkOutputFolder } from "../report/output-folder.js";
import { serialiseResult } from "../report/result-text.js";
import { renderTerminal } from "../report/terminal.js";
import { renderAlso } from "../report/views.js";
import { writeOutput, type ExtraFile } from "../report/write.js";
import { openStore, partialFolder, type CellStore } from "../store/cell-store.js";
import { choosePolicy } from "./choose-policy.js";
import type { Io } from "./commands.js";
import { EXIT } from "./exit.js";
import { compareRun, readBaseline } from "./read-baseline.js";
import { runAudit, type AuditParts } from "./run-audit.js";
import { openStatusLine } from "./status-line.js";

export type { AuditParts } from "./run-audit.js";

/** Runs an audit; resolves to the exit code. Errors of every stage pass through. */
export async function auditCommand(
  options: AuditOptions,
  io: Io,
  parts: AuditParts,
): Promise<number> {
  checkOutputFolder(options.out, options.force);
  const chosen = await choosePolicy(options.policy, options.failOn);
  const baseline = readBaseline(options.baseline);
  const status = openStatusLine({
    sink: io.stderr,
    quiet: options.quiet,
    json: options.jsonProgress === true,
    nowMs: () => performance.now(),
  });
  const store = openStore(partialFolder(options.out));
  try {
    checkOutputFolder(options.out, options.force); // a run that was waited for may have finished
    const { argv, signal } = io;
    const measured = await runAudit({ options, parts, argv, signal, status, store, chosen });
    const result = compareRun(measured, baseline);
    status.end();
    const views = await renderAlso(result, options.also ?? [], { root: process.cwd() });
    const { folder } = writeOutput({
      folder: options.out,
      force: options.force,
      result,
      extras: [...learnedFiles(result.cells, store), ...views],
    });
    store.discard();
    status.note({ event: "finished", verdict: result.verdict, folder });
    if (options.json) io.stdout.write(serialiseResult(result));
    else if (!options.quiet) {
      io.stdout.write(renderTerminal(result, { colour: io.stdout.colour, folder }));
    }
    return result.verdict === "fail" && !options.exitZero ? EXIT.fail : EXIT.pass;
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
