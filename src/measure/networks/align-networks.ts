/** @file Small networks aligned: maps learned together, and every direction measured with its controls. */
import { evaluateMaps } from "../../align/transfer/evaluate.js";
import { learnMaps, startingMaps } from "../../align/transfer/learn.js";
import { asModelHas, modelAt, type Maps } from "../../align/transfer/patch.js";
import type { Outcome, TransferDirection, TransferProblem } from "../../align/transfer/problem.js";
import { randomSubspace } from "../../align/stiefel.js";
import { takeRows, type Matrix } from "../../numeric/matrix.js";
import { sum } from "../../numeric/vector.js";
import { GATE_DEFAULTS, isAlive } from "../gate.js";
import type { Count, Hits } from "../measures.js";
import type { AlignmentRequest } from "./alignment-request.js";
import { METHODS } from "./method.js";
import { setUp, type AlignmentSetUp } from "./set-up.js";

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
  const problem = await leaveOutDead(made, request);
  await request.onStage?.("learning");
  const learned = await learnMaps(problem);
  await request.onStage?.("measuring");
  const controls = {
    closed: startingMaps(problem),
    random: startingMaps(withRandomStarts(problem)),
    order: problem.random.fork("permuted"),
  };
  const directions: DirectionMeasures[] = [];
  for (const [i, direction] of problem.directions.entries()) {
    request.signal?.throwIfAborted();
    const whole = made.wholeEpisodes[i];
    const parts = { maps: learned.maps, controls, ...(whole && { whole }) };
    directions.push(await measureDirection(problem, direction, parts));
  }
  return {
    networks: request.networks.map(({ task }, i) => describe(made, i, task.id)),
    directions,
    sizes: learned.sizes,
    steps: learned.steps,
    bestStep: learned.bestStep,
    validationLossNats: learned.validationLossNats,
    maps: learned.maps.parameters,
  };
}

/**
 * MAS does not learn what it could only steer: a network in which even the whole state moves nothing is left out, as a
 * target and as a source (the first gate of an audit's cells). Its directions are measured all the same.
 */
async function leaveOutDead(
  { problem, wholeEpisodes }: AlignmentSetUp,
  { method }: AlignmentRequest,
): Promise<TransferProblem> {
  if (!METHODS[method].isGated) return problem;
  const dead = new Set<string>();
  for (const [i, { target, exchanges, sets }] of problem.directions.entries()) {
    const episodes = wholeEpisodes[i];
    if (episodes === undefined || exchanges === "rest") continue;
    const { test } = sets;
    const fullSwap = hitsOf(await asTheyAre(problem, target, { states: test.source, episodes }));
    const own = { states: test.target, episodes: test.episodes };
    const noIntervention = hitsOf(await asTheyAre(problem, target, own));
    if (!isAlive({ fullSwap, noIntervention }, GATE_DEFAULTS)) dead.add(`${target}/${exchanges}`);
  }
  const isDead = ({ source, target, exchanges }: TransferDirection): boolean =>
    [source, target].some((model) => dead.has(`${model}/${exchanges}`));
  const weight = { behaviour: 0, latent: 0 };
  const directions = problem.directions.map((each) => (isDead(each) ? { ...each, weight } : each));
  return { ...problem, directions };
}

/** Answers of a network to states that no map has touched. */
function asTheyAre(
  problem: TransferProblem,
  target: number,
  { states, episodes }: { readonly states: Matrix; readonly episodes: Int32Array },
): Promise<Outcome> {
  const model = modelAt(problem, target);
  return model.behaviour.run({ episodes, states: asModelHas(model, states), gradient: false });
}

function describe({ networks }: AlignmentSetUp, index: number, task: string): NetworkMeasures {
  const own = networks[index];
  const right = own?.targets.right ?? new Uint8Array(0);
  return {
    name: own?.steps.network.name ?? "",
    task,
    d: own?.steps.network.d ?? 0,
    natural: { hits: right.reduce((total, hit) => total + hit, 0), n: right.length },
  };
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
    whole,
  }: { readonly maps: Maps; readonly controls: Controls; readonly whole?: Int32Array },
): Promise<DirectionMeasures> {
  const { source, target, exchanges, weight, sets } = direction;
  const run = (own: Maps, of = direction): Promise<Outcome> =>
    evaluateMaps(problem, own, { direction: of, split: "test" });
  const untouched = (states: Matrix, episodes: Int32Array): Promise<Outcome> =>
    asTheyAre(problem, target, { states, episodes });
  const learned = await run(maps);
  const order = controls.order.fork(`${source}→${target}/${exchanges}`);
  const permuted = order.shuffle([...sets.test.episodes.keys()]);
  const shuffled = { ...sets.test, source: takeRows(sets.test.source, permuted) };
  return {
    ...{ source, target, exchanges },
    isLearned: weight.behaviour > 0 || weight.latent > 0,
    iia: hitsOf(learned),
    tokenShare: sum(learned.tokenShare) / learned.tokenShare.length,
    noIntervention: hitsOf(await untouched(sets.test.target, sets.test.episodes)),
    permuted: hitsOf(await run(maps, { ...direction, sets: { ...sets, test: shuffled } })),
    randomSubspace: hitsOf(await run(controls.random)),
    closedForm: hitsOf(await run(controls.closed)),
    ...(whole !== undefined &&
      exchanges !== "rest" && {
        fullSwap: hitsOf(await untouched(sets.test.source, whole)),
      }),
  };
}

function hitsOf({ right }: Outcome): Hits {
  return Array.from(right, String).join("");
}
