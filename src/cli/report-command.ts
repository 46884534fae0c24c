/**
 * @file `mas-audit report`: a stored result rendered again and judged again, under its own policy or another. Reads
 * the result, the policy file and nothing else: the models of the run may be gone.
 */
import { resolve } from "node:path";
import { describeChanges, isSameJudgement } from "../report/judgement-changes.js";
import { judgeAgain } from "../report/judge-again.js";
import { checkOutputFolder } from "../report/output-folder.js";
import { printableLine } from "../report/printable.js";
import { serialiseResult } from "../report/result-text.js";
import type { Result } from "../report/schema.js";
import { renderTerminal } from "../report/terminal.js";
import { writeOutput } from "../report/write.js";
import { VERSION } from "../version.js";
import { choosePolicy, type ChosenPolicy } from "./choose-policy.js";
import type { Io, ReportOptions } from "./commands.js";
import { EXIT } from "./exit.js";
import { findSubspaces, readStoredResult, type StoredResult } from "./stored-result.js";

/** Prints a stored result, judged again; resolves to the exit code, as that of the audit. */
export async function reportCommand(options: ReportOptions, io: Io): Promise<number> {
  if (options.out !== null) checkOutputFolder(options.out, options.force);
  const chosen = options.policy === undefined ? undefined : await choosePolicy(options.policy);
  const stored = readStoredResult(options.result);
  const result = judgeAgain(stored.result, {
    ...(chosen?.file === undefined
      ? {}
      : { policy: { rules: chosen.policy, sha256: chosen.file.sha256 } }),
    version: VERSION,
    timing: describeJudging(stored, chosen, io),
    where: stored.path,
  });
  const notes = [...describeJudgement(stored.result, result)];
  const written =
    options.out === null ? {} : writeAgain(options.out, { options, stored, result, notes });
  if (!options.quiet) for (const note of notes) io.stderr.write(`${printableLine(note)}\n`);
  if (options.json) io.stdout.write(serialiseResult(result));
  else if (!options.quiet) {
    io.stdout.write(renderTerminal(result, { colour: io.stdout.colour, ...written }));
  }
  return result.verdict === "fail" && !options.exitZero ? EXIT.fail : EXIT.pass;
}

type Judging = Parameters<typeof judgeAgain>[1]["timing"];

function describeJudging(
  { path, sha256 }: StoredResult,
  chosen: ChosenPolicy | undefined,
  { argv }: Io,
): Judging {
  return {
    startedAt: new Date().toISOString(),
    command: ["mas-audit", ...argv],
    paths: {
      result: resolve(path),
      ...(chosen?.file === undefined ? {} : { policy: chosen.file.path }),
    },
    resultFile: sha256,
  };
}

/** What changed; the same measures under the same policy should have given the same words. */
function describeJudgement(stored: Result, result: Result): readonly string[] {
  const changes = describeChanges(stored, result);
  const isSamePolicy = !changes.some((change) => change.startsWith("policy "));
  if (!isSamePolicy) return changes;
  if (isSameJudgement(stored, result)) return [];
  const { version } = stored.manifest.tool;
  const why =
    version === VERSION
      ? "it was edited, or is a bug of ours"
      : `mas-audit ${version} wrote them and ${VERSION} judges now, or the file was edited`;
  return [
    `the stored words are not those that its measures give under its policy: ${why}`,
    ...changes,
  ];
}

interface Writing {
  readonly options: ReportOptions;
  readonly stored: StoredResult;
  readonly result: Result;
  readonly notes: string[];
}

/** Writes the result with the subspaces that it names, so that the new folder is whole. */
function writeAgain(out: string, { options, stored, result, notes }: Writing): { folder: string } {
  const { files, missing } = findSubspaces(stored);
  if (missing > 0) {
    notes.push(`${missing} learned subspaces do not lie beside ${stored.path} and were not copied`);
  }
  const { folder } = writeOutput({ folder: out, force: options.force, result, extras: files });
  return { folder };
}
