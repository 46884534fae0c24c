/**
 * @file A stored result judged again: the same measures, other words. No model and no file is read.
 */
import { InvariantError, PlanError } from "../errors.js";
import { throwProblems } from "../plan/problems.js";
import { digestJson, type Sha256 } from "../store/digest.js";
import type { Policy } from "../verdict/policy.js";
import { judge } from "../verdict/run.js";
import type { RunVerdict } from "../verdict/verdicts.js";
import { findMeasureMistakes } from "./measure-mistakes.js";
import type { Manifest, Result } from "./schema.js";

/** How a result is judged again, and what is recorded about it. */
export interface JudgingAgain {
  /** Another policy with the digest of its file; without it the stored policy is kept. */
  readonly policy?: { readonly rules: Policy; readonly sha256: string };
  /** Version of the program that judges. */
  readonly version: string;
  /** When, by which command and from which files. */
  readonly timing: NonNullable<Manifest["timing"]["judgedAgain"]>;
  /** What errors call the stored result. */
  readonly where: string;
}

/**
 * Judges the measures of a stored result; everything else stays as it was.
 *
 * @throws {@link PlanError} `RESULT_INCONSISTENT` where its measures contradict each other, all places at once.
 */
export function judgeAgain(stored: Result, request: JudgingAgain): Result {
  const { policy, version, timing, where } = request;
  throwProblems(findMeasureMistakes(stored), {
    ...{ kind: "plan", code: "RESULT_INCONSISTENT", of: "measures of the result", where },
  });
  const words = judgeStored(stored, policy?.rules ?? stored.policy, where);
  const judgedAgain = {
    version,
    result: digestRepeatable(stored),
    ...(policy === undefined ? {} : { policy: policy.sha256 }),
  };
  const manifest = {
    ...stored.manifest,
    judgedAgain,
    timing: { ...stored.manifest.timing, judgedAgain: timing },
  };
  return { ...stored, ...words, manifest };
}

/** What our own code may promise about measures it made, a file cannot. */
function judgeStored({ audits, cells }: Result, policy: Policy, where: string): RunVerdict {
  try {
    return judge({ audits, cells }, policy);
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw new PlanError("the measures of the result cannot be judged", {
      code: "RESULT_INCONSISTENT",
      where,
      expected: "measures as mas-audit writes them",
      found: error.message.replace(/^internal: /, ""),
      hint: "if nobody edited this file, please report it: it is a bug in mas-audit",
      cause: error,
    });
  }
}

/** Digest of everything that two identical runs have in common. */
function digestRepeatable(result: Result): Sha256 {
  // a key that is undefined is none in canonical JSON
  return digestJson({ ...result, manifest: { ...result.manifest, timing: undefined } });
}
