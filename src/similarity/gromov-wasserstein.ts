/**
 * @file Gromov–Wasserstein distance between two models' distances between items (Mémoli 2011; between layers: arXiv
 * 2410.16484): how well the items of one can be laid onto those of the other so that distances agree. Unlike RSA it may
 * lay an item on another one. The problem is not convex: what stands here is the best of several descents.
 */
import {
  copy,
  matrix,
  multiply,
  multiplyTransposed,
  transposedMultiply,
  type Matrix,
} from "../numeric/matrix.js";
import { dot, f64, i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { assignMost } from "./assignment.js";
import { checkDistances } from "./distance-matrix.js";

/** Where a descent began and what it came to. */
export interface GromovDescent {
  /** `paired`: each item on itself. `uniform`: every item on all. `permutation 1` …: those that were given. */
  readonly start: string;
  readonly value: number;
  readonly steps: number;
  /** Whether no step gained any more; else it was stopped. */
  readonly settled: boolean;
}

/** What was found. */
export interface GromovWasserstein {
  /** Least `Σ (a_ik − b_jl)² T_ij T_kl` found, in squares of the unit of distances: no less than the least there is. */
  readonly value: number;
  /** The same sum with each item on itself, `mean (a_ik − b_ik)²`: `value` is never above. */
  readonly paired: number;
  /** T `[item of a, item of b]`, whose rows and columns sum to 1/n. */
  readonly coupling: Matrix;
  /** `[item of a]`: the item of b that it lies on; absent where the coupling splits items. */
  readonly permutation?: Int32Array;
  /** By start; `value` is the least of them. */
  readonly descents: readonly GromovDescent[];
}

const MOST_STEPS = 1000;
/** A gain of this share of the whole is rounding: sums of n² terms, each to 2⁻⁵³. */
const NO_GAIN = 1e-13;

/** `½ √value`: a metric between sets of items with distances (Mémoli 2011, 5). */
export function gromovDistance(value: number): number {
  return Math.sqrt(value) / 2;
}

/** So many random permutations of `n` items, to start from. */
export function randomPermutations(n: number, count: number, random: Stream): Int32Array[] {
  const items = [...Array(n).keys()];
  return Array.from({ length: count }, (_, i) =>
    Int32Array.from(random.fork(String(i)).shuffle(items)),
  );
}

/**
 * GW of symmetric `a` and `b` `[item, item]`, all items of equal weight, by conditional gradient with an exact linear
 * step and exact line search (Vayer et al. 2019, algorithms 1 and 2) from `paired`, `uniform` and `permutations`.
 *
 * With S = n T the value is `mean a² + mean b² − 2 ⟨a S b, S⟩ / n²`, so a descent climbs `⟨a S b, S⟩`, and its linear
 * step is an assignment. Along couplings Euclidean distances make that convex: each step then ends in a permutation.
 *
 * @throws {@link InvariantError} for other shapes; {@link NumericsError} for numbers that are not finite.
 */
export function gromovWasserstein(
  a: Matrix,
  b: Matrix,
  permutations: readonly Int32Array[] = [],
): GromovWasserstein {
  checkDistances(a, b);
  const pair = { a, b };
  const onItself = Int32Array.from({ length: a.rows }, (_, i) => i);
  const starts: readonly (readonly [name: string, place: () => Place])[] = [
    ["paired", () => permuted(pair, onItself)],
    ["uniform", () => spread(pair)],
    ...permutations.map(
      (order, i) => [`permutation ${i + 1}`, () => permuted(pair, order)] as const,
    ),
  ];
  const found = starts.map(([start, place]) => ({ start, ...descend(pair, place()) }));
  const best = found.reduce((one, other) => (other.value < one.value ? other : one));
  const { s, permutation } = best.place;
  return {
    value: best.value,
    paired: valueOf(pair, onItself),
    coupling: { ...s, data: s.data.map((share) => share / s.rows) },
    ...(permutation && { permutation }),
    descents: found.map(({ start, value, steps, settled }) => ({ start, value, steps, settled })),
  };
}

interface Pair {
  readonly a: Matrix;
  readonly b: Matrix;
}

/** A coupling on the way. */
interface Place {
  /** n T: rows and columns sum to 1. */
  readonly s: Matrix;
  /** Where S is one. */
  readonly permutation?: Int32Array;
  /** `a S b`: half the slope of the gain. */
  readonly image: Matrix;
  /** `⟨a S b, S⟩`. */
  readonly gain: number;
}

function descend(pair: Pair, start: Place): Omit<GromovDescent, "start"> & { place: Place } {
  let place = start;
  let steps = 0;
  let settled = false;
  while (!settled && steps < MOST_STEPS) {
    const next = stepFrom(pair, place);
    settled = next === undefined;
    if (next !== undefined) {
      place = next;
      steps++;
    }
  }
  const { permutation } = place;
  const value = permutation ? valueOf(pair, permutation) : splitValue(pair, place);
  return { place, value, steps, settled };
}

/** The best place on the way to the vertex that the slope points to; `undefined` where nothing is gained. */
function stepFrom(pair: Pair, place: Place): Place | undefined {
  const { columns } = assignMost(centredBothWays(place.image));
  let cost = 0;
  columns.forEach((column, i) => {
    cost += f64(place.image.data, i * columns.length + column);
  });
  const slope = cost - place.gain;
  if (slope <= NO_GAIN * Math.abs(place.gain)) return undefined;
  const end = permuted(pair, columns, place);
  // ⟨a Δ b, Δ⟩ of Δ = V − S, where ⟨a V b, S⟩ = ⟨a S b, V⟩
  const curvature = end.gain - 2 * cost + place.gain;
  // the gain at a share t of the way is: gain + 2 t slope + t² curvature
  const share = curvature < 0 ? Math.min(1, -slope / curvature) : 1;
  return share === 1 ? end : between(place, end, share);
}

/** The same assignment in smaller numbers, which is found in about two thirds of the time. */
function centredBothWays(image: Matrix): Matrix {
  const n = image.rows;
  const ones = matrix(n, 1, new Float64Array(n).fill(1));
  const rows = multiply(image, ones);
  const columns = transposedMultiply(image, ones);
  return {
    ...image,
    data: image.data.map(
      (value, at) => value - (f64(rows.data, Math.floor(at / n)) + f64(columns.data, at % n)) / n,
    ),
  };
}

/** Items laid on items; from another permutation only those that move are worked out. */
function permuted({ a, b }: Pair, permutation: Int32Array, from?: Place): Place {
  const n = a.rows;
  const before = from?.permutation;
  const moved = [...permutation.keys()].filter((i) => before?.[i] !== permutation[i]);
  const columns = matrix(n, moved.length);
  const rows = matrix(moved.length, n);
  moved.forEach((i, at) => {
    for (let r = 0; r < n; r++) columns.data[r * moved.length + at] = f64(a.data, r * n + i);
    for (let c = 0; c < n; c++) {
      const left = before === undefined ? 0 : f64(b.data, i32(before, i) * n + c);
      rows.data[at * n + c] = f64(b.data, i32(permutation, i) * n + c) - left;
    }
  });
  const image = multiply(columns, rows, from?.permutation && copy(from.image));
  const s = matrix(n, n);
  permutation.forEach((column, i) => {
    s.data[i * n + column] = 1;
  });
  return { s, permutation, image, gain: inner(image, s) };
}

/** Every item on all. */
function spread({ a, b }: Pair): Place {
  const n = a.rows;
  const ones = matrix(n, 1, new Float64Array(n).fill(1));
  const sums = multiplyTransposed(multiply(a, ones), multiply(b, ones));
  const image = { ...sums, data: sums.data.map((value) => value / n) };
  const s = matrix(n, n, new Float64Array(n * n).fill(1 / n));
  return { s, image, gain: inner(image, s) };
}

function between(from: Place, to: Place, share: number): Place {
  const mix = (x: Matrix, y: Matrix): Matrix => ({
    ...x,
    data: x.data.map((value, at) => value + share * (f64(y.data, at) - value)),
  });
  const [s, image] = [mix(from.s, to.s), mix(from.image, to.image)];
  return { s, image, gain: inner(image, s) };
}

/** Term by term: the difference of means of {@link splitValue} would leave nothing of a value near 0. */
function valueOf({ a, b }: Pair, permutation: Int32Array): number {
  const n = a.rows;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const to = i32(permutation, i) * n;
    for (let k = 0; k < n; k++) {
      total += (f64(a.data, i * n + k) - f64(b.data, to + i32(permutation, k))) ** 2;
    }
  }
  return total / n ** 2;
}

function splitValue({ a, b }: Pair, { gain }: Place): number {
  // rounding may carry a value of 0 below it
  return Math.max(0, (inner(a, a) + inner(b, b) - 2 * gain) / a.rows ** 2);
}

function inner(x: Matrix, y: Matrix): number {
  return dot({ data: x.data, offset: 0 }, { data: y.data, offset: 0 }, x.data.length);
}
