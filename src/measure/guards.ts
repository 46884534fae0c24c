/**
 * @file The refusals of a run that does not measure what it says: wrong position, wrong labels, a swap that swaps
 * nothing. Checked on the cell's own items in every run (`pair-guard.ts`, `identity-guard.ts`,
 * `interchange-guard.ts`); nothing here looks at results, so no finding can trip a guard.
 */
import { NumericsError } from "../errors.js";

/** The fixed part of a refusal. */
interface Refusal {
  readonly message: string;
  readonly expected: string;
  /** What the likely cause is. */
  readonly cause: string;
}

const REFUSALS = {
  IDENTITY_BROKEN: {
    message: "a prompt with its own state put back does not answer as it does naturally",
    expected: "the natural answer, up to rounding",
    cause:
      "the state was taken or put at another position, layer or prompt, or answers are read elsewhere",
  },
  PATCH_MISPLACED: {
    message: "a patch overwrites another state than the one that was captured for it",
    expected: "the captured state of the same prompt, layer and position, to the last bit",
    cause: "the state was captured at one position and is patched at another",
  },
  SWAP_BROKEN: {
    message: "the last state of another prompt does not bring that prompt's answer",
    expected:
      "the source's natural answer, up to rounding: nothing else is read after the last block",
    cause: "sources and targets are mixed up, or the position is not where the answer is read",
  },
  LABELS_SHIFTED: {
    message: "labels do not belong to their trials",
    expected: "the causal table's answer to the target's values with the source's value put in",
    cause: "labels, answers or items are shifted against each other",
  },
  SELF_PAIR: {
    message: "an item is paired with itself",
    expected: "two different items in each pair",
    cause: "such a swap changes nothing, whatever the model does",
  },
  UNCHANGED_PAIR: {
    message: "a pair that should change the answer asks for the target's own",
    expected: "a source value whose counterfactual answer differs from the target's own",
    cause: "such a trial is a hit without any effect",
  },
  IDLE_INTERCHANGE: {
    message: "an interchange exchanges nothing",
    expected: "patched states that differ from the targets', by what their sources bring",
    cause: "targets were used in place of sources, or one source in place of all",
  },
  NOT_ORTHONORMAL: {
    message: "the rows of a subspace are not orthonormal",
    expected: "P Pᵀ = I, up to rounding",
    cause: "such an interchange scales or counts twice what it moves",
  },
} as const satisfies Readonly<Record<string, Refusal>>;

/** Code of a guard's refusal. */
export type GuardCode = keyof typeof REFUSALS;

/** The error of one guard; `found` is the evidence, `expected` adds a bound where there is one. */
export function guardError(
  code: GuardCode,
  { where, found, bound }: { where: string; found: string; bound?: string },
): NumericsError {
  const { message, expected, cause } = REFUSALS[code];
  return new NumericsError(message, {
    code,
    where,
    expected: bound === undefined ? expected : `${expected} (${bound})`,
    found,
    hint: `${cause}; the figures of this cell would mean nothing: please report it with the command that led here`,
  });
}

/** Faults listed before "and n more". */
const LISTED = 3;

/** `first; second; third; and 5 more`. */
export function listFaults(faults: readonly string[]): string {
  const more = faults.length - LISTED;
  return [...faults.slice(0, LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}
