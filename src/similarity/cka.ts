/**
 * @file Centred kernel alignment (Kornblith et al. 2019): how alike two models arrange the same items.
 * Debiased by default (HSIC₁ of Song et al. 2012, eq. 5): the plain estimate of independent states is d / (n − 1 + d).
 */
import { invariant } from "../errors.js";
import { rowRange, type Matrix } from "../numeric/matrix.js";
import { f64, joined } from "../numeric/vector.js";
import { varies } from "./centred.js";
import { linearKernel, rbfKernel, type Gram } from "./kernel-matrix.js";
import { pairCosine, pairsOf, type PairVector } from "./pair-vector.js";

/** How a CKA is estimated. */
export interface CkaOptions {
  /** @defaultValue "debiased" */
  readonly estimator?: "debiased" | "biased";
  /** @defaultValue "linear" */
  readonly kernel?: "linear" | "rbf";
  /** σ of the RBF kernel as a share of the median distance. @defaultValue 1 */
  readonly bandwidthShare?: number;
  /**
   * Most items of one kernel, at least 4, for more items than n² numbers have room for: HSIC₁ is averaged over batches, which
   * has the same expectation (Nguyen, Raghu and Kornblith 2021, arXiv 2010.15327, eq. 3). Items should stand in random
   * order. Debiased only. @defaultValue all items in one
   */
  readonly batchItems?: number;
  readonly gram?: Gram;
}

/** Fewest items of which a debiased estimate exists. */
export const DEBIASED_ITEMS = 4;

/** Name of a variant, as every output spells it. */
export function ckaName({
  kernel,
  estimator,
  bandwidthShare = 1,
  batchItems,
}: CkaOptions = {}): string {
  const bandwidth = bandwidthShare === 1 ? "the median distance" : `${bandwidthShare} × median`;
  const shape = kernel === "rbf" ? `RBF CKA (σ = ${bandwidth})` : "linear CKA";
  const batches = batchItems === undefined ? "" : `, batches of at most ${batchItems}`;
  return `${shape}, ${estimator ?? "debiased"}${batches}`;
}

/**
 * CKA of two models' states of the same items, `x` `[item, d₁]` and `y` `[item, d₂]`: 1 for the same arrangement up to
 * rotation, shift and scale, about 0 (debiased: also below) for unrelated ones.
 *
 * @returns `undefined` where one of them does not vary, or a debiased estimate has fewer than 4 items.
 */
export function cka(x: Matrix, y: Matrix, options: CkaOptions = {}): number | undefined {
  invariant(x.rows === y.rows, `CKA of ${x.rows} and ${y.rows} items`);
  if (!varies(x) || !varies(y)) return undefined;
  if (options.estimator === "biased") {
    invariant(
      options.batchItems === undefined,
      "only a debiased CKA can be put together from batches",
    );
    const [k, l] = [kernelOf(x, options), kernelOf(y, options)];
    return cosineOf(doubleCentred(k), doubleCentred(l));
  }
  const a = ckaPairs(x, options);
  const b = ckaPairs(y, options);
  return a && b && pairCosine(a, b);
}

/**
 * What debiased CKA sees of `states`: their U-centred kernel off the diagonal, of each batch. The cosine of two is their CKA.
 *
 * @returns `undefined` as {@link cka}.
 */
export function ckaPairs(states: Matrix, options: CkaOptions = {}): PairVector | undefined {
  if (states.rows < DEBIASED_ITEMS || !varies(states)) return undefined;
  const parts = batchesOf(states, options.batchItems).map((batch) => {
    const { n, values } = debiasedPairs(kernelOf(batch, options));
    const size = Math.sqrt(n * (n - 3)); // the inner product of two is then HSIC₁
    return values.map((value) => value / size);
  });
  return { n: states.rows, values: joined(parts, (length) => new Float64Array(length)) };
}

/** As few batches of equal size (up to one item) as hold no more than `most`, and no fewer than a debiased estimate needs. */
function batchesOf(states: Matrix, most = states.rows): readonly Matrix[] {
  invariant(most >= DEBIASED_ITEMS, `batches of ${most} items`);
  const n = states.rows;
  const count = Math.min(Math.ceil(n / most), Math.floor(n / DEBIASED_ITEMS));
  const edge = (i: number): number => Math.round((i * n) / count);
  return Array.from({ length: count }, (_, i) => rowRange(states, edge(i), edge(i + 1)));
}

function kernelOf(states: Matrix, { kernel, bandwidthShare = 1, gram }: CkaOptions): Matrix {
  return kernel === "rbf"
    ? rbfKernel(states, { share: bandwidthShare, ...(gram && { gram }) })
    : linearKernel(states, gram);
}

/**
 * A kernel `[n, n]` U-centred: off the diagonal `k_ij − (r_i + r_j) / (n − 2) + s / ((n − 1)(n − 2))`, r and s sums
 * without the diagonal. Then `n (n − 3) HSIC₁(k, l)` is the inner product of two such (Székely and Rizzo 2014).
 */
export function debiasedPairs(k: Matrix): PairVector {
  const n = k.rows;
  const sums = rowSums(k).map((sum, i) => sum - f64(k.data, i * n + i));
  const whole = total(sums) / ((n - 1) * (n - 2));
  return pairsOf(k, (value, i, j) => value - (f64(sums, i) + f64(sums, j)) / (n - 2) + whole);
}

/** `H k H`. */
function doubleCentred(k: Matrix): Float64Array {
  const n = k.rows;
  const sums = rowSums(k);
  const whole = total(sums) / n ** 2;
  return k.data.map((value, at) => {
    const edges = f64(sums, Math.floor(at / n)) + f64(sums, at % n);
    return value - edges / n + whole;
  });
}

function cosineOf(a: Float64Array, b: Float64Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += f64(a, i) * f64(b, i);
    aa += f64(a, i) ** 2;
    bb += f64(b, i) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

function rowSums(k: Matrix): Float64Array {
  return Float64Array.from({ length: k.rows }, (_, r) => {
    let sum = 0;
    for (let c = 0; c < k.cols; c++) sum += f64(k.data, r * k.cols + c);
    return sum;
  });
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
