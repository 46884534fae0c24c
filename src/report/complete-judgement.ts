/**
 * @file What follows from a judgement but is none: warnings on entries of the policy that do nothing, the comparison
 * with an earlier result, and whether getting worse closes the gate.
 */
import { closeOnRegressions } from "../verdict/regressions.js";
import { compareResults, worseVariables } from "./baseline.js";
import { isPolicyWarning, warnExcuses } from "./policy-warnings.js";
import type { Comparison } from "./schema-comparison.js";
import type { Result, Warning } from "./schema.js";

/** What a judged result may be completed with. */
export interface Completion {
  /** The same measures as they were judged before, where they were. */
  readonly stored?: Result | undefined;
  /** The result of an earlier audit. */
  readonly baseline?: Result | undefined;
}

/** The judged result with its warnings, comparison and gate; the same measures and policy give the same again. */
export function completeJudgement(judged: Result, { stored, baseline }: Completion): Result {
  const { comparison: earlier, ...rest } = judged;
  const comparison =
    baseline === undefined
      ? keepComparison(earlier, { judged, stored })
      : compareResults(rest, baseline);
  const warnings = [
    ...rest.warnings.filter((warning) => !isPolicyWarning(warning)),
    ...warnExcuses(rest),
    ...warnComparison(rest, { earlier, comparison }),
  ];
  const complete = {
    ...rest,
    warnings,
    ...(comparison === undefined ? {} : { comparison }),
  };
  return comparison === undefined
    ? complete
    : closeOnRegressions(complete, worseVariables(comparison));
}

/** A stored comparison stands as long as the words do; under others it would have to be made anew. */
function keepComparison(
  earlier: Comparison | undefined,
  { judged, stored }: { readonly judged: Result; readonly stored: Result | undefined },
): Comparison | undefined {
  const words = (result: Result): string =>
    JSON.stringify([
      result.policy.confidence,
      result.variables.map(({ verdict, sites }) => [verdict, sites.map((site) => site.verdict)]),
    ]);
  return stored !== undefined && words(judged) === words(stored) ? earlier : undefined;
}

function warnComparison(
  judged: Result,
  {
    earlier,
    comparison,
  }: { readonly earlier: Comparison | undefined; readonly comparison: Comparison | undefined },
): readonly Warning[] {
  if (comparison !== undefined) return [];
  const isLeftOut = earlier !== undefined;
  const isAsked = judged.policy.regressions === "fail";
  return [
    ...(isLeftOut
      ? [
          {
            code: "COMPARISON_LEFT_OUT",
            message: "the stored comparison was made from other words and is left out",
            hint: "give the earlier result again with --baseline",
          },
        ]
      : []),
    ...(isAsked
      ? [
          {
            code: "NO_BASELINE",
            message:
              "the policy lets regressions close the gate, but there is nothing to compare with",
            hint: "give the result of the last release with --baseline",
          },
        ]
      : []),
  ];
}
