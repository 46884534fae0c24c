/**
 * @file Measures one cell of whole contexts: both models at one layer, every token but the first. Counts and divergences,
 * never opinions; the hits have the shape of any other cell, so that any verdict can read them.
 *
 * Swapping the whole state at every token is exact by construction: the target then holds all that it would hold after the
 * source text. So the first gate cannot close here, and a swap that is not exact means that the run measures
 * something else: it is stopped.
 */
import { LEARNING_DEFAULTS, type LearningOptions } from "../../align/learner.js";
import { descend } from "../../align/descent.js";
import { NumericsError, present } from "../../errors.js";
import { stream } from "../../stats/stream.js";
import { cellName } from "../cell-input.js";
import type { CellResult } from "../cell.js";
import { SIDES, type CellKey, type Learning, type Side, type Trials } from "../measures.js";
import { bySide } from "../site.js";
import { pairContexts } from "./closed-form.js";
import type { ContextContinuation } from "./context-runner.js";
import { prepareContextModel, type ContextModel } from "./context-model.js";
import { measureDistances } from "./distances.js";
import { contextGradientAt, contextLossAt } from "./objective.js";
import type { PreparedText } from "./prepared-texts.js";
import { permuteSources } from "./text-pairs.js";
import { distinctRows, takePairs, type TextPairs, type TokenRows } from "./token-rows.js";
import {
  acrossRuns,
  randomSubspaces,
  runTrials,
  subspaceRuns,
  wholeRuns,
  type TrialOutcomes,
} from "./trials.js";

/** One model at the layer of a cell. */
export interface ContextSide {
  /** `[row, dModel]`, captured states of every token but the first. */
  readonly states: Float32Array;
  readonly dModel: number;
  readonly continuation: ContextContinuation;
  /** `[item]`, natural next token. */
  readonly top: Int32Array;
  /** KL(what it says after `wanted` ‖ after `item`), nats. */
  divergence(wanted: number, item: number): number;
}

/** Pairs by split; `test` changed in both models. */
export interface ContextPairs {
  readonly train: TextPairs;
  readonly validation: TextPairs;
  readonly test: TextPairs;
}

/** Everything a cell of whole contexts is measured from. */
export interface ContextCellInput {
  readonly key: CellKey;
  readonly sides: Readonly<Record<Side, ContextSide>>;
  readonly items: readonly PreparedText[];
  readonly rows: TokenRows;
  /** Items of the train split. */
  readonly train: Int32Array;
  readonly pairs: ContextPairs;
  readonly learning: LearningOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: (report: { step: number; steps: number; lossNats: number }) => void;
}

/** Both models prepared for one cell. */
export interface ContextCell {
  readonly input: ContextCellInput;
  readonly models: Readonly<Record<Side, ContextModel>>;
}

/**
 * Defaults of learning here. Half the pairs per step of one-token cells: each brings as many rows as it has tokens.
 */
export const CONTEXT_LEARNING: LearningOptions = {
  ...LEARNING_DEFAULTS,
  pairsPerBatch: 16,
  stepsPerBatch: 1,
  batchesKept: 1,
  validateEvery: 10,
  learningRate: 0.003,
};

/** Share of the floor that an exact swap may leave: what half precision and quantised activations round. */
const EXACT_SWAP = 0.02;

/**
 * Measures one cell.
 *
 * @throws {@link NumericsError} `FULL_SWAP_INEXACT` when the whole context does not arrive, or a model returns NaN;
 * {@link PlanError} when k exceeds a width; the signal's reason when aborted.
 */
