/** @file Quantiles by method R-7 (Hyndman and Fan 1996; the default of R and NumPy). */
import { NumericsError } from "../errors.js";
import { assertFinite, f64 } from "./vector.js";

/**
 * Quantile `q` (share, 0 to 1) of `values`, linear between order statistics.
 *
 * @throws {@link NumericsError} for no values, or values that are not finite.
 */
export function quantileR7(values: Iterable<number>, q: number): number {
  const sorted = assertFinite(Float64Array.from(values), "values of a quantile").sort();
  if (sorted.length === 0) {
    throw new NumericsError("quantile of no values is undefined", { code: "NO_VALUES" });
  }
  return sortedQuantile(sorted, q);
}

/** The same of numbers that are finite and ascending, at least one: for many quantiles of the same numbers. */
export function sortedQuantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const low = f64(sorted, below);
  return low + (at - below) * (f64(sorted, Math.ceil(at)) - low);
}

/** Median by R-7. @throws {@link NumericsError} as {@link quantileR7}. */
export function median(values: Iterable<number>): number {
  return quantileR7(values, 0.5);
}

/**
 * Median with a distribution-free interval from order statistics: the ranks n/2 ± z √n / 2, widened to whole ranks
 * (the normal approximation of the binomial; David and Nagaraja, Order Statistics, 3rd ed., 7.1).
 *
 * @param z - normal quantile of the confidence asked for, for example 1.96.
 * @throws {@link NumericsError} as {@link quantileR7}.
 */
export function medianInterval(
  values: Iterable<number>,
  z: number,
): { readonly median: number; readonly low: number; readonly high: number } {
  const sorted = assertFinite(Float64Array.from(values), "values of a median").sort();
  const n = sorted.length;
  const reach = (z * Math.sqrt(n)) / 2;
  // with few values no order statistic lies far enough out: the ends are then the smallest and the largest
  const low = Math.max(0, Math.floor(n / 2 - reach) - 1);
  const high = Math.min(n - 1, Math.ceil(n / 2 + reach));
  return { median: median(sorted), low: f64(sorted, low), high: f64(sorted, high) };
}
