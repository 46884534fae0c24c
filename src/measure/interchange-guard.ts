/**
 * @file Guards on interchanges themselves: orthonormal rows, sources that bring something, states that move. A site
 * whose states are all the same (the embedding of a fixed last token) moves nothing for a good reason and passes.
 */
import type { End } from "../align/interchange.js";
import type { AlignmentMap } from "../align/maps/alignment-map.js";
import { parameter } from "../align/maps/map.js";
import { row, type Matrix } from "../numeric/matrix.js";
import { dot, f32, f64, i32 } from "../numeric/vector.js";
import { guardError } from "./guards.js";

/** Relative distance between neighbouring float64 numbers. */
const EPSILON = 2 ** -52;

/**
 * Checks P Pᵀ = I. The bound is the worst case of k Householder reflections and one inner product of d terms, one
 * rounding each: (k + 1) · d · ε, about 10⁻¹³ at d = 64 and 5·10⁻¹⁰ at d = 4096, k = 512.
 *
 * @param subspace - P, `[k, dModel]`.
 * @throws {@link NumericsError} `NOT_ORTHONORMAL` with the worst element, NaN included.
 */
export function checkOrthonormal(subspace: Matrix, where: string): void {
  const { rows: k, cols: d } = subspace;
  const bound = (k + 1) * d * EPSILON;
  let worst = { error: 0, i: 0, j: 0 };
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      const error = Math.abs(dot(row(subspace, i), row(subspace, j), d) - (i === j ? 1 : 0));
      if (error > worst.error || (Number.isNaN(error) && !Number.isNaN(worst.error))) {
        worst = { error, i, j }; // NaN stays: nothing is greater
      }
    }
  }
  if (worst.error <= bound) return;
  const { error, i, j } = worst;
  throw guardError("NOT_ORTHONORMAL", {
    where,
    found: `${error.toPrecision(3)} off at row ${i} · row ${j} of ${k}`,
    bound: `each element within ${bound.toPrecision(2)}`,
  });
}

/**
 * Checks that the sources of an interchange differ in their coordinates P n, where states of these trials differ.
 *
 * @param others - `[row]`, the targets' items, whose states tell whether the site varies at all.
 * @throws {@link NumericsError} `IDLE_INTERCHANGE` when all sources bring the same coordinates.
 */
export function checkSources(source: End, others: Int32Array, where: string): void {
  const { items, subspace, normalised } = source;
  const first = i32(items, 0);
  if (items.some((item) => !isSameImage(subspace, row(normalised, item), row(normalised, first))))
    return;
  const d = normalised.cols;
  const all = [...items, ...others];
  if (isConstant(all, d, (item, c) => f64(normalised.data, item * d + c))) return;
  throw idle(where, items.length);
}

/**
 * As {@link checkSources}, for coordinates `[row, k]` that any map gave.
 *
 * @param given - with the source model's states `[item, dModel]`, and the items of both ends.
 * @throws {@link NumericsError} `IDLE_INTERCHANGE` when all sources bring the same coordinates.
 */
export function checkCoordinates(
  given: {
    readonly coordinates: Matrix;
    readonly normalised: Matrix;
    readonly trials: { readonly target: Int32Array; readonly source: Int32Array };
  },
  where: string,
): void {
  const { coordinates, normalised, trials } = given;
  const varies = !isConstant([...trials.source.keys()], coordinates.cols, (r, c) =>
    f64(coordinates.data, r * coordinates.cols + c),
  );
  const all = [...trials.source, ...trials.target];
  const d = normalised.cols;
  if (varies || isConstant(all, d, (item, c) => f64(normalised.data, item * d + c))) return;
  throw idle(where, trials.source.length);
}

function idle(where: string, sources: number): Error {
  return guardError("IDLE_INTERCHANGE", {
    where,
    found: `the same coordinates from each of ${sources} sources`,
  });
}

/**
 * Checks P Pᵀ = I of the parameters of a map whose rows stay orthonormal.
 *
 * @throws {@link NumericsError} as {@link checkOrthonormal}.
 */
export function checkMap({ form, parameters }: AlignmentMap, where: string): void {
  for (const name of form.orthonormal) {
    checkOrthonormal(parameter(parameters, name), `${where}, ${name}`);
  }
}

function isSameImage(p: Matrix, a: Parameters<typeof dot>[0], b: typeof a): boolean {
  for (let j = 0; j < p.rows; j++) {
    if (dot(row(p, j), a, p.cols) !== dot(row(p, j), b, p.cols)) return false;
  }
  return true;
}

/** An intervention on the trials of one target model. */
export interface Patch {
  /** `[trial, dModel]`. */
  readonly patched: Float32Array;
  /** `[item, dModel]`, natural states of the target model. */
  readonly states: Float32Array;
  readonly dModel: number;
  readonly trials: { readonly target: Int32Array; readonly source: Int32Array };
}

/**
 * Checks that an intervention moves at least one state, where the states of its trials differ at all.
 *
 * @throws {@link NumericsError} `IDLE_INTERCHANGE` when h' = h to the last bit in all trials.
 */
export function checkMoved({ patched, states, dModel, trials }: Patch, where: string): void {
  const { target, source } = trials;
  const natural = (item: number, c: number): number => f32(states, item * dModel + c);
  for (let i = 0; i < patched.length; i++) {
    const item = i32(target, Math.floor(i / dModel));
    if (f32(patched, i) !== natural(item, i % dModel)) return;
  }
  if (isConstant([...target, ...source], dModel, natural)) return;
  throw guardError("IDLE_INTERCHANGE", {
    where,
    found: `the target's own state in each of ${target.length} trials`,
  });
}

function isConstant(
  items: readonly number[],
  d: number,
  at: (item: number, c: number) => number,
): boolean {
  const [first = 0] = items;
  return items.every((item) => {
    for (let c = 0; c < d; c++) if (at(item, c) !== at(first, c)) return false;
    return true;
  });
}
