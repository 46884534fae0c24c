/** @file Sessions as an audit of the same pair would open them. */
import { copiesWeights } from "../../src/cli/memory-check.js";
import { readMachine } from "../../src/cli/machine.js";
import { present } from "../../src/errors.js";
import type { LocatedModel } from "../../src/models/located.js";
import type { BenchOptions } from "./options.js";

/** Threads as asked; rearranged weights where the audit would keep them. */
export function sessionOf(
  [base, tuned]: readonly LocatedModel[],
  { threads }: Pick<BenchOptions, "threads">,
): { readonly threads: number; readonly prepack: boolean } {
  const pair = { base: present(base, "base"), tuned: present(tuned, "tuned") };
  return { threads, prepack: copiesWeights(pair, readMachine()) };
}
