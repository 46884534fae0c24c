/**
 * @file Blocks of consecutive layers that are closer to each other than to the rest (arXiv 2410.16484 reads them off the
 * picture of Gromov–Wasserstein distances; the criterion here is our own). The best contiguous partition is exact
 * (Fisher 1958); whether it is one is asked of the same layers in random order, and of a steady drift.
 */
import { matrix, type Matrix } from "../numeric/matrix.js";
import { f64 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { MOST_BLOCKS, partitions, squaresOf, type Partition } from "./contiguous-partition.js";

/** What was found among the layers of one model. */
export interface LayerBlocks {
  /** First and last index of each block, in order; empty where there are none. */
  readonly blocks: readonly (readonly [first: number, last: number])[];
  /** Why there are none; absent where there are. */
  readonly reason?: string;
  /** Share of random orders whose best partition stands out as much; absent where nothing was asked. */
  readonly p?: number;
  /** How much tighter the best partition is than those of random orders with as many blocks, −∞ to 1. */
  readonly tighter?: number;
  /** Mean distance of neighbours across boundaries over that inside blocks; absent where the latter is 0. */
  readonly stepRatio?: number;
}

const ORDERS = 999;
const MOST_P = 0.05;
const LEAST_TIGHTER = 0.1;
const LEAST_STEP = 1.5;
/** Of six, 1 order in 15 at least is as good as three blocks of two: the same blocks in another order. */
const FEWEST_LAYERS = 7;

/** The criterion in words, as every output states it. */
export const BLOCK_CRITERION =
  `contiguous partition into 2 to ${MOST_BLOCKS} blocks (at most half as many as layers) of least Σ d² within blocks over block size; ` +
  `as many blocks as stand out most from ${ORDERS} random orders of the layers; kept where p ≤ ${MOST_P} (largest excess over all numbers of blocks), ` +
  `at least ${100 * LEAST_TIGHTER} % tighter than random orders, and neighbours across boundaries at least ${LEAST_STEP} × as far apart as inside (a steady drift has no blocks)`;

/** Finds the blocks of layers by their `distances` `[layer, layer]`, symmetric, in the order of the model. */
export function findBlocks(distances: Matrix, random: Stream): LayerBlocks {
  const m = distances.rows;
  if (m < FEWEST_LAYERS) return none(`fewer than ${FEWEST_LAYERS} layers to find blocks in`);
  const squares = squaresOf(distances);
  const found = partitions(squares);
  const whole = found[0]?.cost ?? 0;
  if (whole === 0) return none("the layers do not differ");
  const order = [...Array(m).keys()];
  const shuffled = Array.from({ length: ORDERS }, (_, i) =>
    partitions(reordered(squares, random.fork(String(i)).shuffle(order))).map(({ cost }) => cost),
  );
  const expected = found.map((_, k) => mean(shuffled.map((costs) => costs[k] ?? 0)));
  const excess = (costs: readonly number[]): number[] =>
    costs.map((cost, k) => ((expected[k] ?? 0) - cost) / whole);
  const own = excess(found.map(({ cost }) => cost));
  const most = Math.max(...own.slice(1));
  // an order that is the own one, or its mirror image, stands out as much up to rounding
  const asMuch = shuffled.filter((costs) => Math.max(...excess(costs).slice(1)) >= most - 1e-12);
  const at = own.indexOf(most, 1);
  const best = found[at];
  if (best === undefined) return none("the layers do not differ");
  return judged(distances, best, {
    p: (1 + asMuch.length) / (1 + ORDERS),
    tighter: 1 - best.cost / (expected[at] ?? 0),
  });
}

function judged(
  distances: Matrix,
  { blocks }: Partition,
  { p, tighter }: { readonly p: number; readonly tighter: number },
): LayerBlocks {
  const { stepRatio, ...steps } = stepsOf(distances, blocks);
  const figures = { p, tighter, ...(stepRatio !== undefined && { stepRatio }) };
  const refused = (reason: string): LayerBlocks => ({ blocks: [], reason, ...figures });
  if (p > MOST_P) return refused("layers in random order form blocks as good");
  if (tighter < LEAST_TIGHTER) return refused("hardly tighter than layers in random order");
  if (steps.across < LEAST_STEP * steps.inside)
    return refused("a steady drift, without boundaries");
  return { blocks, ...figures };
}

/** Mean distances of neighbouring layers. */
function stepsOf(
  distances: Matrix,
  blocks: Partition["blocks"],
): { readonly inside: number; readonly across: number; readonly stepRatio?: number } {
  const firsts = new Set(blocks.map(([first]) => first));
  const next = Array.from({ length: distances.rows - 1 }, (_, i) => i + 1);
  const step = (to: number): number => f64(distances.data, (to - 1) * distances.cols + to);
  const inside = mean(next.filter((to) => !firsts.has(to)).map(step));
  const across = mean(next.filter((to) => firsts.has(to)).map(step));
  return { inside, across, ...(inside > 0 && { stepRatio: across / inside }) };
}

function none(reason: string): LayerBlocks {
  return { blocks: [], reason };
}

function reordered({ rows: m, data }: Matrix, order: readonly number[]): Matrix {
  const out = matrix(m, m);
  order.forEach((from, i) => {
    order.forEach((with_, j) => {
      out.data[i * m + j] = f64(data, from * m + with_);
    });
  });
  return out;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
