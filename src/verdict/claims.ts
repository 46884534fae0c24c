/**
 * @file The claims that a cross direction stays below the asked share of the target's own effect, and their correction
 * over the run.
 */
import { present, invariant } from "../errors.js";
import type { Direction, Trials } from "../measure/measures.js";
import { benjaminiHochberg, holm, uncorrected } from "../stats/multiplicity.js";
import { pairedRatio, pValueBelow, type PairedRatio } from "../stats/ratio.js";
import { CROSS_DIRECTIONS, findCeiling, TARGET, within } from "./figures.js";
import type { Policy } from "./policy.js";
import { writeConfidence } from "./sentences.js";
import type { Measure } from "./verdicts.js";

/** A ratio that exists. */
export type RatioEstimate = Extract<PairedRatio, { kind: "value" }>;

/** One cross direction of one cell: how much of the target's own effect arrives, and how sure it is that too little does. */
export interface Claim {
  readonly direction: (typeof CROSS_DIRECTIONS)[number];
  readonly ratio: RatioEstimate;
  readonly p: number;
}

/** A claim after correction. */
export interface CorrectedClaim extends Claim {
  readonly adjustedP: number;
}

/** Ratio of a row of outcomes to the target's own learned effect, over the target's own null, on the same trials. */
export function ratioToCeiling(
  trials: Trials,
  row: { readonly direction: Direction; readonly hits: string },
  policy: Policy,
): PairedRatio {
  const target = TARGET[row.direction];
  const ceiling = findCeiling(trials, target, policy);
  if (ceiling === undefined) return { kind: "undefined", reason: `${within(target)} was not run` };
  // the null of the target's own direction, as a paired rate: it stands on both sides of the ratio
  const rates = { cross: row.hits, within: ceiling.hits, null: ceiling.null.hits };
  return pairedRatio(rates, policy.confidence);
}

/**
 * Claims of a cell in which both models encode the variable; a direction that was not run makes none.
 *
 * @throws {@link InvariantError} when a ratio is undefined, which the gates exclude.
 */
export function makeClaims(trials: Trials, policy: Policy): readonly Claim[] {
  return CROSS_DIRECTIONS.flatMap((direction) => {
    const hits = trials.iia[direction];
    if (hits === undefined) return [];
    const ratio = ratioToCeiling(trials, { direction, hits }, policy);
    invariant(ratio.kind === "value", `ratio ${direction} is undefined behind open gates`);
    return [{ direction, ratio, p: pValueBelow(ratio, policy.ratio) }];
  });
}

const CORRECTIONS = {
  holm,
  "benjamini-hochberg": benjaminiHochberg,
  none: uncorrected,
} as const satisfies Record<Policy["multiplicity"], (p: readonly number[]) => readonly number[]>;

/** Corrects the claims of all cells of a run together; `cells` keeps its order. */
export function correctClaims(
  cells: readonly (readonly Claim[])[],
  method: Policy["multiplicity"],
): readonly (readonly CorrectedClaim[])[] {
  const adjusted = CORRECTIONS[method](cells.flat().map(({ p }) => p));
  let next = 0;
  return cells.map((claims) =>
    claims.map((claim) => ({ ...claim, adjustedP: present(adjusted[next++], "adjusted p-value") })),
  );
}

/** Writes an estimated ratio as a figure. */
export function measureRatio(
  { value, low, high, n }: Pick<RatioEstimate, "value" | "low" | "high" | "n">,
  confidence: number,
  by = "paired delta method",
): Measure {
  const method = `${by}, each end one-sided ${writeConfidence(confidence)}`;
  return { kind: "value", value, unit: "ratio", n, interval: [low, high], method };
}
