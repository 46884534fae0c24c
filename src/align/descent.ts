/**
 * @file Descent on the Stiefel manifolds of one or more subspaces, whatever the objective: minibatches that serve several
 * steps, Adam on the tangent space, QR retraction, best validation state kept.
 */
import { NumericsError } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import type { Stream } from "../stats/stream.js";
import { createAdam, rateAt } from "./adam.js";
import type { BatchOptions, Learned, LearningOptions, LearningProblem } from "./learner.js";

/** What to descend on; `B` is a minibatch that was run through the models. */
export interface Descent<B> {
  /** Names the cell in errors. */
  readonly name: string;
  /** `[k, dModel]` each: a candidate itself (step 0). */
  readonly start: readonly Matrix[];
  /** Training pairs to draw minibatches from; any even stretch of them should be a fair sample. */
  readonly nPairs: number;
  /** Directions that each have pairs of their own in a batch. */
  readonly directions: number;
  readonly options: Omit<LearningOptions, "naturalness" | "maxRows">;
  readonly random: Stream;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: LearningProblem["onStep"];
  /** Runs the chosen training pairs, one list per direction. */
  run(subspaces: readonly Matrix[], chosen: readonly Int32Array[], step: number): Promise<B>;
  /** Loss of batches that were run at this point or before, nats, and its gradient with respect to each subspace. */
  slope(
    subspaces: readonly Matrix[],
    batches: readonly B[],
  ): { readonly loss: number; readonly gradients: readonly Matrix[] };
  /** Loss of all validation pairs, nats. */
  validate(subspaces: readonly Matrix[], step: number): Promise<number>;
}

/** Best state so far and how long nothing better came. */
interface Best {
  readonly subspaces: readonly Matrix[];
  readonly step: number;
  readonly loss: number;
  /** Loss at the last real progress. */
  readonly reference: number;
  /** Validations since then. */
  readonly stale: number;
}

/**
 * Descends until the steps are used up or validation no longer progresses.
 *
 * @throws {@link NumericsError} naming cell and step when a loss is not finite.
 */
export async function descend<B>(problem: Descent<B>): Promise<Learned> {
  const { start, options, signal } = problem;
  const { pairsPerBatch } = options;
  const optimisers = start.map(({ rows, cols }) => createAdam(rows, cols));
  const draw = minibatches(problem);
  const validate = async (at: readonly Matrix[], step: number): Promise<number> =>
    assertLoss(await problem.validate(at, step), problem, step);
  let subspaces = start;
  const validationLossNats = [await validate(subspaces, 0)];
  let best = firstBest(subspaces, validationLossNats[0] ?? NaN);
  let batches: readonly B[] = [];
  let step = 0;
  while (step < options.steps && best.stale < options.patience) {
    signal?.throwIfAborted();
    const rate = rateAt(options.learningRate, step, options.steps);
    step++;
    const fresh = batchSize(step, options);
    if (fresh > 0) {
      const batch = await problem.run(subspaces, draw(fresh * pairsPerBatch), step);
      batches = [...batches, batch].slice(-options.batchesKept);
    }
    const { loss, gradients } = problem.slope(subspaces, batches);
    assertLoss(loss, problem, step);
    subspaces = stepAll({ subspaces, gradients, optimisers, rate });
    problem.onStep?.({ step, steps: options.steps, lossNats: loss });
    if (step % options.validateEvery !== 0 && step !== options.steps) continue;
    const validation = await validate(subspaces, step);
    validationLossNats.push(validation);
    best = nextBest(best, { subspaces, step, loss: validation }, options.progress);
  }
  return { subspaces: best.subspaces, steps: step, bestStep: best.step, validationLossNats };
}

/**
 * Size of the batch that is run before a step (from 1), in `pairsPerBatch`. Where a batch serves several steps, the first
 * one is twice as large and so is one half-way to the next: learning moves fastest there.
 */
function batchSize(step: number, { stepsPerBatch }: Pick<BatchOptions, "stepsPerBatch">): number {
  const since = (step - 1) % stepsPerBatch;
  if (step > stepsPerBatch || stepsPerBatch === 1) return since === 0 ? 1 : 0;
  return since === 0 || since === Math.floor(stepsPerBatch / 2) ? 2 : 0;
}

/** Pairs per direction of the largest batch. */
export function largestBatch(learning: BatchOptions): number {
  return batchSize(1, learning) * learning.pairsPerBatch;
}

/** Pairs per direction that so many steps run through the models, and that they look at, each step's counted. */
export function countPairs(
  steps: number,
  learning: BatchOptions,
): { readonly run: number; readonly seen: number } {
  let [run, seen] = [0, 0];
  let kept: readonly number[] = [];
  for (let step = 1; step <= steps; step++) {
    const size = batchSize(step, learning) * learning.pairsPerBatch;
    if (size > 0) kept = [...kept, size].slice(-learning.batchesKept);
    run += size;
    seen += kept.reduce((a, b) => a + b, 0);
  }
  return { run, seen };
}

function stepAll({
  subspaces,
  gradients,
  optimisers,
  rate,
}: {
  subspaces: readonly Matrix[];
  gradients: readonly Matrix[];
  optimisers: readonly ReturnType<typeof createAdam>[];
  rate: number;
}): Matrix[] {
  return optimisers.map((adam, i) => {
    // one subspace and one gradient per optimiser, by construction
    return adam.step(subspaces[i] as Matrix, gradients[i] as Matrix, rate);
  });
}

function firstBest(subspaces: readonly Matrix[], loss: number): Best {
  return { subspaces, step: 0, loss, reference: loss, stale: 0 };
}

/** Keeps any better state; only a fall by the share `progress` resets the patience. */
function nextBest(
  best: Best,
  now: { subspaces: readonly Matrix[]; step: number; loss: number },
  progress: number,
): Best {
  const progressed = now.loss < best.reference * (1 - progress);
  const patience = progressed
    ? { reference: now.loss, stale: 0 }
    : { reference: best.reference, stale: best.stale + 1 };
  return now.loss < best.loss ? { ...now, ...patience } : { ...best, ...patience };
}

/**
 * Endless minibatches of pair indices for each direction: stretches of the pairs in their own order, each direction from
 * another place on, as far apart as they can be. No pair is seen twice before all were, by one direction or, for as long as
 * that is possible, by two; and the order of `trainingPairs`, in which any stretch is balanced, is kept.
 */
function minibatches({
  nPairs,
  directions,
  random,
}: Descent<unknown>): (size: number) => Int32Array[] {
  const start = random.fork("batches").int(nPairs);
  let seen = 0; // by each direction
  return (asked) => {
    const size = Math.min(asked, nPairs);
    const lists = Array.from({ length: directions }, (_, direction) => {
      const from = evenFloor(start + (direction * nPairs) / directions) + seen;
      return Int32Array.from({ length: size }, (__, i) => (from + i) % nPairs);
    });
    seen += size;
    return lists;
  };
}

/** A changed and a same pair make two. */
function evenFloor(x: number): number {
  return 2 * Math.floor(x / 2);
}

function assertLoss(loss: number, { name }: Pick<Descent<unknown>, "name">, step: number): number {
  if (Number.isFinite(loss)) return loss;
  throw new NumericsError(`loss is ${loss}`, {
    code: "NAN_LOSS",
    where: `${name}, step ${step}`,
    expected: "a finite loss",
    found: String(loss),
    hint: "check the model with `mas-audit gradcheck`; half precision may overflow",
  });
}
