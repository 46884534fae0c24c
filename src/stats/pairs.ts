/**
 * @file Two rows of outcomes of the same trials: where they disagree is all that tells them apart.
 */
import { invariant } from "../errors.js";
import { outcomes } from "./hits.js";

/** Two rows of outcomes ("1" = hit) of the same trials in the same order. */
export interface PairedRows {
  readonly a: string;
  readonly b: string;
}

/** Trials by who hit. */
export interface Discordance {
  /** Hits of `a` that `b` missed. */
  readonly onlyA: number;
  /** Hits of `b` that `a` missed. */
  readonly onlyB: number;
  /** All trials, agreeing ones included. */
  readonly n: number;
}

/**
 * Spells two rows as numbers, 0 or 1 each: `[trial]`.
 *
 * @throws {@link InvariantError} when the rows differ in length or hold anything but 0 and 1.
 */
export function pairedOutcomes({ a, b }: PairedRows): {
  readonly a: readonly number[];
  readonly b: readonly number[];
} {
  invariant(a.length === b.length, `paired rows of ${a.length} and ${b.length} trials`);
  return { a: outcomes(a), b: outcomes(b) };
}

/**
 * Counts where two rows disagree.
 *
 * @throws {@link InvariantError} when the rows differ in length or hold anything but 0 and 1.
 */
export function countDiscordance(rows: PairedRows): Discordance {
  const { a, b } = pairedOutcomes(rows);
  const countHere = (hit: number): number =>
    a.filter((inA, trial) => inA === hit && b[trial] === 1 - hit).length;
  return { onlyA: countHere(1), onlyB: countHere(0), n: a.length };
}
