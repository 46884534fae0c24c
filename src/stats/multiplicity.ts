/**
 * @file Several claims in one run: p-values adjusted for their number.
 */
import { invariant, present } from "../errors.js";

/** A p-value with its place in the list it came from. */
interface Ranked {
  readonly p: number;
  readonly place: number;
}

function rank(pValues: readonly number[]): readonly Ranked[] {
  pValues.forEach((p, i) => {
    invariant(p >= 0 && p <= 1, `p-value ${p} of claim ${i}: expected 0 to 1`);
  });
  return pValues.map((p, place) => ({ p, place })).sort((a, b) => a.p - b.p);
}

function restore(ranked: readonly Ranked[], adjusted: readonly number[]): readonly number[] {
  const out = new Array<number>(ranked.length).fill(Number.NaN);
  ranked.forEach(({ place }, i) => {
    out[place] = present(adjusted[i], "adjusted p-value");
  });
  return out;
}

/**
 * Adjusts p-values by Holm's step-down method, in the order given; controls the chance of any false claim under any
 * dependence.
 *
 * Source: Holm, S. (1979), Scand. J. Stat. 6, 65–70.
 *
 * @throws {@link InvariantError} when a p-value is not in 0 to 1.
 */
export function holm(pValues: readonly number[]): readonly number[] {
  const ranked = rank(pValues);
  let largest = 0;
  const adjusted = ranked.map(({ p }, i) => {
    largest = Math.max(largest, Math.min(1, p * (ranked.length - i)));
    return largest;
  });
  return restore(ranked, adjusted);
}

/**
 * Adjusts p-values by Benjamini and Hochberg's step-up method, in the order given; controls the share of false claims
 * among the claims made, for independent or positively dependent tests.
 *
 * Source: Benjamini, Y. & Hochberg, Y. (1995), J. R. Stat. Soc. B 57, 289–300.
 *
 * @throws {@link InvariantError} when a p-value is not in 0 to 1.
 */
export function benjaminiHochberg(pValues: readonly number[]): readonly number[] {
  const ranked = rank(pValues);
  const m = ranked.length;
  let smallest = 1;
  const adjusted = [...ranked].reverse().map(({ p }, i) => {
    smallest = Math.min(smallest, (p * m) / (m - i));
    return smallest;
  });
  return restore(ranked, adjusted.reverse());
}

/** Leaves p-values as they are. */
export function uncorrected(pValues: readonly number[]): readonly number[] {
  return restore(
    rank(pValues),
    rank(pValues).map(({ p }) => p),
  );
}
