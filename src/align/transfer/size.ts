/**
 * @file How much of a block is exchanged: all of it, or a soft beginning of it whose length is learned (Boundless DAS,
 * Wu et al. 2023): `mask_i = σ((boundary − i − ½) / temperature)`, sharper with time.
 */
import { f64, sum } from "../../numeric/vector.js";

/** Temperatures of the first and the last step, in coordinates: first the whole block feels the price, at last one does. */
const TEMPERATURE = { first: 2, last: 0.1 } as const;

/**
 * Loss of a direction per unit of `boundary / length of the block`, nats: what a coordinate must gain to be kept. A GRU that
 * counts keeps 5 of 16 coordinates (IIA .95), hierarchical equality 3 + 4 of 8 each (.99, 1.00), an agreement that one
 * dimension carries 3 of 8 (1.00).
 */
const SIZE_PRICE_NATS = 0.1;

/** Share `[k]` of each coordinate of a block of `length` that is exchanged. */
export function softMask(length: number, boundary: number, temperature: number): Float64Array {
  return Float64Array.from(
    { length },
    (_, i) => 1 / (1 + Math.exp((i + 0.5 - boundary) / temperature)),
  );
}

/** Longest step of a boundary, in coordinates: 16 of them are crossed in 32 of the 200 steps. */
const LONGEST_STEP = 0.5;

/** The boundary after one step against dL/d(mask) `[k]` and the price; it stays within the block. */
export function moveBoundary(
  boundary: number,
  {
    mask,
    slope,
    temperature,
  }: {
    readonly mask: Float64Array;
    readonly slope: Float64Array;
    readonly temperature: number;
  },
): number {
  const length = mask.length;
  // in units of the price of the whole block: 1 = as steep as the price
  const steep = boundarySlope(mask, slope, temperature) * (length / SIZE_PRICE_NATS) + 1;
  const step = LONGEST_STEP * Math.max(-1, Math.min(1, steep));
  return Math.min(length, Math.max(1, boundary - step));
}

/** dL/d(boundary) from dL/d(mask) `[k]`. */
export function boundarySlope(
  mask: Float64Array,
  slope: Float64Array,
  temperature: number,
): number {
  return mask.reduce((total, m, i) => total + (f64(slope, i) * m * (1 - m)) / temperature, 0);
}

/** What blocks of these sizes cost, nats, each as often as its directions weigh. */
export function sizePriceNats(
  sizes: readonly number[],
  lengths: readonly number[],
  weights: readonly number[],
): number {
  const share = (size: number, block: number): number => size / (lengths[block] ?? 1);
  return sum(
    sizes.map((size, block) => SIZE_PRICE_NATS * (weights[block] ?? 0) * share(size, block)),
  );
}

/** Temperature of step `t` of `steps`. */
export function temperatureAt(t: number, steps: number): number {
  const { first, last } = TEMPERATURE;
  return first * (last / first) ** (t / Math.max(1, steps - 1));
}

/** The size that a boundary means at last: whole coordinates, at least one. */
export function sizeAt(boundary: number, length: number): number {
  return Math.min(length, Math.max(1, Math.round(boundary)));
}
