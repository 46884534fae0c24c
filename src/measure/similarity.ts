/**
 * @file Correlative measures of a cell's site, to stand beside the causal ones: how alike the states of both models
 * are, whatever they do. Nothing is concluded from them; they cost a small part of a cell.
 */
import { distinctItems } from "../align/distinct.js";
import { matrix, type Matrix } from "../numeric/matrix.js";
import { i32 } from "../numeric/vector.js";
import { varies } from "../similarity/centred.js";
import { ckaName, debiasedPairs } from "../similarity/cka.js";
import { distancesOf, linearKernel } from "../similarity/kernel-matrix.js";
import { pairCosine, pairsOf, type PairVector } from "../similarity/pair-vector.js";
import { procrustes, PROCRUSTES_NAME, type PairedStates } from "../similarity/procrustes.js";
import { compareDissimilarities, rsaName } from "../similarity/rsa.js";
import type { CellInput, SideInput } from "./cell-input.js";
import type { CellSimilarity, SimilarityFigure } from "./measures.js";
import type { Site } from "./site.js";

/** Most items that are compared: pairs grow with the square. */
const TEST_ITEMS = 200;
/** Most items that Procrustes is fitted to: its decomposition grows with the cube. */
const FIT_ITEMS = 96;

/** Fewest different states of which anything is said: what debiased CKA needs. */
const FEWEST_ITEMS = 4;

/**
 * CKA and RSA over the distinct items of a cell's test trials, Procrustes from train to test items. Copies of a state
 * are left out: pairs of them agree in both models whatever the models do.
 */
export function measureSimilarity(input: CellInput, site: Site): CellSimilarity {
  const test = statesAt(input, spread(distinctInBoth(site, testItems(input)), TEST_ITEMS));
  const fit = statesAt(input, spread(distinctInBoth(site, input.train), FIT_ITEMS));
  const n = test.x.rows;
  const reason = whyUndefined([test, fit]);
  const figure = (measure: string, value: number | undefined): SimilarityFigure =>
    value === undefined
      ? { measure, n, undefinedBecause: reason ?? "all distances between states are the same" }
      : { measure, n, value };
  const geometry = reason === undefined ? compareGeometry(test) : {};
  const rotated = reason === undefined ? procrustes({ fit, test }) : undefined;
  return {
    linearCkaDebiased: figure(ckaName(), geometry.cka),
    rsa: figure(rsaName(), geometry.rsa),
    procrustes: { ...figure(PROCRUSTES_NAME, rotated), nFit: fit.x.rows },
  };
}

/** Debiased linear CKA and RSA of Euclidean distances, both from the same inner products. */
function compareGeometry({ x, y }: PairedStates): { cka?: number; rsa?: number } {
  const [k, l] = [linearKernel(x), linearKernel(y)];
  // squares of distances have the ranks of distances
  const distances = (inner: Matrix): PairVector => pairsOf(distancesOf(inner), (square) => square);
  const cka = pairCosine(debiasedPairs(k), debiasedPairs(l));
  const rsa = compareDissimilarities(distances(k), distances(l));
  return { ...(cka !== undefined && { cka }), ...(rsa !== undefined && { rsa }) };
}

function testItems({ pairs }: CellInput): Int32Array {
  const { target, source } = pairs.test;
  return Int32Array.from(new Set([...target, ...source])).sort();
}

/** Items whose states are distinct in the base, and of those the ones distinct in the tuned model. */
function distinctInBoth(site: Site, items: Int32Array): Int32Array {
  const base = distinctItems(site.states("base").normalised, items, site.grouping);
  return distinctItems(site.states("tuned").normalised, base, site.grouping);
}

/** At most `most` of the items, evenly from all of them: audits list their items by value. */
function spread(items: Int32Array, most: number): Int32Array {
  if (items.length <= most) return items;
  const step = items.length / most;
  return Int32Array.from({ length: most }, (_, i) => i32(items, Math.floor(i * step)));
}

function statesAt({ sides: { base, tuned } }: CellInput, items: Int32Array): PairedStates {
  return { x: rowsOf(base, items), y: rowsOf(tuned, items) };
}

function rowsOf({ states, dModel }: SideInput, items: Int32Array): Matrix {
  const out = matrix(items.length, dModel);
  items.forEach((item, r) => {
    out.data.set(states.subarray(item * dModel, (item + 1) * dModel), r * dModel);
  });
  return out;
}

function whyUndefined(parts: readonly PairedStates[]): string | undefined {
  if (parts.some(({ x }) => x.rows < FEWEST_ITEMS)) {
    return `fewer than ${FEWEST_ITEMS} different states in a split`;
  }
  if (!parts.every(({ x, y }) => varies(x) && varies(y))) {
    return "the states of a model do not differ between items";
  }
  return undefined;
}
