/** @file What maps do on the trials of one split: outcomes per direction, no opinions. */
import type { Matrix } from "../../numeric/matrix.js";
import { i32 } from "../../numeric/vector.js";
import { asModelHas, exchangeTrials, modelAt, type Maps } from "./patch.js";
import type { Outcome, TransferDirection, TransferProblem, TransferSplit } from "./problem.js";

/** Answers to patched states, and those states. */
export interface Evaluation extends Outcome {
  /** `[trial, d of the target]`, normalised. */
  readonly states: Matrix;
}

/** Answers of the target of `direction` to all trials of a split, patched by `maps`. */
export async function evaluateMaps(
  problem: TransferProblem,
  maps: Maps,
  { direction, split }: { readonly direction: TransferDirection; readonly split: TransferSplit },
): Promise<Evaluation> {
  const set = direction.sets[split];
  const trials = Int32Array.from(set.episodes.keys());
  const model = modelAt(problem, direction.target);
  const { states } = exchangeTrials(problem, direction, { set, trials, maps });
  const outcome = await model.behaviour.run({
    episodes: trials.map((trial) => i32(set.episodes, trial)),
    states: asModelHas(model, states),
    mode: "trial",
  });
  return { ...outcome, states };
}
