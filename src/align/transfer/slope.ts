/** @file Loss and gradient of a minibatch of all directions: each target model is run once, for all that goes into it. */
import { invariant, NumericsError, present } from "../../errors.js";
import { matrix, row, rowRange, type Matrix } from "../../numeric/matrix.js";
import { axpy, f64, i32, joined, sum } from "../../numeric/vector.js";
import { zeroLike, type MapParameters } from "../maps/map.js";
import type { Exchanged } from "./exchange.js";
import { latentLoss } from "./latent-loss.js";
import { asModelHas, exchangedBlocks, exchangeTrials, modelAt, type Maps } from "./patch.js";
import { departuresFrom } from "../naturalness.js";
import { inTurn } from "../together.js";
import {
  statesOf,
  type NaturalnessWeight,
  type Outcome,
  type TransferDirection,
  type TransferProblem,
  type TransferSplit,
} from "./problem.js";

/** Trials of each direction; those of a direction that is not looked at are absent. */
export type ChosenTrials = ReadonlyMap<TransferDirection, Int32Array>;

/** A direction with its patched states. */
interface Patched {
  readonly direction: TransferDirection;
  readonly trials: Int32Array;
  readonly exchanged: Exchanged;
}

/** Loss of chosen trials: weighted, mean over the trials of each direction, summed over directions; nats. */
export interface LossAndSlope {
  readonly lossNats: number;
  /** One per model; with `gradient` only. */
  readonly parameters?: readonly MapParameters[];
  /** dL/d(mask) of each block; with `gradient` only. */
  readonly masks?: readonly Float64Array[];
}

/**
 * @throws {@link NumericsError} when a loss is not finite.
 */
export async function lossOf(
  problem: TransferProblem,
  maps: Maps,
  {
    split,
    chosen,
    gradient,
  }: { readonly split: TransferSplit; readonly chosen: ChosenTrials; readonly gradient: boolean },
): Promise<LossAndSlope> {
  const patched = [...chosen].map(([direction, trials]) => ({
    ...{ direction, trials },
    exchanged: exchangeTrials(problem, direction, { set: direction.sets[split], trials, maps }),
  }));
  const outcomes = await runTargets(problem, patched, { split, gradient });
  const parameters = maps.parameters.map(zeroLike);
  const masks = maps.masks.map((mask) => new Float64Array(mask.length));
  let total = 0;
  for (const each of patched) {
    const { loss, slope } = directionLoss(problem, each, { split, outcome: outcomes.get(each) });
    total += loss;
    if (!gradient) continue;
    const { source, target, exchanges } = each.direction;
    const into = {
      donor: present(parameters[exchanges === "rest" ? target : source], "gradient of the donor"),
      keeper: present(parameters[target], "gradient of the target"),
    };
    const maskSlope = each.exchanged.pull(slope, into);
    for (const { block, first } of exchangedBlocks(problem, exchanges)) {
      addMaskSlope(present(masks[block], "slope of a mask"), maskSlope, first);
    }
  }
  if (!Number.isFinite(total)) throw notFinite(total);
  return { lossNats: total, ...(gradient && { parameters, masks }) };
}

/** Adds the part of `maskSlope` that begins at `first`. */
function addMaskSlope(into: Float64Array, maskSlope: Float64Array, first: number): void {
  for (let i = 0; i < into.length; i++) into[i] = f64(into, i) + f64(maskSlope, first + i);
}

