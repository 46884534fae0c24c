/** @file How far a network's patched states lie from its natural ones: in all coordinates at once, not one by one. */
import { distinctItems } from "../../align/distinct.js";
import { departuresFrom } from "../../align/naturalness.js";
import { fitNaturalStates } from "../../align/natural-states.js";
import { statesOf, type ExchangeSet } from "../../align/transfer/problem.js";
import { takeRows, type Matrix } from "../../numeric/matrix.js";
import { medianInterval } from "../../numeric/quantile.js";
import { i32 } from "../../numeric/vector.js";
import { Z95 } from "../interventions.js";
import type { Distance } from "../measures.js";
import type { NetworkStates } from "./network-states.js";

/** Distance of patched states `[trial, d]` of one network; absent where natural states do not vary or none compares. */
export type Divergence = (
  patched: Matrix,
  set: Pick<ExchangeSet, "natural" | "hasNatural">,
) => Distance | undefined;

/** Train states that the covariance is fitted to: its work grows with their number squared. */
const STATES = 2000;

/**
 * The yardstick of one network: Mahalanobis distance from the mean of the natural states that hold the same variables,
 * with the covariance within groups (Ledoit–Wolf), over the same median of natural states.
 */
export function divergenceIn({ states, train, grouping }: NetworkStates): Divergence {
  const rows = train.subarray(0, STATES);
  const { normalised } = states;
  const groups = new Set(rows.map((item) => i32(grouping.group, item)));
  // one state per group: nothing says how far is far
  if (distinctItems(normalised, rows, grouping).length === groups.size) return () => undefined;
  const natural = fitNaturalStates(normalised, rows, grouping);
  const unit = natural.unit(rows);
  return (patched, set) => {
    const kept = Int32Array.from(set.hasNatural.keys()).filter((i) => set.hasNatural[i] === 1);
    if (kept.length === 0) return undefined;
    const means = statesOf(set.natural, kept);
    const { squares } = departuresFrom(means, takeRows(patched, kept), natural.precision);
    const distances = Array.from(squares, Math.sqrt);
    const { median, low, high } = medianInterval(distances, Z95);
    return { ratio: median / unit, interval: [low / unit, high / unit], n: kept.length };
  };
}
