/** @file The policy of a run: the file of `--policy`, or the default; `--fail-on` says better than either what closes the gate. */
import { DEFAULT_POLICY, type Policy } from "../verdict/policy.js";
import { VERDICT_WORDS, type VariableWord } from "../verdict/verdicts.js";
import { didYouMean, listNames } from "../plan/did-you-mean.js";
import { throwProblems } from "../plan/problems.js";
import type { InputFile } from "./inputs.js";

/** A policy, with its file where it came from one. */
export interface ChosenPolicy {
  readonly policy: Policy;
  readonly file?: InputFile;
}

/** Reads `--policy`; the default policy without it. @throws {@link PlanError} with every mistake of the file. */
export async function choosePolicy(
  path: string | undefined,
  failOn?: readonly string[],
): Promise<ChosenPolicy> {
  if (path === undefined) return { policy: closeOn(DEFAULT_POLICY, failOn) };
  const { readPolicyFile } = await import("./policy-file.js"); // the YAML reader is for those who have a file
  const { policy, file } = readPolicyFile(path);
  return { policy: closeOn(policy, failOn), file };
}

/**
 * The policy with the words of `--fail-on`, where any are given.
 *
 * @throws {@link PlanError} `FAIL_ON` for words that are no verdicts, all at once.
 */
export function closeOn(policy: Policy, failOn: readonly string[] | undefined): Policy {
  if (failOn === undefined) return policy;
  const known = new Map<string, VariableWord>(VERDICT_WORDS.map((word) => [word, word]));
  const unknown = failOn.filter((word) => !known.has(word));
  throwProblems(
    unknown.map((word) => ({
      what: "verdicts that close the gate",
      expected: `words of ${listNames(VERDICT_WORDS)}`,
      found: JSON.stringify(word),
      ...didYouMean(word, VERDICT_WORDS),
    })),
    { kind: "plan", code: "FAIL_ON", of: "verdicts that close the gate" },
  );
  return { ...policy, closesGate: failOn.flatMap((word) => known.get(word) ?? []) };
}
