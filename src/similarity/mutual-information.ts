/**
 * @file Mutual information of units, from counts in quantile bins, with the bias of the plug-in estimate taken off
 * (Miller and Madow: `(bₓ − 1)(b_y − 1) / (2 n)` nats for bₓ and b_y bins in use).
 */
import { invariant, present } from "../errors.js";
import { matrix, type Matrix } from "../numeric/matrix.js";
import { sortedQuantile } from "../numeric/quantile.js";
import { assertFinite, f64 } from "../numeric/vector.js";

/** Bins per unit, unless said otherwise. */
export const BINS = 10;

/** A unit in bins. */
interface Binned {
  /** `[item]`. */
  readonly bin: Uint16Array;
  /** Items per bin. */
  readonly counts: Uint32Array;
  /** Bins that hold an item; equal values share a bin, so that there may be fewer than were asked for. */
  readonly used: number;
}

/** Most bins, up to {@link BINS}, that leave 10 items per bin of the joint histogram; at least 2. */
export function binsFor(n: number): number {
  return Math.min(BINS, Math.max(2, Math.floor(Math.sqrt(n / 10))));
}

/**
 * Mutual information (nats) of every unit of `x` `[item, d₁]` with every unit of `y` `[item, d₂]`: `[d₁, d₂]`. About 0
 * for independent units, and as often below as above, from about 10 items per bin of the joint histogram on (1,000 for
 * 10 bins); with fewer it stays too high.
 */
export function unitInformation(x: Matrix, y: Matrix, bins = BINS): Matrix {
  const inform = informationOf(x, y, bins);
  const out = matrix(x.cols, y.cols);
  for (let i = 0; i < x.cols; i++) {
    for (let j = 0; j < y.cols; j++) out.data[i * y.cols + j] = inform(i, j);
  }
  return out;
}

/** Mutual information (nats) of a unit of `x` with one of `y`, each binned once; as {@link unitInformation}. */
export function informationOf(
  x: Matrix,
  y: Matrix,
  bins = BINS,
): (unitOfX: number, unitOfY: number) => number {
  invariant(x.rows === y.rows, `units over ${x.rows} and ${y.rows} items`);
  const [a, b] = [binUnits(x, bins), binUnits(y, bins)];
  const terms = Float64Array.from({ length: x.rows + 1 }, (_, c) =>
    c === 0 ? 0 : c * Math.log(c),
  );
  const joint = new Uint32Array(bins * bins);
  return (i, j) =>
    information(present(a[i], "a unit"), present(b[j], "a unit"), { bins, joint, terms });
}

function binUnits(states: Matrix, bins: number): readonly Binned[] {
  return Array.from({ length: states.cols }, (_, unit) => {
    const values = Float64Array.from({ length: states.rows }, (_unused, item) =>
      f64(states.data, item * states.cols + unit),
    );
    const sorted = assertFinite(values.slice(), "values of a unit").sort();
    const edges = Float64Array.from({ length: bins - 1 }, (_unused, q) =>
      sortedQuantile(sorted, (q + 1) / bins),
    );
    const bin = new Uint16Array(values.length);
    for (const edge of edges) {
      for (let item = 0; item < bin.length; item++) {
        if (f64(values, item) > edge) bin[item] = (bin[item] as number) + 1; // in range by the loop's bound
      }
    }
    const counts = new Uint32Array(bins);
    for (const own of bin) counts[own] = (counts[own] as number) + 1; // in range: as many bins as edges and one
    return { bin, counts, used: counts.filter((count) => count > 0).length };
  });
}

/** `log n + (Σ c log c of joint counts − Σ c log c of both margins) / n`, less the bias. */
function information(
  a: Binned,
  b: Binned,
  {
    bins,
    joint,
    terms,
  }: { readonly bins: number; readonly joint: Uint32Array; readonly terms: Float64Array },
): number {
  const n = a.bin.length;
  joint.fill(0);
  for (let item = 0; item < n; item++) {
    const at = (a.bin[item] as number) * bins + (b.bin[item] as number); // in range by the loop's bound
    joint[at] = (joint[at] as number) + 1;
  }
  const over = (counts: Uint32Array): number => {
    let total = 0;
    for (const count of counts) total += f64(terms, count);
    return total;
  };
  const found = Math.log(n) + (over(joint) - over(a.counts) - over(b.counts)) / n;
  return found - ((a.used - 1) * (b.used - 1)) / (2 * n);
}
