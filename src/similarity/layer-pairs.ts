/** @file Which layers of two models to look at together: for each part of one model its closest layer of the other. */
import { present } from "../errors.js";

/** A pair that is proposed. */
export interface LayerPair {
  /** Index of a base layer, and of the block of the base that it stands for, where there are blocks. */
  readonly base: number;
  readonly block?: number;
  /** Index of the tuned layer. */
  readonly tuned: number;
  readonly distance: number;
}

/** How pairs are found, as every output states it. */
export const PAIR_CRITERION =
  "for each block of the base the layer of least Σ distances to the others of the block (without blocks: every base layer), " +
  "with the tuned layer at the smallest distance from it; layer 0 is left out, where a swap only asks whether the model reads its input";

/** A table of distances `[row][column]`; `null` where undefined. */
export type DistanceTable = readonly (readonly (number | null)[])[];

/**
 * Pairs of base and tuned layers at the smallest distance.
 *
 * @param layers - numbers of the layers, in the order of the tables; layer 0 is in no pair.
 */
export function proposePairs({
  layers,
  between,
  within,
  blocks,
}: {
  readonly layers: { readonly base: readonly number[]; readonly tuned: readonly number[] };
  /** `[base][tuned]`. */
  readonly between: DistanceTable;
  /** `[base][base]`. */
  readonly within: DistanceTable;
  /** Indices of the base layers of each block; empty = no blocks. */
  readonly blocks: readonly (readonly number[])[];
}): readonly LayerPair[] {
  const usable = (indices: readonly number[]): number[] =>
    indices.filter((i) => layers.base[i] !== 0);
  const chosen =
    blocks.length === 0
      ? usable([...layers.base.keys()]).map((base) => ({ base }))
      : blocks.flatMap((own, block) =>
          usable(own).length === 0 ? [] : [{ base: medoid(usable(own), within), block }],
        );
  return chosen.flatMap((pair) => {
    const known = (between[pair.base] ?? []).flatMap((distance, tuned) =>
      distance === null || layers.tuned[tuned] === 0 ? [] : [{ ...pair, tuned, distance }],
    );
    return known.length === 0 ? [] : [known.reduce((a, b) => (b.distance < a.distance ? b : a))];
  });
}

function medoid(indices: readonly number[], within: DistanceTable): number {
  const sums = indices.map((i) => indices.reduce((total, j) => total + (within[i]?.[j] ?? 0), 0));
  return present(indices[sums.indexOf(Math.min(...sums))], "layer of a block");
}
