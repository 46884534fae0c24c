/**
 * @file Model Alignment Search on states and functions of the caller: no graph, no file, no runtime.
 *
 * Source: Grant, "Model Alignment Search" (arXiv 2501.06164); with one model it is Distributed Alignment Search (Geiger et
 * al., arXiv 2303.02536). The penalty on unnatural states, and the closed-form start, are ours.
 */
import { ownSubspace, pairSubspaces, codeAndNoise } from "../align/closed-form.js";
import type { Grouping } from "../align/grouping.js";
import {
  LEARNING_DEFAULTS,
  type Learned,
  type LearningModel,
  type LearningOptions,
  type LearningPairs,
  type LearningProblem,
} from "../align/learner.js";
import { masLearner } from "../align/mas.js";
import { fitNaturalStates } from "../align/natural-states.js";
import { normaliseStates, type SiteStates } from "../align/normalisation.js";
import { matrix, type Matrix } from "../numeric/matrix.js";
import { i32 } from "../numeric/vector.js";
import { stream, type Stream } from "../stats/stream.js";
import {
  checkAlignmentRequest,
  type AlignmentModel,
  type AlignmentPairs,
  type AlignmentRequest,
} from "./alignment-request.js";
import type { AlignedSubspace } from "./interchange.js";

/** What {@link learnAlignment} found. */
export interface Alignment {
  /** One per model, in the order of the request. */
  readonly subspaces: readonly AlignedSubspace[];
  /** Steps taken. */
  readonly steps: number;
  /** Step whose subspaces are given; 0: the start. */
  readonly bestStep: number;
  /** Validation loss at the start and at each validation, nats per row. */
  readonly validationLossNats: readonly number[];
}

/**
 * Learns one subspace of `k` dimensions per model, such that swapping its coordinates between the models (and within each)
 * swaps the behaviour. One model: what carries the variable there. Two: what carries it in both, so that each reads the
 * other's code.
 *
 * The same request gives the same result. Items that occur in `pairs.train` give the centre, the scale and the natural
 * states; no other item is learned from.
 *
 * @throws {@link PlanError} with every mistake of the request; {@link NumericsError} when a state, a loss or a gradient is
 * not finite, or natural states of a group do not vary; the signal's reason when aborted.
 *
 * @example
 * ```ts
 * const { subspaces } = await learnAlignment({
 *   models: [{ states: baseStates, continuation: base }, { states: tunedStates, continuation: tuned }],
 *   groups, // groups[i]: value of the variable in item i
 *   pairs: { train, validation },
 *   k: 1,
 * });
 * ```
 */
export async function learnAlignment(request: AlignmentRequest): Promise<Alignment> {
  checkAlignmentRequest(request);
  const prepared = prepare(request);
  const { seed = 0, signal, onStep } = request;
  const random = stream(seed, "alignment");
  const starts = startOf(request, prepared, random.fork("start"));
  const learned = await masLearner.learn({
    ...{ name: "alignment", pairs: prepared.pairs, options: optionsOf(request) },
    ...{ random: random.fork("learning"), signal, onStep },
    models: request.models.map((model, m) => target(model, m, { prepared, starts })),
  });
  return {
    subspaces: learned.subspaces.map((p, m) => show(p, prepared.states[m])),
    ...reportOf(learned),
  };
}

interface Prepared {
  readonly grouping: Grouping;
  readonly pairs: LearningProblem["pairs"];
  /** Items that are learned from. */
  readonly train: Int32Array;
  readonly states: readonly SiteStates[];
}

function prepare({ models, groups, contrast, pairs }: AlignmentRequest): Prepared {
  const nGroups = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  const grouping = { group: groups, nGroups, contrast: contrast ?? new Int32Array(nGroups) };
  const train = Int32Array.from(new Set([...pairs.train.target, ...pairs.train.source])).sort();
  const states = models.map(({ states: raw, continuation: { dModel } }) =>
    normaliseStates({ raw, dModel, train, grouping }),
  );
  const complete = (given: AlignmentPairs): LearningPairs => ({
    target: given.target,
    source: given.source,
    group: given.group ?? given.source.map((item) => i32(groups, item)),
  });
  const both = { train: complete(pairs.train), validation: complete(pairs.validation) };
  return { grouping, train, states, pairs: both };
}

function optionsOf({ options = {} }: AlignmentRequest): LearningOptions {
  return { ...LEARNING_DEFAULTS, ...options };
}

/** Subspaces to start from: the given ones, else the closed form. */
function startOf(
  { models, k }: AlignmentRequest,
  { states, train, grouping }: Prepared,
  random: Stream,
): readonly Matrix[] {
  const given = models.flatMap(({ start, continuation }) =>
    start === undefined ? [] : [matrix(k, continuation.dModel, Float64Array.from(start))],
  );
  if (given.length > 0) return given; // all of them have one, or none: checked
  const [a, b] = states.map(({ normalised }) => codeAndNoise(normalised, train, grouping));
  if (a === undefined) return [];
  return b === undefined ? [ownSubspace(a, { k, random })] : pairSubspaces(a, b, { k, random });
}

function target(
  { continuation, labels }: AlignmentModel,
  m: number,
  { prepared, starts }: { readonly prepared: Prepared; readonly starts: readonly Matrix[] },
): LearningModel {
  const { grouping, train, pairs } = prepared;
  const states = prepared.states[m] as SiteStates; // one per model
  const natural = fitNaturalStates(states.normalised, train, grouping);
  const unit = (split: LearningPairs): number =>
    natural.unit(Int32Array.from(new Set(split.target)));
  return {
    states,
    start: starts[m] as Matrix, // one per model
    target: {
      ...{ natural, continuation },
      labels: labels ?? { train: pairs.train.group, validation: pairs.validation.group },
      unit: { train: unit(pairs.train), validation: unit(pairs.validation) },
    },
  };
}

function show(p: Matrix, states: SiteStates | undefined): AlignedSubspace {
  const { mean, sigma } = (states as SiteStates).normalisation; // one per model
  return { P: Float32Array.from(p.data), k: p.rows, dModel: p.cols, mean, sigma };
}

function reportOf({ steps, bestStep, validationLossNats }: Learned): Omit<Alignment, "subspaces"> {
  return { steps, bestStep, validationLossNats };
}
