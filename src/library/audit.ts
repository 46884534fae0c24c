/**
 * @file An audit as a function: what the command line runs, without a console and without a process to end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Result } from "../report/schema.js";
import { describeRequest, type AuditRequest } from "./audit-request.js";

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
  const { readFrozenOptions } = await import("../cli/read-options.js");
  const options = await readFrozenOptions({ base, tuned }, raw);
  const { ADAPTERS, AUDITS, TEXT_AUDITS } = await import("./built-in.js");
  const { auditIntoFolder } = await import("../cli/audit-into-folder.js");
  const { reportedStatus } = await import("../cli/json-lines.js");
  const { result } = await auditIntoFolder({
    ...{ options, argv },
    parts: { adapters: ADAPTERS, audits: [...AUDITS, ...custom], texts: TEXT_AUDITS },
    signal: request.signal ?? new AbortController().signal,
    status: reportedStatus(
      (report) => request.onProgress?.(report),
      () => performance.now(),
    ),
  });
  return result;
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
