/**
 * @file `mas-audit report`: a stored result rendered again and judged again, under its own policy or another, and
 * compared with an earlier one. Reads results, the policy file and nothing else: the models of the run may be gone.
 */
import { resolve } from "node:path";
import { describeChanges, isSameJudgement } from "../report/judgement-changes.js";
import { judgeAgain, type JudgingAgain } from "../report/judge-again.js";
import { checkOutputFolder } from "../report/output-folder.js";
import { printableLine } from "../report/printable.js";
import type { Result } from "../report/schema.js";
import { renderTerminal } from "../report/terminal.js";
import { renderAlso, renderView } from "../report/views.js";
import { writeOutput } from "../report/write.js";
import { VERSION } from "../version.js";
import { choosePolicy, closeOn, type ChosenPolicy } from "./choose-policy.js";
import type { Io, ReportOptions } from "./commands.js";
import { EXIT } from "./exit.js";
import { checkRelated, readBaseline } from "./read-baseline.js";
import { findSubspaces, readStoredResult, type StoredResult } from "./stored-result.js";

/** Prints a stored result, judged again; resolves to the exit code, as that of the audit. */
export async function reportCommand(options: ReportOptions, io: Io): Promise<number> {
  if (options.out !== null) checkOutputFolder(options.out, options.force);
  const chosen = options.policy === undefined ? undefined : await choosePolicy(options.policy);
  const stored = readStoredResult(options.result);
  const baseline = readBaseline(options.baseline);
  const request = {
    ...describePolicy({ options, stored, chosen }),
    version: VERSION,
    timing: describeJudging({ stored, chosen, baseline }, io),
    where: stored.path,
  };
  const compared = baseline === undefined ? {} : { baseline: baseline.result };
  const result = judgeAgain(stored.result, { ...request, ...compared });
  checkRelated(result, baseline);
  const notes = [...describeJudgement({ stored: stored.result, result, request })];
  const written =
    options.out === null ? {} : await writeAgain(options.out, { options, stored, result, notes });
  if (!options.quiet) for (const note of notes) io.stderr.write(`${printableLine(note)}\n`);
  await print(result, { options, io, written });
  return result.verdict === "fail" && !options.exitZero ? EXIT.fail : EXIT.pass;
}

/** A view that was asked for by name is printed whatever else; the table only where nobody wants quiet. */
async function print(
  result: Result,
  {
    options,
    io,
    written,
  }: {
    readonly options: ReportOptions;
    readonly io: Io;
    readonly written: { readonly folder?: string };
  },
): Promise<void> {
  const { format, quiet } = options;
  if (format !== "terminal")
    io.stdout.write(await renderView(result, format, { root: process.cwd() }));
  else if (!quiet)
    io.stdout.write(renderTerminal(result, { colour: io.stdout.colour, ...written }));
}

/** The rules to judge by, where they are not those that are stored. */
function describePolicy({
  options,
  stored,
  chosen,
}: {
  readonly options: ReportOptions;
  readonly stored: StoredResult;
  readonly chosen: ChosenPolicy | undefined;
}): Pick<JudgingAgain, "policy"> {
  if (chosen === undefined && options.failOn === undefined) return {};
  const rules = closeOn(chosen?.policy ?? stored.result.policy, options.failOn);
  const file = chosen?.file;
  return { policy: { rules, ...(file === undefined ? {} : { sha256: file.sha256 }) } };
}

interface Read {
  readonly stored: StoredResult;
  readonly chosen: ChosenPolicy | undefined;
  readonly baseline: StoredResult | undefined;
}

function describeJudging({ stored, chosen, baseline }: Read, { argv }: Io): JudgingAgain["timing"] {
  return {
    startedAt: new Date().toISOString(),
    command: ["mas-audit", ...argv],
    paths: {
      result: resolve(stored.path),
      ...(chosen?.file === undefined ? {} : { policy: chosen.file.path }),
      ...(baseline === undefined ? {} : { baseline: resolve(baseline.path) }),
    },
    resultFile: stored.sha256,
  };
}

/** What changed; the same measures under the same policy on the same day should have given the same words. */
function describeJudgement({
  stored,
  result,
  request,
}: {
  readonly stored: Result;
  readonly result: Result;
  readonly request: JudgingAgain;
}): readonly string[] {
  const changes = describeChanges(stored, result);
  const isSamePolicy = !changes.some((change) => change.startsWith("policy "));
  if (!isSamePolicy || isSameJudgement(stored, result)) return changes;
  // waivers end and baselines come: without either the words are those that were stored
  const { startedAt } = stored.manifest.timing.judgedAgain ?? stored.manifest.timing;
  const then = judgeAgain(stored, { ...request, timing: { ...request.timing, startedAt } });
  if (isSameJudgement(stored, then)) return changes;
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
async function writeAgain(
  out: string,
  { options, stored, result, notes }: Writing,
): Promise<{ folder: string }> {
  const { files, missing } = findSubspaces(stored);
  if (missing > 0) {
    notes.push(`${missing} learned subspaces do not lie beside ${stored.path} and were not copied`);
  }
  const views = await renderAlso(result, options.also ?? [], { root: process.cwd() });
  const extras = [...files, ...views];
  const { folder } = writeOutput({ folder: out, force: options.force, result, extras });
  return { folder };
}
