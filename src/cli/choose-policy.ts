/** @file The policy of a run: the file of `--policy`, or the default. */
import { DEFAULT_POLICY, type Policy } from "../verdict/policy.js";
import type { InputFile } from "./inputs.js";

/** A policy, with its file where it came from one. */
export interface ChosenPolicy {
  readonly policy: Policy;
  readonly file?: InputFile;
}

/** Reads `--policy`; the default policy without it. @throws {@link PlanError} with every mistake of the file. */
export async function choosePolicy(path: string | undefined): Promise<ChosenPolicy> {
  if (path === undefined) return { policy: DEFAULT_POLICY };
  const { readPolicyFile } = await import("./policy-file.js"); // the YAML reader is for those who have a file
  return readPolicyFile(path);
}
