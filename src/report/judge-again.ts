/**
 * @file A stored result judged again: the same measures, other words. No model and no file is read.
 */
import { InvariantError, PlanError } from "../errors.js";
import { throwProblems } from "../plan/problems.js";
import { dayOf } from "../verdict/excuses.js";
import type { Policy } from "../verdict/policy.js";
import { judge } from "../verdict/run.js";
import type { RunVerdict } from "../verdict/verdicts.js";
import { completeJudgement } from "./complete-judgement.js";
import { findMeasureMistakes } from "./measure-mistakes.js";
import { keepPrompts } from "./prompts.js";
import { digestRepeatable } from "./repeatable.js";
import type { Manifest, Result } from "./schema.js";

/** How a result is judged again, and what is recorded about it. */
export interface JudgingAgain {
  /** Another policy, with the digest of its file where it came from one; without it the stored policy is kept. */
  readonly policy?: { readonly rules: Policy; readonly sha256?: string };
  /** The result of an earlier audit to compare with; its measures have been checked. */
  readonly baseline?: Result;
  /** Version of the program that judges. */
  readonly version: string;
  /** When, by which command and from which files; waivers are looked at on that day. */
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
  const { policy, baseline, version, timing, where } = request;
  checkMeasures(stored, where);
  const rules = policy?.rules ?? stored.policy;
  const words = judgeStored(stored, { policy: rules, today: dayOf(timing.startedAt), where });
  const judgedAgain = {
    version,
    result: digestRepeatable(stored),
    ...(policy?.sha256 === undefined ? {} : { policy: policy.sha256 }),
  };
  const manifest = {
    ...stored.manifest,
    judgedAgain,
    timing: { ...stored.manifest.timing, judgedAgain: timing },
  };
  // a stricter policy takes texts out of what is written now; a laxer one has none to bring back
  const audits = keepPrompts(stored.audits, words.policy.prompts);
  return completeJudgement({ ...stored, ...words, audits, manifest }, { stored, baseline });
}

/** @throws {@link PlanError} `RESULT_INCONSISTENT` where measures contradict each other, all places at once. */
export function checkMeasures(result: Result, where: string): void {
  throwProblems(findMeasureMistakes(result), {
    ...{ kind: "plan", code: "RESULT_INCONSISTENT", of: "measures of the result", where },
  });
}

/** What our own code may promise about measures it made, a file cannot. */
function judgeStored(
  { audits, cells }: Result,
  {
    policy,
    today,
    where,
  }: { readonly policy: Policy; readonly today: string; readonly where: string },
): RunVerdict {
  try {
    return judge({ audits, cells }, policy, { today });
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
