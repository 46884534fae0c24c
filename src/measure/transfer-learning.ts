/**
 * @file Maps of any form learned for a cell: its pairs as a transfer problem, with the penalty on unnatural states that
 * rotations are learned with.
 */
import { continueRows, differentiateRows, type CallOptions } from "../align/continuation-calls.js";
import type { LearningOptions } from "../align/learner.js";
import type { AlignmentMap } from "../align/maps/alignment-map.js";
import { learnMaps } from "../align/transfer/learn.js";
import {
  TRANSFER_DEFAULTS,
  type Behaviour,
  type ExchangeSet,
  type TransferDirection,
  type TransferModel,
  type TransferProblem,
} from "../align/transfer/problem.js";
import { invariant, present } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { f32, i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { cellName, type CellProgress } from "./cell-input.js";
import type { TableContext } from "./controls.js";
import { distinct, type Subspaces } from "./interventions.js";
import type { MethodLearning } from "./map-choice.js";
import type { Side } from "./measures.js";
import type { LabelledPairs } from "./table-run.js";
import { argmaxRows } from "./trial-runner.js";

/** One learning and its budget. */
export interface TransferParts {
  readonly learning: MethodLearning;
  readonly start: Subspaces;
  readonly random: Stream;
  readonly phase: CellProgress["phase"];
  readonly options: LearningOptions;
}

/** What was learned. */
export interface LearnedTransfer {
  readonly maps: Readonly<Partial<Record<Side, AlignmentMap>>>;
  /** Coordinates that are exchanged, where their number was learned. */
  readonly size?: number;
  readonly steps: number;
  readonly bestStep: number;
  readonly validationLossNats: readonly number[];
}

/**
 * Learns the maps of one learning of a method.
 *
 * @throws {@link NumericsError} where a loss, a gradient or a map is not finite.
 */
export async function learnTransfer(
  context: TableContext,
  parts: TransferParts,
): Promise<LearnedTransfer> {
  const { input } = context;
  const { form, learnsSize } = input.options.maps;
  const { learning, options } = parts;
  const { models } = learning;
  const k = present(parts.start[present(models[0], "a model")], "start").rows;
  const problem: TransferProblem = {
    ...{ form, learnsSize, rest: learning.rest, blocks: [[0, k]] },
    models: models.map((side) => modelOf(context, side, parts)),
    directions: directionsOf(context, learning),
    options: {
      ...TRANSFER_DEFAULTS,
      steps: options.steps,
      rate: options.learningRate,
      batch: options.pairsPerBatch,
      validateEvery: options.validateEvery,
      patience: options.patience,
    },
    random: parts.random,
    signal: input.signal,
    onStep: (report) =>
      input.onProgress?.({ table: context.run.table, phase: parts.phase, ...report }),
  };
  const { maps, sizes, steps, bestStep, validationLossNats } = await learnMaps(problem);
  const [mask] = maps.masks;
  const learned = models.map((side, i): [Side, AlignmentMap] => {
    const parameters = present(maps.parameters[i], `map of ${side}`);
    return [side, { form, parameters, ...(learnsSize && mask && { mask }) }];
  });
  return {
    maps: Object.fromEntries(learned),
    ...(learnsSize && { size: present(sizes[0], "size") }),
    ...{ steps, bestStep, validationLossNats },
  };
}

/** Trials of a target: those of the train split, then those of the validation split. */
const PLACES = ["train", "validation"] as const;

function modelOf(
  { input, site, run }: TableContext,
  side: Side,
  { learning, start, phase, options }: TransferParts,
): TransferModel {
  const { normalisation } = site.states(side);
  const isTarget = learning.targets.includes(side);
  const natural = isTarget && options.naturalness > 0 ? site.natural(side) : undefined;
  const unit = (pairs: LabelledPairs): number =>
    present(natural, "natural states").unit(distinct(pairs.target));
  return {
    name: side,
    ...normalisation,
    start: present(start[side], `start of ${side}`),
    behaviour: behaviourOf(
      input.sides[side].continuation,
      {
        items: joinSplits(run, ({ target }) => target),
        labels: joinSplits(run, ({ label }) => label[side]),
      },
      {
        maxRows: options.maxRows,
        where: `${cellName(input.key)}, ${run.table} table, ${phase}`,
        signal: input.signal,
      },
    ),
    ...(natural && {
      naturalness: {
        weight: options.naturalness,
        precision: natural.precision,
        unit: { train: unit(run.train), validation: unit(run.validation) },
      },
    }),
  };
}

function joinSplits(
  run: TableContext["run"],
  of: (pairs: LabelledPairs) => Int32Array,
): Int32Array {
  return Int32Array.from(PLACES.flatMap((split) => [...of(run[split])]));
}

/** A continuation as a transfer problem asks it; an episode is the place of a trial among `items`. */
function behaviourOf(
  continuation: TableContext["input"]["sides"][Side]["continuation"],
  trials: { readonly items: Int32Array; readonly labels: Int32Array },
  calls: CallOptions,
): Behaviour {
  const { nClasses } = continuation;
  return {
    async run({ episodes, states: patched, mode }) {
      const at = (values: Int32Array): Int32Array =>
        episodes.map((episode) => i32(values, episode));
      const [items, labels] = [at(trials.items), at(trials.labels)];
      if (mode === "slope") {
        const found = await differentiateRows(continuation, { items, patched, labels }, calls);
        const none = new Uint8Array(items.length); // a slope asks for no answers
        return {
          lossNats: Float64Array.from(found.lossNats),
          ...{ right: none, tokenShare: Float64Array.from(none), slope: found.gradient },
        };
      }
      const logProb = await continueRows(continuation, { items, patched }, calls);
      const answers = argmaxRows(logProb, nClasses);
      const right = Uint8Array.from(labels, (label, r) => (i32(answers, r) === label ? 1 : 0));
      return {
        lossNats: Float64Array.from(labels, (label, r) => -f32(logProb, r * nClasses + label)),
        ...{ right, tokenShare: Float64Array.from(right) },
      };
    },
  };
}

/** All directions between the models into those that are patched; those of no weight are left out. */
function directionsOf(
  { site, run }: TableContext,
  { models, targets, weight }: MethodLearning,
): TransferDirection[] {
  const lengths = PLACES.map((split) => run[split].target.length);
  return models.flatMap((target, t) =>
    models.flatMap((source, s): TransferDirection[] => {
      const own = weight(s, t);
      if (!targets.includes(target) || own.behaviour + own.latent === 0) return [];
      const [into, from] = [site.states(target).normalised, site.states(source).normalised];
      const { means } = site.natural(target);
      const setOf = (pairs: LabelledPairs, first: number): ExchangeSet =>
        exchangeSet(pairs, { first, into, from, means });
      const [train = 0] = lengths;
      const none: LabelledPairs = { ...run.test, target: EMPTY, source: EMPTY, group: EMPTY };
      return [
        {
          ...{ source: s, target: t, exchanges: 0, weight: own },
          sets: {
            train: setOf(run.train, 0),
            validation: setOf(run.validation, train),
            test: setOf(none, 0), // measured by the cell, with its controls
          },
        },
      ];
    }),
  );
}

const EMPTY = new Int32Array(0);

function exchangeSet(
  { target, source, group }: LabelledPairs,
  {
    first,
    into,
    from,
    means,
  }: {
    readonly first: number;
    readonly into: Matrix;
    readonly from: Matrix;
    readonly means: Matrix;
  },
): ExchangeSet {
  invariant(target.length === source.length, "a source for each target");
  return {
    episodes: Int32Array.from(target, (_, i) => first + i),
    target: { states: into, rows: target },
    source: { states: from, rows: source },
    natural: { states: means, rows: group },
    hasNatural: new Uint8Array(target.length).fill(1), // an empty group has stopped the cell before
  };
}
