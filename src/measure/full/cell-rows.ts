/** @file How many contexts a cell of whole contexts runs through each model: a table beside the code, as `../cell-rows.ts`. */
import { countPairs } from "../../align/descent.js";
import type { BatchOptions, LearningOptions } from "../../align/learner.js";
import type { Rows } from "../cell-rows.js";
import { SIDES, type Side } from "../measures.js";
import { VALIDATION_PAIRS } from "./run.js";

/** What the rows depend on. */
export interface ContextCellSize {
  /** Test pairs. */
  readonly trials: number;
  /** @defaultValue that of every run */
  readonly validation?: number;
  readonly steps: number;
  readonly sameWidth: boolean;
  readonly learning: BatchOptions & Pick<LearningOptions, "validateEvery">;
}

/** Directions into one target in which each control is run. */
const DIRECTIONS = {
  wholeWithin: 1,
  closedForm: SIDES.length,
  learned: SIDES.length,
  permuted: SIDES.length,
  randomSubspace: 1,
} as const;

/** Contexts through one model of a cell of this size. */
export function contextRows(size: ContextCellSize, target: Side): Rows {
  const { trials, validation = VALIDATION_PAIRS, steps, sameWidth, learning } = size;
  const pairs = countPairs(steps, learning);
  const validations = 1 + Math.ceil(steps / learning.validateEvery);
  const always = Object.values(DIRECTIONS).reduce((a, b) => a + b, 0);
  const across = sameWidth ? 1 : 0;
  const oneBasis = sameWidth && target === "tuned" ? SIDES.length : 0;
  return {
    forward: (always + across + oneBasis) * trials + validations * SIDES.length * validation,
    gradient: SIDES.length * pairs.run,
    carried: SIDES.length * pairs.seen,
  };
}
