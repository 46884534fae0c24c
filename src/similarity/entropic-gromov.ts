/**
 * @file Gromov–Wasserstein with a price on certainty (Peyré, Cuturi and Solomon 2016): `value − ε H(T)`, H the entropy of
 * the coupling. Smoother in its inputs than the exact one, and above it: no coupling with entropy is a permutation.
 */
import { matrix, multiply, type Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";
import { checkDistances } from "./distance-matrix.js";

/** What was found. */
export interface EntropicGromov {
  /** `Σ (a_ik − b_jl)² T_ij T_kl` at T, without the entropy. */
  readonly value: number;
  /** T `[item of a, item of b]`; its rows and columns sum to 1/n, within 1e-10 of that where it settled. */
  readonly coupling: Matrix;
  readonly rounds: number;
  /** Whether the margins hold and the last round moved no element of n T by more than 1e-9; else it was stopped. */
  readonly settled: boolean;
}

/** How it is looked for. */
export interface EntropicOptions {
  /** Price ε of certainty, in squares of the unit of distances; above 0. */
  readonly price: number;
  /** Coupling to begin with. @defaultValue every item on all */
  readonly start?: Matrix;
}

const MOST_ROUNDS = 2000;
const MOST_SWEEPS = 2000;
const SETTLED = 1e-9;
const MARGIN = 1e-10;

/**
 * Entropic GW of symmetric `a` and `b` `[item, item]`, all items of equal weight. Each round is entropic transport at
 * the slope of the last (Peyré et al. 2016, proposition 2 and equation 8 at step 1/ε), by Sinkhorn on logarithms.
 *
 * @throws {@link InvariantError} for other shapes; {@link NumericsError} for numbers that are not finite.
 */
export function entropicGromov(
  a: Matrix,
  b: Matrix,
  { price, start }: EntropicOptions,
): EntropicGromov {
  checkDistances(a, b);
  const n = a.rows;
  let coupling = start ?? matrix(n, n, new Float64Array(n * n).fill(1 / n ** 2));
  const potentials = new Float64Array(n); // those of the last round are near those of the next
  let rounds = 0;
  let settled = false;
  while (!settled && rounds < MOST_ROUNDS) {
    const { next, isEven } = transport(multiply(multiply(a, coupling), b), { price, potentials });
    const moved = next.data.reduce(
      (most, share, at) => Math.max(most, Math.abs(share - f64(coupling.data, at))),
      0,
    );
    coupling = next;
    rounds++;
    settled = isEven && moved * n <= SETTLED;
  }
  return { value: lossAt({ a, b }, coupling), coupling, rounds, settled };
}

/** Transport of most `4 ⟨image, T⟩ + ε H(T)`: what of the slope is the same along a row or column plays no part. */
function transport(
  image: Matrix,
  { price, potentials }: { readonly price: number; readonly potentials: Float64Array },
): { readonly next: Matrix; readonly isEven: boolean } {
  const n = image.rows;
  const gain = image.data.map((value) => (4 * value) / price);
  const rows = new Float64Array(n);
  let isEven = false;
  for (let sweep = 0; !isEven && sweep < MOST_SWEEPS; sweep++) {
    for (let i = 0; i < n; i++) {
      rows[i] = -logSum(n, (j) => f64(gain, i * n + j) + f64(potentials, j));
    }
    let off = 0;
    for (let j = 0; j < n; j++) {
      const next = -logSum(n, (i) => f64(gain, i * n + j) + f64(rows, i));
      off = Math.max(off, Math.abs(next - f64(potentials, j))); // of the logarithm of a column's sum
      potentials[j] = next;
    }
    isEven = off <= MARGIN;
  }
  const shares = gain.map(
    (value, at) => Math.exp(value + f64(rows, Math.floor(at / n)) + f64(potentials, at % n)) / n,
  );
  return { next: matrix(n, n, shares), isEven };
}

/** `log Σ exp(term)`, about the greatest term, so that none overflows. */
function logSum(n: number, term: (i: number) => number): number {
  let most = -Infinity;
  for (let i = 0; i < n; i++) most = Math.max(most, term(i));
  let total = 0;
  for (let i = 0; i < n; i++) total += Math.exp(term(i) - most);
  return most + Math.log(total);
}

/** `Σ a² p p + Σ b² q q − 2 ⟨a T b, T⟩` of T's own margins p and q. */
function lossAt({ a, b }: { readonly a: Matrix; readonly b: Matrix }, coupling: Matrix): number {
  const n = a.rows;
  const image = multiply(multiply(a, coupling), b);
  let total = 0;
  for (let at = 0; at < n * n; at++) {
    total += (f64(a.data, at) ** 2 + f64(b.data, at) ** 2) / n ** 2;
    total -= 2 * f64(image.data, at) * f64(coupling.data, at);
  }
  return total;
}
