/** @file Learning the maps of all models together: Adam on minibatches of all directions, the best validation state kept. */
import { present } from "../../errors.js";
import { rateAt } from "../adam.js";
import { createMapOptimiser } from "../maps/optimiser.js";
import { sum } from "../../numeric/vector.js";
import type { Maps } from "./patch.js";
import type { TransferDirection, TransferProblem, TransferSplit } from "./problem.js";
import { moveBoundary, sizeAt, sizePriceNats, softMask, temperatureAt } from "./size.js";
import { lossOf, type ChosenTrials } from "./slope.js";

/** What was learned. */
export interface LearnedMaps {
  readonly maps: Maps;
  /** Size of each block: its whole range, or what was learned. */
  readonly sizes: readonly number[];
  readonly steps: number;
  /** Step of the state that was kept; 0 = the start. */
  readonly bestStep: number;
  /** At step 0 and at each validation. */
  readonly validationLossNats: readonly number[];
}

/** A share by which the validation loss must fall to count as progress; any fall is kept. */
const PROGRESS = 0.005;

/** Maps as they start: the closed form, whole blocks. */
export function startingMaps(problem: TransferProblem): Maps {
  const { form, models, random } = problem;
  return {
    parameters: models.map(({ start }, i) => form.start(start, random.fork(`start/${i}`))),
    masks: problem.blocks.map(([first, last]) => new Float64Array(last - first).fill(1)),
  };
}

/**
 * Learns the maps.
 *
 * @throws {@link NumericsError} when a loss or a map is not finite.
 */
export async function learnMaps(problem: TransferProblem): Promise<LearnedMaps> {
  const { options, form, blocks } = problem;
  const lengths = blocks.map(([first, last]) => last - first);
  const start = startingMaps(problem);
  const optimisers = start.parameters.map((own) => createMapOptimiser(form, own));
  let parameters = start.parameters;
  let boundaries = [...lengths];
  const sizes = (): number[] =>
    boundaries.map((boundary, block) =>
      problem.learnsSize ? sizeAt(boundary, present(lengths[block], "length")) : boundary,
    );
  const validation = allTrials(problem, "validation");
  const weights = blocks.map((_, block) => totalWeight(problem, block));
  const validate = async (): Promise<number> => {
    const maps = { parameters, masks: hardMasks(lengths, sizes()) };
    const found = await lossOf(problem, maps, {
      ...{ split: "validation", chosen: validation, gradient: false },
    });
    return found.lossNats + (problem.learnsSize ? sizePriceNats(sizes(), lengths, weights) : 0);
  };
  const losses = [await validate()];
  let best = { parameters, sizes: sizes(), step: 0, loss: present(losses[0], "first loss") };
  let [idle, mark] = [0, best.loss];
  const draws = createDraws(problem);
  let step = 0;
  // a size hardens over all steps: the last state is the one, and validations before it say little
  const isPatient = (): boolean => problem.learnsSize || idle < options.patience;
  while (step < options.steps && isPatient() && validation.size > 0) {
    problem.signal?.throwIfAborted();
    const temperature = temperatureAt(step, options.steps);
    const masks = problem.learnsSize
      ? boundaries.map((boundary, block) =>
          softMask(present(lengths[block], "length"), boundary, temperature),
        )
      : hardMasks(lengths, lengths);
    const {
      lossNats,
      parameters: slopes,
      masks: maskSlopes,
    } = await lossOf(
      problem,
      { parameters, masks },
      { split: "train", chosen: draws(), gradient: true },
    );
    const rates = {
      rows: rateAt(options.rate, step, options.steps),
      free: rateAt(options.freeRate, step, options.steps),
    };
    parameters = parameters.map((own, model) => {
      const gradient = present(slopes?.[model], "gradient");
      return present(optimisers[model], "optimiser").step(own, gradient, rates);
    });
    if (problem.learnsSize) {
      boundaries = boundaries.map((boundary, block) =>
        moveBoundary(boundary, {
          mask: present(masks[block], "mask"),
          // per direction, as the price is
          slope: present(maskSlopes?.[block], "slope of a mask").map(
            (x) => x / present(weights[block], "weight"),
          ),
          temperature,
        }),
      );
    }
    step++;
    problem.onStep?.({ step, steps: options.steps, lossNats });
    if (step % options.validateEvery !== 0 && step !== options.steps) continue;
    const loss = await validate();
    losses.push(loss);
    if (loss < best.loss || problem.learnsSize) best = { parameters, sizes: sizes(), step, loss };
    if (loss < mark * (1 - PROGRESS)) [mark, idle] = [loss, 0];
    else idle++;
  }
  return {
    maps: { parameters: best.parameters, masks: hardMasks(lengths, best.sizes) },
    sizes: best.sizes,
    steps: step,
    bestStep: best.step,
    validationLossNats: losses,
  };
}

function hardMasks(lengths: readonly number[], sizes: readonly number[]): Float64Array[] {
  return lengths.map((length, block) =>
    Float64Array.from({ length }, (_, i) => (i < present(sizes[block], "size") ? 1 : 0)),
  );
}

function learns({ weight }: TransferDirection): boolean {
  return weight.behaviour > 0 || weight.latent > 0;
}

/** Weights of the directions, of one block or of all: what the loss of a problem is a sum over. */
export function totalWeight({ directions }: TransferProblem, block?: number): number {
  const own = directions.filter(({ exchanges }) => block === undefined || exchanges === block);
  return sum(own.map(({ weight }) => weight.behaviour + weight.latent));
}

/** All trials of a split of the directions that are learned from. */
export function allTrials(problem: TransferProblem, split: TransferSplit): ChosenTrials {
  return new Map(
    problem.directions
      .filter(learns)
      .map((direction) => [direction, Int32Array.from(direction.sets[split].episodes.keys())]),
  );
}

/** Minibatches: each direction's train trials in shuffled rounds. */
function createDraws({ directions, options, random }: TransferProblem): () => ChosenTrials {
  const queues = directions.filter(learns).map((direction, i) => {
    const draw = random.fork(`batches/${i}`);
    const n = direction.sets.train.episodes.length;
    let queue: number[] = [];
    return (): readonly [TransferDirection, Int32Array] => {
      const size = Math.min(options.batch, n);
      while (queue.length < size) queue = [...queue, ...draw.shuffle([...Array(n).keys()])];
      return [direction, Int32Array.from(queue.splice(0, size))];
    };
  });
  return () => new Map(queues.map((next) => next()));
}
