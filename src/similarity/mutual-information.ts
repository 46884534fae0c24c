/**
 * @file Mutual information of units, from counts in quantile bins, with the bias of the plug-in estimate taken off
 * (Miller and Madow: `(bₓ − 1)(b_y − 1) / (2 n)` nats for bₓ and b_y bins in use).
 */
import { invariant } from "../errors.js";
import { matrix, type Matrix } from "../numeric/matrix.js";
import { quantileR7 } from "../numeric/quantile.js";
import { f64 } from "../numeric/vector.js";

/** Bins per unit, unless said otherwise. */
export const BINS = 10;

/** A unit in bins. */
interface Binned {
  /** `[item]`. */
  readonly bin: Uint16Array;
  /** Bins that hold an item; equal values share a bin, so that there may be fewer than were asked for. */
  readonly used: number;
}

/**
 * Mutual information (nats) of every unit of `x` `[item, d₁]` with every unit of `y` `[item, d₂]`: `[d₁, d₂]`. About 0
 * for independent units, and as often below as above, from about 10 items per bin of the joint histogram on (1,000 for
 * 10 bins); with fewer it stays too high.
 */
export function unitInformation(x: Matrix, y: Matrix, bins = BINS): Matrix {
  invariant(x.rows === y.rows, `units over ${x.rows} and ${y.rows} items`);
  const [a, b] = [binUnits(x, bins), binUnits(y, bins)];
  const out = matrix(x.cols, y.cols);
  a.forEach((one, i) => {
    b.forEach((other, j) => {
      out.data[i * y.cols + j] = information(one, other, bins);
    });
  });
  return out;
}

function binUnits(states: Matrix, bins: number): readonly Binned[] {
  return Array.from({ length: states.cols }, (_, unit) => {
    const values = Float64Array.from({ length: states.rows }, (_unused, item) =>
      f64(states.data, item * states.cols + unit),
    );
    const edges = Array.from({ length: bins - 1 }, (_unused, q) =>
      quantileR7(values, (q + 1) / bins),
    );
    const bin = Uint16Array.from(values, (value) => edges.filter((edge) => value > edge).length);
    return { bin, used: new Set(bin).size };
  });
}

function information(a: Binned, b: Binned, bins: number): number {
  const n = a.bin.length;
  const joint = new Float64Array(bins * bins);
  const [own, other] = [new Float64Array(bins), new Float64Array(bins)];
  for (let item = 0; item < n; item++) {
    const [i, j] = [a.bin[item] as number, b.bin[item] as number]; // in range by the loop's bound
    joint[i * bins + j] = f64(joint, i * bins + j) + 1;
    own[i] = f64(own, i) + 1;
    other[j] = f64(other, j) + 1;
  }
  let total = 0;
  joint.forEach((count, at) => {
    if (count === 0) return;
    const expected = f64(own, Math.floor(at / bins)) * f64(other, at % bins);
    total += (count / n) * Math.log((count * n) / expected);
  });
  return total - ((a.used - 1) * (b.used - 1)) / (2 * n);
}
