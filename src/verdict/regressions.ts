/**
 * @file Whether getting worse than an earlier result closes the gate: the policy says so, and excused variables never do.
 */
import { writeList } from "./sentences.js";
import type { RunVerdict, VariableVerdict } from "./verdicts.js";

/** Closes the gate of a judged run for variables that got worse, where its policy asks for it. */
export function closeOnRegressions<
  T extends Pick<RunVerdict, "verdict" | "reasons" | "variables" | "policy">,
>(run: T, worse: readonly Pick<VariableVerdict, "audit" | "variable">[]): T {
  if (run.policy.regressions === "ignore") return run;
  const counted = run.variables.filter(
    (one) =>
      one.isExcused !== true &&
      worse.some(({ audit, variable }) => audit === one.audit && variable === one.variable),
  );
  if (counted.length === 0) return run;
  const names = writeList(counted.map(({ audit, variable }) => `${variable} (${audit})`));
  const reasons = [`worse than the baseline: ${names}; this closes the gate`, ...run.reasons];
  return { ...run, verdict: "fail", reasons };
}
