/** @file The result of an earlier audit, to compare with. */
import { resolve } from "node:path";
import { PlanError } from "../errors.js";
import { listNames } from "../plan/did-you-mean.js";
import { isRelated } from "../report/baseline-remarks.js";
import { completeJudgement } from "../report/complete-judgement.js";
import { checkMeasures } from "../report/judge-again.js";
import type { Result } from "../report/schema.js";
import { readStoredResult, type StoredResult } from "./stored-result.js";

/**
 * Reads the result of `--baseline`; nothing without one.
 *
 * @throws {@link PlanError} where it cannot be read, or its measures contradict each other.
 */
export function readBaseline(path: string | undefined): StoredResult | undefined {
  if (path === undefined) return undefined;
  const stored = readStoredResult(path);
  checkMeasures(stored.result, stored.path);
  return stored;
}

/** @throws {@link PlanError} `BASELINE_UNRELATED` where two results have no variable in common. */
export function checkRelated(result: Result, baseline: StoredResult | undefined): void {
  if (baseline === undefined || isRelated(baseline.result, result)) return;
  const namesOf = ({ variables }: Result): string =>
    listNames(variables.map(({ audit, variable }) => `${variable} (${audit})`));
  throw new PlanError("the baseline has nothing to compare with", {
    code: "BASELINE_UNRELATED",
    where: baseline.path,
    expected: `a result with one of ${namesOf(result)}`,
    found: namesOf(baseline.result),
    hint: "give the result.json of an earlier audit of the same variables",
  });
}

/** A finished run compared with its baseline; where it lay joins the part of the manifest that may differ. */
export function compareRun(result: Result, baseline: StoredResult | undefined): Result {
  if (baseline === undefined) return result;
  const { timing } = result.manifest;
  const paths = { ...timing.paths, baseline: resolve(baseline.path) };
  const manifest = { ...result.manifest, timing: { ...timing, paths } };
  return completeJudgement({ ...result, manifest }, { baseline: baseline.result });
}
