/** @file Small networks aligned: maps learned together, and every direction measured with its controls. */
import { evaluateMaps, type Evaluation } from "../../align/transfer/evaluate.js";
import { learnMaps, startingMaps } from "../../align/transfer/learn.js";
import { asModelHas, modelAt, type Maps } from "../../align/transfer/patch.js";
import {
  earlierOf,
  endStates,
  type ExchangeSet,
  type Outcome,
  type TransferDirection,
  type TransferProblem,
} from "../../align/transfer/problem.js";
import { randomSubspace } from "../../align/stiefel.js";
import { present } from "../../errors.js";
import { i32, sum } from "../../numeric/vector.js";
import { GATE_DEFAULTS, isAlive } from "../gate.js";
import type { Count, Distance, Hits } from "../measures.js";
import type { AlignmentRequest } from "./alignment-request.js";
import { divergenceIn, type Divergence } from "./divergence.js";
import { METHODS } from "../../align/transfer/method.js";
import { setUp, type AlignmentSetUp } from "./set-up.js";
import { compareStates, type StateSimilarity } from "./similarity.js";
import type { TrialGroup } from "./trial-groups.js";

/** One network before any exchange. */
export interface NetworkMeasures {
  readonly name: string;
  readonly task: string;
  readonly d: number;
  /** Runs that it answers rightly from beginning to end. */
  readonly natural: Count;
}

/** One ordered pair of networks and what is exchanged; hits by trial, all of the same held-out trials. */
export interface DirectionMeasures {
  readonly source: number;
  readonly target: number;
  /** Place of the exchanged variable in the request; or everything outside all blocks. */
  readonly exchanges: number | "rest";
  /** Whether the maps were learned from this direction. */
  readonly isLearned: boolean;
  /** Interchange accuracy by trial: all scored tokens right, with the network's own tokens fed back. */
  readonly iia: Hits;
  /** Mean share of scored tokens that are right; has a high floor. */
  readonly tokenShare: number;
  /** How far patched states lie from natural ones; absent where these do not vary. */
  readonly divergence?: Distance;
  readonly noIntervention: Hits;
  /** The same maps with the sources permuted among the trials. */
  readonly permuted: Hits;
  /** Random subspaces of the same size. */
  readonly randomSubspace: Hits;
  /** The maps before any training. */
  readonly closedForm: Hits;
  /** Within a network only: the whole state exchanged, asked for what all variables of the source bring. */
  readonly fullSwap?: Hits;
}

/** Everything measured in one alignment. */
export interface AlignmentMeasures {
  readonly networks: readonly NetworkMeasures[];
  readonly directions: readonly DirectionMeasures[];
  /** Correlative, of pairs that read one task. */
  readonly similarities: readonly StateSimilarity[];
  /** Coordinates of each block: as asked, or as learned. */
  readonly sizes: readonly number[];
  readonly steps: number;
  readonly bestStep: number;
  readonly validationLossNats: readonly number[];
  /** The maps, one per network: parameters by name. */
  readonly maps: Maps["parameters"];
}

/**
 * Aligns networks.
 *
 * @throws {@link PlanError} and {@link NumericsError} as `setUp` and `learnMaps`.
 */
export async function alignNetworks(request: AlignmentRequest): Promise<AlignmentMeasures> {
  const made = await setUp(request);
  await request.onStage?.("swapping whole states");
  const untouched = await swapUntouched(made);
  const problem = leaveOutDead(made.problem, untouched, request);
  await request.onStage?.("learning");
  const learned = await learnMaps(problem);
  await request.onStage?.("measuring");
  const controls = {
    closed: startingMaps(problem),
    random: startingMaps(withRandomStarts(problem)),
    order: problem.random.fork("permuted"),
  };
  const divergences = made.networks.map(divergenceIn);
  const directions: DirectionMeasures[] = [];
  for (const [i, direction] of problem.directions.entries()) {
    request.signal?.throwIfAborted();
    directions.push({
      ...(await measureDirection(problem, direction, {
        ...{ maps: learned.maps, controls },
        divergence: present(divergences[direction.target], "divergence in a network"),
      })),
      ...present(untouched[i], "swaps without a map"),
    });
  }
  return {
    networks: request.networks.map(({ steps, task }, i) => {
      const { right } = present(made.networks[i], "states").targets;
      const natural = { hits: right.reduce((total, hit) => total + hit, 0), n: right.length };
      return { name: steps.network.name, task: task.id, d: steps.network.d, natural };
    }),
    directions,
    similarities: compareStates(made.networks, request.networks),
    sizes: learned.sizes,
    steps: learned.steps,
    bestStep: learned.bestStep,
    validationLossNats: learned.validationLossNats,
    maps: learned.maps.parameters,
  };
}

/** What a direction's target does to states that no map has touched. */
type Untouched = Pick<DirectionMeasures, "noIntervention" | "fullSwap">;

