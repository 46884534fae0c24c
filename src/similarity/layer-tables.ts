/**
 * @file All layers of one model against all layers of another, over the same items: layer × layer tables of CKA and RSA,
 * and, between two given layers, everything that is fitted on one half of the items and scored on the other.
 */
import { invariant, present } from "../errors.js";
import { rowRange, takeRows, type Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";
import { canonicalCorrelations, ccaNames } from "./canonical-correlation.js";
import { varies } from "./centred.js";
import { ckaName, DEBIASED_ITEMS, debiasedPairs } from "./cka.js";
import { distancesOf, linearKernel, type Gram } from "./kernel-matrix.js";
import { commonNeighbours, nearest, NEIGHBOURS, neighboursName } from "./mutual-neighbours.js";
import { pairsOf, type PairVector } from "./pair-vector.js";
import { procrustes, PROCRUSTES_NAME } from "./procrustes.js";
import { rsaName, rsaPairs } from "./rsa.js";

/** One figure between two layers; `value` is `null` where it is undefined (states that do not vary, too few items). */
export interface LayerFigure {
  readonly measure: string;
  readonly value: number | null;
  /** Items that it is computed on. */
  readonly n: number;
  /** Items that a map was fitted to; absent where nothing is fitted. */
  readonly nFit?: number;
  /** What unrelated states would give; absent where that is 0. */
  readonly chance?: number;
}

/** A table `[base layer, tuned layer]`; `null` as in {@link LayerFigure}. */
export interface LayerTable {
  readonly measure: string;
  readonly n: number;
  readonly values: readonly (readonly (number | null)[])[];
}

/** What one layer looks like to CKA and RSA: lists of unit length (float32), whose inner products are the figures. */
interface Sketch {
  readonly cka: Float32Array | undefined;
  readonly rsa: Float32Array | undefined;
  /** `[item, k]`; absent where there are too few items. */
  readonly neighbours: Int32Array | undefined;
}

/** Most items that maps between layers are fitted to: their decompositions grow with the cube. */
export const FIT_ITEMS = 256;

/** Sketch of `states` `[item, dModel]`; one Gram matrix serves all. */
export function sketchLayer(states: Matrix, gram?: Gram): Sketch {
  if (states.rows < DEBIASED_ITEMS || !varies(states)) {
    return { cka: undefined, rsa: undefined, neighbours: undefined };
  }
  const inner = linearKernel(states, gram);
  const squares = distancesOf(inner);
  return {
    cka: unit(debiasedPairs(inner)),
    // squares of distances have the ranks of distances
    rsa: unit(
      rsaPairs(
        pairsOf(squares, (square) => square),
        "spearman",
      ),
    ),
    neighbours: states.rows < NEIGHBOURS + 2 ? undefined : nearest(squares, NEIGHBOURS),
  };
}

function unit({ values }: PairVector): Float32Array | undefined {
  let square = 0;
  for (const value of values) square += value * value;
  const length = Math.sqrt(square);
  if (!(length > 0)) return undefined;
  const out = new Float32Array(values.length);
  // not `Float32Array.from`, which takes 50 times as long for a million numbers
  for (let i = 0; i < out.length; i++) out[i] = f64(values, i) / length;
  return out;
}

/** CKA and RSA of two layers, in this order. */
export function compareSketches(a: Sketch, b: Sketch): readonly [number | null, number | null] {
  return [inner(a.cka, b.cka), inner(a.rsa, b.rsa)];
}

function inner(a: Float32Array | undefined, b: Float32Array | undefined): number | null {
  if (a === undefined || b === undefined) return null;
  invariant(a.length === b.length, "layers over different items");
  let [even, odd] = [0, 0];
  for (let i = 0; i + 1 < a.length; i += 2) {
    even += (a[i] as number) * (b[i] as number); // in range by the loop's bound, as below
    odd += (a[i + 1] as number) * (b[i + 1] as number);
  }
  if (a.length % 2 === 1) even += (a[a.length - 1] as number) * (b[a.length - 1] as number);
  return even + odd;
}

/** Names of the tables, in the order of {@link compareSketches}. */
export const TABLE_MEASURES: readonly [string, string] = [ckaName(), rsaName()];

/**
 * Figures between two layers that are not in the tables: Procrustes, canonical correlations, mutual neighbours.
 *
 * @param order - a random order of the items: the first half (at most 256) is fitted to, the second scored.
 */
export function matchLayers(
  { x, y }: { readonly x: Matrix; readonly y: Matrix },
  { a, b, order }: { readonly a: Sketch; readonly b: Sketch; readonly order: readonly number[] },
): readonly LayerFigure[] {
  const half = Math.floor(order.length / 2);
  const [xs, ys] = [takeRows(x, order), takeRows(y, order)];
  const fitted = Math.min(half, FIT_ITEMS);
  const fit = { x: rowRange(xs, 0, fitted), y: rowRange(ys, 0, fitted) };
  const test = { x: rowRange(xs, half, xs.rows), y: rowRange(ys, half, ys.rows) };
  const enough = fitted >= DEBIASED_ITEMS;
  const correlations = enough ? canonicalCorrelations({ fit, test }) : undefined;
  const sizes = { n: test.x.rows, nFit: fitted };
  const names = ccaNames();
  const figure = (measure: string, value: number | undefined): LayerFigure => ({
    ...{ measure, value: value ?? null, ...sizes },
  });
  const shared =
    a.neighbours && b.neighbours && commonNeighbours(a.neighbours, b.neighbours, NEIGHBOURS);
  return [
    figure(PROCRUSTES_NAME, enough ? procrustes({ fit, test }) : undefined),
    figure(names.mean, correlations?.mean),
    figure(names.pwcca, correlations?.pwcca),
    {
      ...{ measure: neighboursName(), value: shared?.value ?? null, n: x.rows },
      ...(shared && { chance: shared.chance }),
    },
  ];
}

/** Tables from all pairs of figures, `[base][tuned]`. */
export function layerTables(
  pairs: readonly (readonly (readonly [number | null, number | null])[])[],
  n: number,
): readonly LayerTable[] {
  return TABLE_MEASURES.map((measure, at) => ({
    measure,
    n,
    values: pairs.map((row) => row.map((figures) => present(figures, "figures")[at] ?? null)),
  }));
}
