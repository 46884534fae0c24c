/**
 * @file Sub-networks by Gromov–Wasserstein distances between layers (arXiv 2410.16484): between the models and within
 * each, the blocks of consecutive layers in both, and the pairs of layers that an audit could begin with.
 */
import { matrix, takeRows, type Matrix } from "../numeric/matrix.js";
import { overMean, stateDistances } from "../similarity/distance-matrix.js";
import {
  gromovDistance,
  gromovWasserstein,
  randomPermutations,
} from "../similarity/gromov-wasserstein.js";
import { findBlocks, type LayerBlocks } from "../similarity/layer-blocks.js";
import { proposePairs, type LayerPair } from "../similarity/layer-pairs.js";
import type { Stream } from "../stats/stream.js";
import type { Side } from "./measures.js";
import { layerStates, type ModelPair, type ModelStates, type Steps } from "./layer-states.js";

/** A table by layers; `null` for layers whose states do not vary. */
type Table = (number | null)[][];

/** What was found; indices are places among the layers that were given. */
export interface SubNetworks {
  /** Prompts that the distances are over. */
  readonly n: number;
  /** Least distance found, `½ √GW` in mean distances between prompts: `[base][tuned]`. */
  readonly between: Table;
  /** The same with each prompt on itself, no less. */
  readonly paired: Table;
  /** Layers of one model, `[layer][layer]`. */
  readonly within: Readonly<Record<Side, Table>>;
  /** Blocks over the layers that vary, by their indices. */
  readonly blocks: Readonly<Record<Side, LayerBlocks>>;
  readonly pairs: readonly LayerPair[];
}

/** Most prompts: a pair of layers costs about 25 ms at 128, and 8 times that at 256. */
const MOST_PROMPTS = 128;
const RANDOM_STARTS = 2;

/** Exact name of the distances. */
export const GROMOV_NAME = `Gromov–Wasserstein, squared loss, Euclidean distances over their mean, as ½ √GW; best of ${2 + RANDOM_STARTS} starts (each prompt on itself, uniform, ${RANDOM_STARTS} random orders)`;

/**
 * Distances between all layers, blocks and pairs. The prompts are a draw of at most 128; distances within a layer are
 * computed once (n² numbers of 8 bytes per layer).
 *
 * @throws whatever `step` throws, to stop.
 */
export async function findSubNetworks({
  base,
  tuned,
  random,
  begin,
  step,
}: ModelPair & Steps & { readonly random: Stream }): Promise<SubNetworks> {
  const [first] = base.states.values();
  const all = (first?.length ?? 0) / base.dModel;
  const items = random
    .fork("items")
    .shuffle([...Array(all).keys()])
    .slice(0, MOST_PROMPTS);
  const starts = randomPermutations(items.length, RANDOM_STARTS, random.fork("starts"));
  const of = { base: distancesOf(base, items), tuned: distancesOf(tuned, items) };
  const layers = { base: [...base.states.keys()], tuned: [...tuned.states.keys()] };
  begin(2 * layers.base.length + layers.tuned.length);
  const [between, paired]: [Table, Table] = [[], []];
  for (const [i, a] of of.base.entries()) {
    const row = of.tuned.map((b) => a && b && gromovWasserstein(a, b, starts));
    between.push(row.map((found) => (found ? gromovDistance(found.value) : null)));
    paired.push(row.map((found) => (found ? gromovDistance(found.paired) : null)));
    await step(`base layer ${layers.base[i] ?? ""} to all tuned layers`);
  }
  const within = { base: [] as Table, tuned: [] as Table };
  for (const side of ["base", "tuned"] as const) {
    for (const [i, a] of of[side].entries()) {
      const before = of[side].slice(0, i).map((b) => distance(a, b, starts));
      before.forEach((value, j) => within[side][j]?.push(value));
      within[side].push([...before, a === undefined ? null : 0]);
      await step(`${side} layer ${layers[side][i] ?? ""} to those before it`);
    }
  }
  const blocks = {
    base: blocksOf(within.base, random.fork("orders of the base")),
    tuned: blocksOf(within.tuned, random.fork("orders of the tuned model")),
  };
  const pairs = proposePairs({
    ...{ layers, between, within: within.base },
    blocks: blocks.base.blocks.map(([from, to]) => varying(within.base).filter((i) => i >= from && i <= to)), // prettier-ignore
  });
  return { n: items.length, between, paired, within, blocks, pairs };
}

type Distances = Matrix | undefined;

function distancesOf(model: ModelStates, items: readonly number[]): Distances[] {
  return [...model.states.keys()].map((layer) => {
    const distances = stateDistances(takeRows(layerStates(model, layer), items));
    return distances && overMean(distances);
  });
}

function distance(a: Distances, b: Distances, starts: readonly Int32Array[]): number | null {
  return a && b ? gromovDistance(gromovWasserstein(a, b, starts).value) : null;
}

/** Indices of the layers that vary. */
function varying(within: Table): number[] {
  return [...within.keys()].filter((i) => within[i]?.[i] !== null);
}

/** Blocks of the layers that vary, as indices among all layers. */
function blocksOf(within: Table, random: Stream): LayerBlocks {
  const kept = varying(within);
  const values = kept.flatMap((i) => kept.map((j) => within[i]?.[j] ?? 0));
  const found = findBlocks(matrix(kept.length, kept.length, Float64Array.from(values)), random);
  return {
    ...found,
    blocks: found.blocks.map(([first, last]) => [kept[first] ?? 0, kept[last] ?? 0] as const),
  };
}
