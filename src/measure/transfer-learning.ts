/**
 * @file Maps of any form learned for a cell: its pairs as a transfer problem, with the penalty on unnatural states that
 * rotations are learned with.
 */
import { continueRows, differentiateRows, type CallOptions } from "../align/continuation-calls.js";
import { pairsOfOneStep, type LearningOptions } from "../align/learner.js";
import type { AlignmentMap } from "../align/maps/alignment-map.js";
import { learnMaps, totalWeight } from "../align/transfer/learn.js";
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
import { cellName, type CellProgress } from "./cell-input.js";
import type { TableContext } from "./controls.js";
import { distinct } from "./interventions.js";
import type { MethodLearning } from "./map-choice.js";
import type { Side } from "./measures.js";
import type { LabelledPairs } from "./table-run.js";
import {
  ownMask,
  PLACES,
  rangesOf,
  startOf,
  trialParts,
  type StartParts,
  type TrialPart,
} from "./trial-parts.js";
import { argmaxRows } from "./trial-runner.js";

/** One learning and its budget. */
export interface TransferParts extends StartParts {
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
  const list = trialParts(context, learning);
  const problem: TransferProblem = {
    ...{ form, learnsSize, rest: learning.rest, blocks: rangesOf(context) },
    models: models.map((side) => modelOf(context, side, { parts, list })),
    directions: list.flatMap((part) => directionsOf(context, learning, part)),
    options: {
      ...TRANSFER_DEFAULTS,
      steps: options.steps,
      rate: options.learningRate,
      batch: pairsOfOneStep(options),
      validateEvery: options.validateEvery,
      patience: options.patience,
    },
    random: parts.random,
    signal: input.signal,
    onStep: ({ lossNats, ...report }) =>
      input.onProgress?.({
        ...{ table: context.run.table, phase: parts.phase },
        ...{ ...report, lossNats: lossNats / weight },
      }),
  };
  const weight = totalWeight(problem);
  const { maps, sizes, steps, bestStep, validationLossNats } = await learnMaps(problem);
  const mask = context.blocks === undefined ? maps.masks[0] : ownMask(context.blocks, context);
  const isMasked = learnsSize || context.blocks !== undefined;
  const learned = models.map((side, i): [Side, AlignmentMap] => {
    const parameters = present(maps.parameters[i], `map of ${side}`);
    return [side, { form, parameters, ...(isMasked && mask && { mask }) }];
  });
  return {
    maps: Object.fromEntries(learned),
    ...(learnsSize && { size: present(sizes[0], "size") }),
    ...{ steps, bestStep },
    // a mean over directions, as rotations are learned by
    validationLossNats: validationLossNats.map((loss) => loss / weight),
  };
}

function modelOf(
  context: TableContext,
  side: Side,
  { parts, list }: { readonly parts: TransferParts; readonly list: readonly TrialPart[] },
): TransferModel {
  const { input, site, run } = context;
  const { learning, phase, options } = parts;
  const { normalisation } = site.states(side);
  const isTarget = learning.targets.includes(side);
  // with the rest of a state dropped nothing lies near natural ones: stitching is learned without the penalty
  const isWeighed = isTarget && learning.rest === "kept" && options.naturalness > 0;
  const natural = isWeighed ? site.natural(side) : undefined;
  const unit = (pairs: LabelledPairs): number =>
    present(natural, "natural states").unit(distinct(pairs.target));
  return {
    name: side,
    ...normalisation,
    start: startOf(context, side, parts),
    behaviour: behaviourOf(
      input.sides[side].continuation,
      {
        items: joinTrials(list, ({ target }) => target),
        labels: joinTrials(list, ({ label }) => label[side]),
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

function joinTrials(
  list: readonly TrialPart[],
  of: (pairs: LabelledPairs) => Int32Array,
): Int32Array {
  return Int32Array.from(
    list.flatMap(({ pairs }) => PLACES.flatMap((split) => [...of(pairs[split])])),
  );
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

/**
 * The directions of one exchange between the models into those that are patched; the null block within a model only. Those
 * of no weight are left out.
 */
function directionsOf(
  { site, run }: TableContext,
  { models, targets, weight }: MethodLearning,
  { exchanges, pairs, alive, first }: TrialPart,
): TransferDirection[] {
  return models.flatMap((target, t) =>
    models.flatMap((source, s): TransferDirection[] => {
      const own = weight(s, t);
      const isMet = alive.includes(source) && alive.includes(target) && targets.includes(target);
      if (!isMet || own.behaviour + own.latent === 0) return [];
      if (exchanges === "rest" && s !== t) return [];
      const [into, from] = [site.states(target).normalised, site.states(source).normalised];
      const { means } = site.natural(target);
      const setOf = (of: LabelledPairs, at: number): ExchangeSet =>
        exchangeSet(of, { first: at, into, from, means });
      const none: LabelledPairs = { ...run.test, target: EMPTY, source: EMPTY, group: EMPTY };
      return [
        {
          ...{ source: s, target: t, exchanges, weight: own },
          sets: {
            train: setOf(pairs.train, first),
            validation: setOf(pairs.validation, first + pairs.train.target.length),
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
