/**
 * @file An audit as a function: what the command line runs, without a console and without a process to end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditOptions } from "../plan/options.js";
import type { Result } from "../report/schema.js";
import type { StatusLine } from "../cli/status-line.js";
import { describeRequest, type AuditRequest, type ProgressReport } from "./audit-request.js";

/**
 * Audits a pair of models: which causal variables fail to transfer between them, at which layers, and how sure that is.
 *
 * Reads what the command line reads, refuses what it refuses, and computes the same numbers. With `out`, the folder gets
 * `result.json`, `report.html` and the learned subspaces, and a call that was ended goes on where it was; without, nothing
 * is left behind, and the result names no files of subspaces. The models are run in this process, on threads of their own;
 * this thread is busy meanwhile, for minutes or hours.
 *
 * @throws {@link UsageError} or {@link PlanError} with every mistake of the request; {@link ModelFormatError},
 * {@link LocateError} or {@link UnsupportedOperatorError} for a model that is not understood; {@link NumericsError} when a
 * self-check fails; {@link HostError} for memory, disk and devices; the signal's reason when aborted.
 *
 * @example
 * ```ts
 * const result = await audit({ base: "base/", tuned: "tuned/", audits: ["sentiment"], layers: [3, 7] });
 * for (const { variable, verdict } of result.variables) console.log(variable, verdict);
 * ```
 */
export async function audit(request: AuditRequest): Promise<Result> {
  if (request.out !== undefined) return auditInto(request);
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-library-"));
  try {
    return withoutFiles(await auditInto({ ...request, out: join(folder, "audit") }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function auditInto(request: AuditRequest): Promise<Result> {
  const { custom, raw, argv, base, tuned } = describeRequest(request);
  const { readAuditOptions } = await import("../cli/read-options.js");
  const { freezeOptions } = await import("../plan/options.js");
  const options = freezeOptions(readAuditOptions({ base, tuned }, raw));
  const { ADAPTERS, AUDITS, TEXT_AUDITS } = await import("./built-in.js");
  const parts = { adapters: ADAPTERS, audits: [...AUDITS, ...custom], texts: TEXT_AUDITS };
  const signal = request.signal ?? new AbortController().signal;
  return keep(options, { parts, argv, signal, status: await statusFor(request) });
}

type RunAudit = typeof import("../cli/run-audit.js").runAudit;

/** Runs into the folder of the options, and puts the results in place. */
async function keep(
  options: AuditOptions,
  run: Pick<Parameters<RunAudit>[0], "parts" | "argv" | "signal" | "status">,
): Promise<Result> {
  const { checkOutputFolder } = await import("../report/output-folder.js");
  const { openStore, partialFolder } = await import("../store/cell-store.js");
  const { choosePolicy } = await import("../cli/choose-policy.js");
  const { runAudit } = await import("../cli/run-audit.js");
  const { learnedFiles } = await import("../cli/audit-command.js");
  const { writeOutput } = await import("../report/write.js");
  checkOutputFolder(options.out, options.force);
  const chosen = await choosePolicy(options.policy, options.failOn);
  const store = openStore(partialFolder(options.out));
  try {
    checkOutputFolder(options.out, options.force); // a run that was waited for may have finished
    const result = await runAudit({ ...run, options, store, chosen });
    const { out: folder, force } = options;
    writeOutput({ folder, force, result, extras: learnedFiles(result.cells, store) });
    store.discard();
    run.status.note({ event: "finished", verdict: result.verdict, folder });
    return result;
  } finally {
    run.status.end();
    store.close();
  }
}

/** The events of `--json-progress`, given to a function. */
async function statusFor({ onProgress }: AuditRequest): Promise<StatusLine> {
  const { jsonLines } = await import("../cli/json-lines.js");
  const write = (line: string): void => {
    // the line was written from an event one call above
    onProgress?.(JSON.parse(line) as ProgressReport);
  };
  return jsonLines({ write, isTerminal: false, columns: 80, colour: false }, () =>
    performance.now(),
  );
}

/** Files that are gone are not named. */
function withoutFiles(result: Result): Result {
  const cells = result.cells.map((cell) => {
    if (cell.learning === undefined) return cell;
    const learning = { ...cell.learning };
    delete learning.tensors;
    return { ...cell, learning };
  });
  return { ...result, cells };
}
