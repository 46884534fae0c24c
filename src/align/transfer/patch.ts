/** @file Patched states of the trials of one direction, and the model that goes on from them. */
import { invariant, present } from "../../errors.js";
import { matrix, type Matrix } from "../../numeric/matrix.js";
import { f64 } from "../../numeric/vector.js";
import type { MapParameters } from "../maps/map.js";
import { exchange, type Exchanged } from "./exchange.js";
import {
  endStates,
  type ExchangeSet,
  type TransferDirection,
  type TransferModel,
  type TransferProblem,
} from "./problem.js";

/** Maps of all models, and how much of each block is exchanged. */
export interface Maps {
  readonly parameters: readonly MapParameters[];
  /** `[block][coordinate of the block]`. */
  readonly masks: readonly Float64Array[];
}

/** The model at `index`. */
export function modelAt(problem: TransferProblem, index: number): TransferModel {
  return present(problem.models[index], `model ${index}`);
}

/** Exchanges what `direction` exchanges, for the given trials of a set. */
export function exchangeTrials(
  problem: TransferProblem,
  direction: TransferDirection,
  {
    set,
    trials,
    maps,
  }: { readonly set: ExchangeSet; readonly trials: Int32Array; readonly maps: Maps },
): Exchanged {
  const { source, target, exchanges } = direction;
  const parametersOf = (model: number): MapParameters =>
    present(maps.parameters[model], `map of model ${model}`);
  const [from, into] = [endStates(set, "source", trials), endStates(set, "target", trials)];
  const keeper = parametersOf(target);
  const mask = wholeMask(problem, exchanges, maps);
  if (exchanges === "rest") {
    invariant(source === target, "the rest is exchanged within a model only");
    return exchange({ form: problem.form, donor: keeper, keeper, from: into, into: from, mask });
  }
  const kept = problem.rest === "kept" ? into : matrix(into.rows, into.cols);
  const donor = parametersOf(source);
  return exchange({ form: problem.form, donor, keeper, from, into: kept, mask });
}

/** Blocks whose masks say what is exchanged, and where their coordinates begin: all of them for the rest. */
export function exchangedBlocks(
  { blocks }: TransferProblem,
  exchanges: TransferDirection["exchanges"],
): readonly { readonly block: number; readonly first: number }[] {
  return blocks.flatMap(([first], block) =>
    exchanges === "rest" || exchanges === block ? [{ block, first }] : [],
  );
}

/** `[k]`: the masks of the exchanged blocks among all coordinates. */
function wholeMask(
  problem: TransferProblem,
  exchanges: TransferDirection["exchanges"],
  { masks }: Maps,
): Float64Array {
  const [, k] = present(problem.blocks.at(-1), "last block");
  const out = new Float64Array(k);
  for (const { block, first } of exchangedBlocks(problem, exchanges)) {
    out.set(present(masks[block], `mask of block ${block}`), first);
  }
  return out;
}

/** States as the model has them, `μ + σ n`: float32 `[row, d]`. */
export function asModelHas({ mean, sigma }: TransferModel, states: Matrix): Float32Array {
  return Float32Array.from(states.data, (value, i) => f64(mean, i % states.cols) + sigma * value);
}