/** Runs the targets with their own states, once per group of trials, and with whole states of their sources. */
async function swapUntouched({
  problem,
  groups,
  wholeEpisodes,
}: AlignmentSetUp): Promise<readonly Untouched[]> {
  const known = problem.models.map(() => new Map<TrialGroup, Hits>());
  const found: Untouched[] = [];
  for (const [i, { target, sets }] of problem.directions.entries()) {
    const { test } = sets;
    const run = async (end: "source" | "target", episodes: Int32Array): Promise<Hits> => {
      const model = modelAt(problem, target);
      const all = Int32Array.from(test.episodes.keys());
      const states = asModelHas(model, endStates(test, end, all));
      const asked = { episodes, states, mode: "trial" } as const;
      return hitsOf(await model.behaviour.run(asked));
    };
    const group = present(groups[i], "group of a direction");
    const own = present(known[target], "swaps of a target");
    const noIntervention = own.get(group) ?? (await run("target", test.episodes));
    own.set(group, noIntervention);
    const whole = wholeEpisodes[i];
    const fullSwap = whole && (await run("source", whole));
    found.push({ noIntervention, ...(fullSwap && { fullSwap }) });
  }
  return found;
}

/**
 * MAS does not learn what it could only steer: a network in which even the whole state moves nothing is left out, as a
 * target and as a source (the first gate of an audit's cells). Its directions are measured all the same.
 */
function leaveOutDead(
  problem: TransferProblem,
  untouched: readonly Untouched[],
  { method }: AlignmentRequest,
): TransferProblem {
  if (!METHODS[method].isGated) return problem;
  const dead = new Set(
    problem.directions.flatMap(({ target, exchanges }, i) => {
      const { fullSwap, noIntervention } = present(untouched[i], "swaps without a map");
      if (fullSwap === undefined) return [];
      const lives = isAlive({ fullSwap, noIntervention }, GATE_DEFAULTS);
      return lives ? [] : [`${target}/${exchanges}`];
    }),
  );
  const isDead = ({ source, target, exchanges }: TransferDirection): boolean =>
    [source, target].some((model) => dead.has(`${model}/${exchanges}`));
  const weight = { behaviour: 0, latent: 0 };
  const directions = problem.directions.map((each) => (isDead(each) ? { ...each, weight } : each));
  return { ...problem, directions };
}

/** Maps that know nothing: random subspaces of the same sizes. */
function withRandomStarts(problem: TransferProblem): TransferProblem {
  const random = problem.random.fork("random subspace");
  return {
    ...problem,
    models: problem.models.map((model) => {
      const start = randomSubspace(model.start.rows, model.start.cols, random.fork(model.name));
      return { ...model, start };
    }),
  };
}

interface Controls {
  readonly closed: Maps;
  readonly random: Maps;
  readonly order: TransferProblem["random"];
}

async function measureDirection(
  problem: TransferProblem,
  direction: TransferDirection,
  {
    maps,
    controls,
    divergence,
  }: { readonly maps: Maps; readonly controls: Controls; readonly divergence: Divergence },
): Promise<Omit<DirectionMeasures, keyof Untouched>> {
  const { source, target, exchanges, weight, sets } = direction;
  const run = (own: Maps, of = direction): Promise<Evaluation> =>
    evaluateMaps(problem, own, { direction: of, split: "test" });
  const learned = await run(maps);
  const distance = divergence(learned.states, sets.test);
  const order = controls.order.fork(`${source}→${target}/${exchanges}`);
  const shuffled = permuteSources(sets.test, order);
  return {
    ...{ source, target, exchanges },
    isLearned: weight.behaviour > 0 || weight.latent > 0,
    iia: hitsOf(learned),
    tokenShare: sum(learned.tokenShare) / learned.tokenShare.length,
    ...(distance && { divergence: distance }),
    permuted: hitsOf(await run(maps, { ...direction, sets: { ...sets, test: shuffled } })),
    randomSubspace: hitsOf(await run(controls.random)),
    closedForm: hitsOf(await run(controls.closed)),
  };
}

/** Sources dealt to other trials; stepwise, to such that have as many positions. */
function permuteSources(set: ExchangeSet, random: TransferProblem["random"]): ExchangeSet {
  const { source, earlier } = set;
  const trials = [...source.rows.keys()];
  if (earlier === undefined) {
    return {
      ...set,
      source: { ...source, rows: Int32Array.from(random.shuffle([...source.rows])) },
    };
  }
  const { spans } = earlier;
  const lengthOf = (trial: number): number => i32(spans, trial + 1) - i32(spans, trial);
  const order = Int32Array.from(trials);
  for (const length of new Set(trials.map(lengthOf))) {
    const alike = trials.filter((trial) => lengthOf(trial) === length);
    random.shuffle([...alike]).forEach((from, i) => (order[present(alike[i], "trial")] = from));
  }
  const rows = order.map((trial) => i32(source.rows, trial));
  const before = earlierOf(set, order).map((at) => i32(earlier.source, at));
  return { ...set, source: { ...source, rows }, earlier: { ...earlier, source: before } };
}

function hitsOf({ right }: Outcome): Hits {
  return Array.from(right, String).join("");
}
