/**
 * @file Numbers that `test/bench/peers/similarity_reference.py` draws as well: xorshift32, bit for bit the same.
 */
import { matrix, multiply, type Matrix } from "../../src/numeric/matrix.js";

/** Uniform in [0, 1). */
export function draws(seed: number, count: number): Float64Array {
  let s = seed;
  return Float64Array.from({ length: count }, () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) / 4294967296;
  });
}

/** About normal: three uniforms, centred. */
export function noise(seed: number, rows: number, cols: number): Matrix {
  const u = draws(seed, 3 * rows * cols);
  return matrix(
    rows,
    cols,
    Float64Array.from(
      { length: rows * cols },
      (_, i) => u[3 * i]! + u[3 * i + 1]! + u[3 * i + 2]! - 1.5,
    ),
  );
}

/** Two views `[n, d₁]`, `[n, d₂]` of three shared factors, with own noise and own means. */
export function pairOfViews({
  seed,
  n,
  d1,
  d2,
}: {
  readonly seed: number;
  readonly n: number;
  readonly d1: number;
  readonly d2: number;
}): { readonly x: Matrix; readonly y: Matrix } {
  const z = noise(seed, n, 3);
  const view = (first: number, d: number): Matrix => {
    const own = noise(first + 1, n, d);
    const mean = noise(first + 2, 1, d);
    return matrix(
      n,
      d,
      multiply(z, noise(first, 3, d)).data.map(
        (value, i) => value + 0.5 * own.data[i]! + 3 * mean.data[i % d]!,
      ),
    );
  };
  return { x: view(seed + 1, d1), y: view(seed + 4, d2) };
}

/** Standard normal `[rows, cols]` numbers of a stream. */
export function gaussian(draw: { normal: () => number }, rows: number, cols: number): Matrix {
  return matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, () => draw.normal()),
  );
}
