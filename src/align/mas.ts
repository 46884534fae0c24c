/**
 * @file The default learner: minibatches through all directions, Adam on the tangent space, QR retraction, best
 * validation state kept. One model alone is DAS; two are Model Alignment Search.
 */
import { NumericsError } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { createAdam, rateAt } from "./adam.js";
import type { CallOptions } from "./continuation-calls.js";
import type { Learned, Learner, LearningProblem } from "./learner.js";
import { gradientAt, lossAt, type Point } from "./objective.js";

/** Learner on typed arrays; see {@link Learner}. */
export const masLearner: Learner = { name: "mas", learn };

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

async function learn(problem: LearningProblem): Promise<Learned> {
  const { models, options, signal } = problem;
  const optimisers = models.map(({ start }) => createAdam(start.rows, start.cols));
  const nextBatch = minibatches(problem);
  let subspaces: readonly Matrix[] = models.map(({ start }) => start);
  const validationLossNats = [await validate(problem, subspaces, 0)];
  let best = firstBest(subspaces, validationLossNats[0] ?? NaN);
  let step = 0;
  while (step < options.steps && best.stale < options.patience) {
    signal?.throwIfAborted();
    const rate = rateAt(options.learningRate, step, options.steps);
    const batch = { split: "train", pairs: problem.pairs.train, chosen: nextBatch() } as const;
    step++;
    const { loss, gradients } = await gradientAt(
      { models, subspaces },
      batch,
      calls(problem, step),
    );
    assertLoss(loss, problem, step);
    subspaces = stepAll({ subspaces, gradients, optimisers, rate });
    problem.onStep?.({ step, steps: options.steps, lossNats: loss });
    if (step % options.validateEvery !== 0 && step !== options.steps) continue;
    const validation = await validate(problem, subspaces, step);
    validationLossNats.push(validation);
    best = nextBest(best, { subspaces, step, loss: validation }, options.progress);
  }
  return { subspaces: best.subspaces, steps: step, bestStep: best.step, validationLossNats };
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

async function validate(
  problem: LearningProblem,
  subspaces: Point["subspaces"],
  step: number,
): Promise<number> {
  const pairs = problem.pairs.validation;
  const chosen = Int32Array.from(pairs.target.keys());
  const loss = await lossAt(
    { models: problem.models, subspaces },
    { split: "validation", pairs, chosen },
    calls(problem, step),
  );
  return assertLoss(loss, problem, step);
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

function calls(
  { name, options, signal }: LearningProblem,
  step: number,
): CallOptions & { naturalness: number } {
  const { maxRows, naturalness } = options;
  return { maxRows, naturalness, where: `${name}, step ${step}`, signal };
}

/** Endless minibatches of pair indices: each epoch visits every pair once, in a fresh order. */
function minibatches({ pairs, options, random }: LearningProblem): () => Int32Array {
  const order = random.fork("batches");
  const all = [...pairs.train.target.keys()];
  const size = Math.min(options.pairsPerStep, all.length);
  let queue: number[] = [];
  return () => {
    if (queue.length < size) queue = queue.concat(order.shuffle(all));
    const batch = Int32Array.from(queue.slice(0, size));
    queue = queue.slice(size);
    return batch;
  };
}

function assertLoss(loss: number, { name }: LearningProblem, step: number): number {
  if (Number.isFinite(loss)) return loss;
  throw new NumericsError(`loss is ${loss}`, {
    code: "NAN_LOSS",
    where: `${name}, step ${step}`,
    expected: "a finite loss",
    found: String(loss),
    hint: "check the model with `mas-audit gradcheck`; half precision may overflow",
  });
}