/** Runs each target once over all directions whose behaviour counts. */
async function runTargets(
  problem: TransferProblem,
  patched: readonly Patched[],
  { split, gradient }: { readonly split: TransferSplit; readonly gradient: boolean },
): Promise<ReadonlyMap<Patched, Outcome>> {
  const found = new Map<Patched, Outcome>();
  // each may compute on processors of its own
  const onTargets = problem.models.map((model, index) => async () => {
    const own = patched.filter(
      ({ direction }) => direction.target === index && direction.weight.behaviour > 0,
    );
    if (own.length === 0) return;
    const d = model.mean.length;
    const states = own.map(({ exchanged }) => asModelHas(model, exchanged.states));
    const places = own.map(({ trials }, i) => present(states[i], "states").subarray(0, trials.length * d)); // prettier-ignore
    const earlier = own.map(({ trials }, i) => present(states[i], "states").subarray(trials.length * d)); // prettier-ignore
    const episodes = own.map(({ direction, trials }) =>
      trials.map((trial) => i32(direction.sets[split].episodes, trial)),
    );
    const outcome = await model.behaviour.run({
      episodes: Int32Array.from(episodes.flatMap((each) => [...each])),
      states: joined([...places, ...earlier], (length) => new Float32Array(length)),
      mode: gradient ? "slope" : "loss",
    });
    const rows = places.reduce((total, each) => total + each.length, 0) / d;
    let [first, before] = [0, rows];
    own.forEach((each, i) => {
      const last = first + each.trials.length;
      const end = before + present(earlier[i], "earlier states").length / d;
      found.set(each, rowsOf(outcome, { first, last, before, end, d }));
      [first, before] = [last, end];
    });
  });
  await inTurn(onTargets);
  return found;
}

function rowsOf(
  { lossNats, right, tokenShare, slope }: Outcome,
  {
    first,
    last,
    before,
    end,
    d,
  }: {
    readonly first: number;
    readonly last: number;
    /** First and last of the earlier states. */
    readonly before: number;
    readonly end: number;
    readonly d: number;
  },
): Outcome {
  const parts = slope && [slope.subarray(first * d, last * d), slope.subarray(before * d, end * d)];
  return {
    lossNats: lossNats.subarray(first, last),
    right: right.subarray(first, last),
    tokenShare: tokenShare.subarray(first, last),
    ...(parts && { slope: joined(parts, (length) => new Float32Array(length)) }),
  };
}

function directionLoss(
  problem: TransferProblem,
  { direction, trials, exchanged }: Patched,
  { split, outcome }: { readonly split: TransferSplit; readonly outcome: Outcome | undefined },
): { readonly loss: number; readonly slope: Matrix } {
  const { behaviour, latent } = direction.weight;
  const { sigma, naturalness } = modelAt(problem, direction.target);
  const states = exchanged.states;
  const slope = matrix(states.rows, states.cols);
  let loss = 0;
  if (behaviour > 0) {
    invariant(outcome !== undefined, "a direction without answers");
    const share = behaviour / trials.length;
    loss += share * outcome.lossNats.reduce((sum, each) => sum + each, 0);
    outcome.slope?.forEach((value, i) => (slope.data[i] = share * sigma * value));
    if (naturalness !== undefined) {
      loss += share * addPenalty(slope, share, { naturalness, states, direction, trials, split });
    }
  }
  if (latent > 0) {
    const set = direction.sets[split];
    const hasNatural = Uint8Array.from(trials, (trial) => set.hasNatural[trial] ?? 0);
    const placed = rowRange(states, 0, trials.length);
    const natural = latentLoss(placed, statesOf(set.natural, trials), hasNatural);
    if (natural.n > 0) {
      const share = latent / natural.n;
      loss += share * natural.loss.reduce((sum, each) => sum + each, 0);
      axpy(share, row(natural.slope, 0), { y: row(slope, 0), n: natural.slope.data.length });
    }
  }
  return { loss, slope };
}

/** Penalty of all rows together, nats; adds `share` × its derivative to `slope`. */
function addPenalty(
  slope: Matrix,
  share: number,
  {
    naturalness: { weight, precision, unit },
    states,
    direction,
    trials,
    split,
  }: Pick<Patched, "direction" | "trials"> & {
    readonly naturalness: NaturalnessWeight;
    readonly states: Matrix;
    readonly split: TransferSplit;
  },
): number {
  invariant(split !== "test", "test trials are not learned from");
  const factor = weight / unit[split] ** 2;
  const placed = rowRange(states, 0, trials.length);
  const means = statesOf(direction.sets[split].natural, trials);
  const { squares, images } = departuresFrom(means, placed, precision);
  axpy(2 * factor * share, row(images, 0), { y: row(slope, 0), n: images.data.length });
  return factor * sum(squares);
}

function notFinite(found: number): NumericsError {
  return new NumericsError("the loss of an alignment is not finite", {
    code: "NOT_FINITE",
    expected: "finite numbers",
    found: String(found),
    hint: "choose a smaller learning rate, or the orthogonal map",
  });
}
