/** @file What is kept of one layer's states so that it can be compared with any other layer over the same items. */
import { invariant } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";
import { varies } from "./centred.js";
import { DEBIASED_ITEMS, debiasedPairs } from "./cka.js";
import { distancesOf, linearKernel, type Gram } from "./kernel-matrix.js";
import type { LayerMeasure } from "./layer-measures.js";
import { commonNeighbours, nearest, NEIGHBOURS, type NeighbourShare } from "./mutual-neighbours.js";
import { pairsOf, type PairVector } from "./pair-vector.js";
import { rsaPairs } from "./rsa.js";

/** A list over pairs of items, brought to length 1 (float32): the inner product of two is their cosine. */
interface UnitList {
  readonly values: Float32Array;
  /** Of the list before. */
  readonly length: number;
}

/** What one layer looks like; each part absent where it was not asked for or is undefined. */
export interface Sketch {
  /** Items. */
  readonly n: number;
  /** `[n (n − 1) / 2]`, as `rsa`. */
  readonly cka?: UnitList;
  readonly rsa?: UnitList;
  /** `[n, k]`. */
  readonly neighbours?: Int32Array;
}

/** Two layers over the same items; `null` where undefined. */
export interface SketchFigures {
  /** Cosine of what debiased CKA sees of each: their CKA. */
  readonly cka: number | null;
  readonly rsa: number | null;
}

/** Sketch of `states` `[item, dModel]` for those of the measures that need one; one Gram matrix serves all. */
export function sketchLayer(
  states: Matrix,
  measures: ReadonlySet<LayerMeasure>,
  gram?: Gram,
): Sketch {
  const n = states.rows;
  const [cka, rsa] = [measures.has("cka"), measures.has("rsa")];
  const neighbours = measures.has("neighbours") && n >= NEIGHBOURS + 2;
  if (!(cka || rsa || neighbours) || n < DEBIASED_ITEMS || !varies(states)) return { n };
  const inner = linearKernel(states, gram);
  const seen = cka ? unit(debiasedPairs(inner)) : undefined;
  if (!(rsa || neighbours)) return { n, ...(seen && { cka: seen }) };
  const squares = distancesOf(inner);
  const ranked = rsa ? unit(ranksOf(squares)) : undefined;
  return {
    n,
    ...(seen && { cka: seen }),
    ...(ranked && { rsa: ranked }),
    ...(neighbours && { neighbours: nearest(squares, NEIGHBOURS) }),
  };
}

/** Squares of distances have the ranks of distances. */
function ranksOf(squares: Matrix): PairVector {
  return rsaPairs(
    pairsOf(squares, (square) => square),
    "spearman",
  );
}

function unit({ values }: PairVector): UnitList | undefined {
  let square = 0;
  for (const value of values) square += value * value;
  const length = Math.sqrt(square);
  if (!(length > 0)) return undefined;
  const out = new Float32Array(values.length);
  // not `Float32Array.from`, which takes 50 times as long for a million numbers
  for (let i = 0; i < out.length; i++) out[i] = f64(values, i) / length;
  return { values: out, length };
}

/** `√HSIC₁` of a layer with itself (Song et al. 2012, eq. 5); 0 where its states do not vary. */
export function ownHsicRoot({ n, cka }: Sketch): number {
  return cka === undefined ? 0 : cka.length / Math.sqrt(n * (n - 3));
}

/** CKA and RSA of two layers. */
export function compareSketches(a: Sketch, b: Sketch): SketchFigures {
  return { cka: cosine(a.cka, b.cka), rsa: cosine(a.rsa, b.rsa) };
}

/** Mutual neighbours of two layers; `undefined` where one of them has none. */
export function sharedNeighbours(a: Sketch, b: Sketch): NeighbourShare | undefined {
  return a.neighbours && b.neighbours && commonNeighbours(a.neighbours, b.neighbours, NEIGHBOURS);
}

function cosine(a: UnitList | undefined, b: UnitList | undefined): number | null {
  return a === undefined || b === undefined ? null : inner(a.values, b.values);
}

function inner(a: Float32Array, b: Float32Array): number {
  invariant(a.length === b.length, "layers over different items");
  let [even, odd] = [0, 0];
  for (let i = 0; i + 1 < a.length; i += 2) {
    even += (a[i] as number) * (b[i] as number); // in range by the loop's bound, as below
    odd += (a[i + 1] as number) * (b[i + 1] as number);
  }
  if (a.length % 2 === 1) even += (a[a.length - 1] as number) * (b[a.length - 1] as number);
  return even + odd;
}