export async function measureFullBehaviour(input: ContextCellInput): Promise<CellResult> {
  const { key, sides, items, rows, train, pairs } = input;
  const fitted = distinctRows(rows, train, items);
  const models = bySide((side) => {
    const { states, dModel } = sides[side];
    return prepareContextModel({ raw: states, dModel, train: fitted });
  });
  const cell: ContextCell = { input, models };
  const random = stream(key.seed, `cell/${cellName(key)}`);
  const whole = await runTrials(cell, wholeRuns(cell));
  assertExact(whole, input);
  const [base, tuned] = pairContexts(
    models.base.states.normalised,
    models.tuned.states.normalised,
    { train: fitted, k: key.k, random: random.fork("start") },
  );
  const learned = await learn(cell, { base, tuned }, random.fork("learn"));
  const permuted = permuteSources(pairs.test, items, random.fork("permuted"));
  const outcomes = await runTrials(cell, [
    ...acrossRuns(cell),
    ...subspaceRuns(cell, "closedForm", { subspaces: { base, tuned } }),
    ...subspaceRuns(cell, "iia", { subspaces: learned.subspaces }),
    ...subspaceRuns(cell, "permuted", { subspaces: learned.subspaces, pairs: permuted }),
    ...subspaceRuns(cell, "randomSubspace", {
      subspaces: randomSubspaces(cell, random),
      only: (source, target) => source === target,
    }),
    ...(sides.base.dModel === sides.tuned.dModel
      ? subspaceRuns(cell, "frozenBasis", {
          subspaces: { base: learned.subspaces.base, tuned: learned.subspaces.base },
          only: (_, target) => target === "tuned",
        })
      : []),
  ]);
  const trials: Trials = {
    table: "causal",
    target: [...pairs.test.target],
    source: [...pairs.test.source],
    // trials are changed pairs: the natural answer is never the counterfactual one
    noIntervention: bySide(() => "0".repeat(pairs.test.target.length)),
    ...outcomes.hits,
    fullSwap: { ...whole.hits.fullSwap, ...outcomes.hits.fullSwap },
  };
  const { floorNats, nats, removedShare } = outcomes;
  return {
    measures: {
      cell: key,
      dModel: bySide((side) => sides[side].dModel),
      trials: [trials],
      learning: learned.learning,
      divergence: {
        floorNats,
        nats: { ...nats, fullSwap: { ...whole.nats.fullSwap, ...nats.fullSwap } },
        removedShare: {
          ...removedShare,
          fullSwap: { ...whole.removedShare.fullSwap, ...removedShare.fullSwap },
        },
      },
    },
    tensors: tensorsOf(cell, learned.subspaces),
  };
}

type BothSubspaces = Parameters<typeof subspaceRuns>[2]["subspaces"];

async function learn(
  { input, models }: ContextCell,
  start: BothSubspaces,
  random: Parameters<typeof descend>[0]["random"],
): Promise<{ readonly subspaces: BothSubspaces; readonly learning: Learning }> {
  const { key, sides, rows, pairs, learning: options, signal, onStep } = input;
  const learners = SIDES.map((side) => ({
    model: models[side],
    continuation: sides[side].continuation,
    start: start[side],
  }));
  const { naturalness } = options;
  const found = await descend({
    ...{ name: cellName(key), options, random, signal, onStep },
    start: learners.map((learner) => learner.start),
    nPairs: pairs.train.target.length,
    directions: 1, // all four look at the same texts
    run: (subspaces, [chosen]) =>
      contextGradientAt({
        ...{ learners, subspaces, rows, naturalness },
        pairs: takePairs(pairs.train, present(chosen, "texts")),
      }),
    slope: (_, batches) => present(batches.at(-1), "batch"),
    validate: (subspaces) =>
      contextLossAt({ ...{ learners, subspaces, rows, naturalness }, pairs: pairs.validation }),
  });
  const [base, tuned] = found.subspaces;
  const subspaces = { base: present(base, "base"), tuned: present(tuned, "tuned") };
  const { steps, bestStep, validationLossNats } = found;
  return {
    subspaces,
    learning: {
      ...{ trained: SIDES, steps, bestStep, validationLossNats },
      naturalness: measureDistances({ models, subspaces, rows, pairs: pairs.test }),
      sigma: bySide((side) => models[side].states.normalisation.sigma),
    },
  };
}

/** @throws {@link NumericsError} when a whole context does not arrive within its own model. */
function assertExact({ removedShare }: TrialOutcomes, { key }: ContextCellInput): void {
  for (const [direction, { value }] of Object.entries(removedShare.fullSwap)) {
    if (1 - value <= EXACT_SWAP) continue;
    throw new NumericsError("a whole context swapped within one model does not arrive", {
      code: "FULL_SWAP_INEXACT",
      where: `${cellName(key)}, ${direction}`,
      expected: `at most ${EXACT_SWAP} of the divergence left, since every state was exchanged`,
      found: `${(1 - value).toFixed(3)} of it`,
      hint: "the model reads more than its tokens (a past, other rows of the batch), or its precision is too low",
    });
  }
}

/** P and μ of each model: with σ (in the measures), all that repeating an interchange needs. */
function tensorsOf({ models }: ContextCell, subspaces: BothSubspaces): CellResult["tensors"] {
  return Object.fromEntries(
    SIDES.flatMap((side): [string, CellResult["tensors"][string]][] => {
      const { rows, cols, data } = subspaces[side];
      const { mean } = models[side].states.normalisation;
      return [
        [`causal.${side}.subspace`, { dims: [rows, cols], data: Float32Array.from(data) }],
        [`causal.${side}.mean`, { dims: [cols], data: Float32Array.from(mean) }],
      ];
    }),
  );
}
