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
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const low = f64(sorted, below);
  return low + (at - below) * (f64(sorted, Math.ceil(at)) - low);
}

/** Median by R-7. @throws {@link NumericsError} as {@link quantileR7}. */
export function median(values: Iterable<number>): number {
  return quantileR7(values, 0.5);
}
