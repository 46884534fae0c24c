/**
 * @file `mas-audit reproduce`: the audit of a stored result once more, from the same files, and what differs. The words
 * are judged again under the stored policy, on the day of the stored judgement, so that only numbers can change them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditMeasures } from "../measure/measures.js";
import { freezeOptions, type AuditOptions } from "../plan/options.js";
import { completeJudgement } from "../report/complete-judgement.js";
import { checkMeasures } from "../report/judge-again.js";
import { isSameJudgement } from "../report/judgement-changes.js";
import { checkOutputFolder } from "../report/output-folder.js";
import { keepPrompts, type PromptRule } from "../report/prompts.js";
import { findDifferences, findOtherMakers } from "../report/result-differences.js";
import type { Result } from "../report/schema.js";
import { writeOutput } from "../report/write.js";
import { openStore, partialFolder } from "../store/cell-store.js";
import { dayOf } from "../verdict/excuses.js";
import { judge } from "../verdict/run.js";
import { learnedFiles } from "./audit-into-folder.js";
import type { Io, ReproduceOptions } from "./commands.js";
import { EXIT } from "./exit.js";
import { checkRecordedFiles, checkSameInputs } from "./recorded-inputs.js";
import { printReproduction, type Reproduction } from "./reproduction-text.js";
import { runAudit, type AuditParts } from "./run-audit.js";
import { openStatusLine } from "./status-line.js";
import { recordedOptions } from "./recorded-options.js";
import { readStoredResult } from "./stored-result.js";

/** Runs the audit of a stored result again; resolves to 0 where nothing differs, to 1 where something does. */
export async function reproduceCommand(
  options: ReproduceOptions,
  io: Io,
  parts: AuditParts,
): Promise<number> {
  const { result: stored, path } = readStoredResult(options.result);
  checkMeasures(stored, path);
  const audit = freezeOptions(recordedOptions(stored, options, path));
  if (options.out !== null) checkOutputFolder(options.out, options.force);
  await checkRecordedFiles(stored.manifest, { where: path, options, signal: io.signal });
  const place = options.out === null ? mkdtempSync(join(tmpdir(), "mas-audit-again-")) : undefined;
  try {
    const result = await runAgain({ stored, audit, path, options, io, parts, place });
    const found = compare(stored, result);
    io.stdout.write(
      options.json ? `${JSON.stringify(found, null, 2)}\n` : printReproduction(found),
    );
    return found.identical ? EXIT.pass : EXIT.fail;
  } finally {
    if (place !== undefined) rmSync(place, { recursive: true, force: true });
  }
}

interface Again {
  readonly stored: Result;
  readonly audit: AuditOptions;
  readonly path: string;
  readonly options: ReproduceOptions;
  readonly io: Io;
  readonly parts: AuditParts;
  /** Working folder; that of the output where there is one. */
  readonly place: string | undefined;
}

async function runAgain({
  stored,
  audit,
  path,
  options,
  io,
  parts,
  place,
}: Again): Promise<Result> {
  const status = openStatusLine({
    sink: io.stderr,
    quiet: options.quiet,
    json: audit.jsonProgress === true,
    nowMs: () => performance.now(),
  });
  const store = openStore(place === undefined ? partialFolder(audit.out) : join(place, "run"));
  try {
    const fresh = await runAudit({
      ...{ options: audit, parts, argv: io.argv, signal: io.signal, status, store },
      chosen: { policy: stored.policy },
      onInputs: (inputs) => {
        checkSameInputs(stored.manifest, inputs, path);
      },
    });
    const result = judgeAsStored(stored, fresh);
    status.end();
    if (options.out !== null) {
      writeOutput({
        ...{ folder: options.out, force: options.force, result },
        extras: learnedFiles(result.cells, store),
      });
    }
    store.discard();
    return result;
  } finally {
    status.end();
    store.close();
  }
}

/** New measures with the words that they get under the policy and on the day of the stored ones. */
function judgeAsStored(stored: Result, fresh: Result): Result {
  const { judgedAgain, inputs, options } = stored.manifest;
  const { timing } = stored.manifest;
  const today = dayOf((timing.judgedAgain ?? timing).startedAt);
  const audits = keepPrompts(fresh.audits, ruleOf(stored.audits));
  const { cells } = fresh;
  // the policy is in the result: its file is no input of the run, and may be gone
  const policyFile = inputs.filter(({ role }) => role === "policy");
  const result: Result = {
    ...fresh,
    ...judge({ audits, cells }, stored.policy, { today }),
    audits,
    ...(stored.comparison === undefined ? {} : { comparison: stored.comparison }),
    manifest: {
      ...fresh.manifest,
      inputs: [...fresh.manifest.inputs, ...policyFile],
      // a result of an earlier version names fewer options
      options: Object.fromEntries(
        Object.entries(fresh.manifest.options).filter(([name]) => Object.hasOwn(options, name)),
      ),
      ...(judgedAgain === undefined ? {} : { judgedAgain }),
    },
  };
  return completeJudgement(result, { stored });
}

/** How far a result kept its prompts; judging under a laxer policy brings none back. */
function ruleOf(audits: readonly AuditMeasures[]): PromptRule {
  const kept = audits.flatMap(({ prompts }) => Object.values(prompts ?? {}));
  if (kept.length === 0) return "none";
  return kept.some((prompt) => "text" in prompt) ? "full" : "hash";
}

function compare(stored: Result, result: Result): Reproduction {
  const differences = findDifferences(stored, result);
  return {
    schema: "mas-audit/reproduction@1",
    identical: differences.length === 0,
    sameWords: isSameJudgement(stored, result),
    cells: stored.cells.length,
    differences,
    otherMakers: findOtherMakers(stored.manifest, result.manifest),
  };
}
