/**
 * @file What the alignment of any number of models is made of: models with maps, ordered directions between them, and how
 * each frozen model goes on from patched states. One model is DAS (arXiv 2303.02536), two or more are MAS (arXiv
 * 2501.06164, section 3).
 */
import { takeRows, type Matrix } from "../../numeric/matrix.js";
import { i32 } from "../../numeric/vector.js";
import type { Stream } from "../../stats/stream.js";
import type { Precision } from "../covariance.js";
import type { StepReport } from "../learner.js";
import type { MapForm } from "../maps/map.js";

/**
 * What a run is for: its loss with the gradient, its loss, or the trial. A loss is that of the labels, each read as the
 * next token; a trial feeds the model's own answers back.
 */
export type RunMode = "slope" | "loss" | "trial";

/** What a frozen model does after its states were patched, row by row. */
export interface Behaviour {
  /**
   * Goes on from `states` `[row, d]` (as the model has them, not normalised), each in its own episode.
   *
   * @throws {@link NumericsError} when the model answers with something that is not finite.
   */
  run(request: {
    /** `[row]`: which of the episodes that this model was given. */
    readonly episodes: Int32Array;
    /** A state per row; then the earlier ones of row 0, of row 1 …, as many as its episode has. */
    readonly states: Float32Array;
    readonly mode: RunMode;
  }): Promise<Outcome>;
}

/** Answers of a frozen model. */
export interface Outcome {
  /** `[row]`: cross-entropy of the labels, nats, mean over the scored tokens of the row. */
  readonly lossNats: Float64Array;
  /** `[row]`: 1 where every scored token is right. */
  readonly right: Uint8Array;
  /** `[row]`: share of the scored tokens that are right. */
  readonly tokenShare: Float64Array;
  /** dL/d(state) of each row's own loss, one for each of the states given; in mode `slope` only. */
  readonly slope?: Float32Array;
}

/** One model. */
export interface TransferModel {
  readonly name: string;
  /** `[d]`. */
  readonly mean: Float64Array;
  readonly sigma: number;
  /** `[k, d]`, orthonormal rows: where its map starts. */
  readonly start: Matrix;
  readonly behaviour: Behaviour;
  /** Stands beside the loss of its behaviour; absent: nothing does. */
  readonly naturalness?: NaturalnessWeight;
}

/** Weight of `(n' − c)ᵀ Σ⁻¹ (n' − c) / unit²`, with c the natural mean of a trial and Σ within groups. */
export interface NaturalnessWeight {
  /** λ, nats. */
  readonly weight: number;
  /** Σ⁻¹. */
  readonly precision: Precision;
  /** Distance of natural states themselves. */
  readonly unit: Readonly<Record<Exclude<TransferSplit, "test">, number>>;
}

/** States that several directions share, and which of them a set looks at. */
export interface StateRows {
  /** `[state, d]`. */
  readonly states: Matrix;
  /** `[trial]`, index of a state. */
  readonly rows: Int32Array;
}

/** States of one end of some trials: `[trial, d]`, and the earlier ones after them. */
export function endStates(set: ExchangeSet, end: "source" | "target", trials: Int32Array): Matrix {
  const { states, rows } = set[end];
  const own = trials.map((trial) => i32(rows, trial));
  const before = earlierOf(set, trials).map((at) => i32(set.earlier?.[end] ?? EMPTY, at));
  return takeRows(states, [...own, ...before]);
}

const EMPTY = new Int32Array(0);

/** States of some trials, `[trial, d]`. */
export function statesOf({ states, rows }: StateRows, trials: Int32Array): Matrix {
  return takeRows(
    states,
    trials.map((trial) => i32(rows, trial)),
  );
}

/** Also exchanged: states of the same runs at all earlier positions, each with the one at its position. */
export interface EarlierStates {
  /** `[trial + 1]`: where the states of each trial begin. */
  readonly spans: Int32Array;
  /** `[earlier state]`, index among the states of the target. */
  readonly target: Int32Array;
  /** `[earlier state]`, index among the states of the source. */
  readonly source: Int32Array;
}

/** Of each of `trials`, the indices of its earlier states, one trial after the other. */
export function earlierOf(
  { earlier }: Pick<ExchangeSet, "earlier">,
  trials: Int32Array,
): Int32Array {
  if (earlier === undefined) return new Int32Array(0);
  const lists = Array.from(trials, (trial) => {
    const [first, last] = [i32(earlier.spans, trial), i32(earlier.spans, trial + 1)];
    return Array.from({ length: last - first }, (_, i) => first + i);
  });
  return Int32Array.from(lists.flat());
}

/** Trials of one direction in one split. States are normalised, each by its own model. */
export interface ExchangeSet {
  /** `[trial]`: episode in the target model. */
  readonly episodes: Int32Array;
  /** Of the target. */
  readonly target: StateRows;
  /** Of the source. */
  readonly source: StateRows;
  /** Of the target: means of its natural states with the variables that a patched one has. */
  readonly natural: StateRows;
  /** Absent where one state of each run is exchanged. */
  readonly earlier?: EarlierStates;
  /** `[trial]`: 0 where the target never has these variables, so that `natural` has no row. */
  readonly hasNatural: Uint8Array;
}

/** Splits of the trials, in the order in which they are drawn; `test` is never learned from. */
export const SPLITS = ["train", "validation", "test"] as const;
/** One of {@link SPLITS}. */
export type TransferSplit = (typeof SPLITS)[number];

/** One value per split. */
export type BySplit<T> = Readonly<Record<TransferSplit, T>>;

/** Makes a value for each split, in order. */
export function bySplit<T>(make: (split: TransferSplit) => T): BySplit<T> {
  return { train: make("train"), validation: make("validation"), test: make("test") };
}

/** An ordered pair of models, and what is exchanged. */
export interface TransferDirection {
  readonly source: number;
  readonly target: number;
  /** A block of coordinates; or everything outside all blocks, which within a model must change nothing. */
  readonly exchanges: number | "rest";
  /** Weights of the two losses; both 0: not learned from, only evaluated. */
  readonly weight: { readonly behaviour: number; readonly latent: number };
  readonly sets: BySplit<ExchangeSet>;
}

/** What can be chosen about learning. */
export interface TransferOptions {
  /** Most steps. */
  readonly steps: number;
  /** Adam's highest rate on orthonormal rows. */
  readonly rate: number;
  /** Adam's highest rate on free parameters, per element. */
  readonly freeRate: number;
  /** Trials per direction in a minibatch. */
  readonly batch: number;
  readonly validateEvery: number;
  /** Validations in a row without progress after which learning stops. */
  readonly patience: number;
}

/**
 * Defaults of {@link TransferOptions}. Between two GRUs that count (k = 4, seed 0), rates .01 and .1 and batches of 32 and
 * 128 end within .02 of these in all four directions, the standard error of 300 trials there being .01.
 */
export const TRANSFER_DEFAULTS: TransferOptions = {
  steps: 200,
  rate: 0.03,
  freeRate: 0.003,
  batch: 64,
  validateEvery: 20,
  patience: 3,
};

/** Everything that is learned from and evaluated on. */
export interface TransferProblem {
  readonly form: MapForm;
  /** Half-open ranges of coordinates, one per variable, consecutive from 0. */
  readonly blocks: readonly (readonly [first: number, last: number])[];
  /** What becomes of the target's coordinates outside the block: kept (MAS), or 0 (stitching). */
  readonly rest: "kept" | "zero";
  /** Whether the size of each block is learned too, up to its range (Boundless DAS). */
  readonly learnsSize: boolean;
  readonly models: readonly TransferModel[];
  readonly directions: readonly TransferDirection[];
  readonly options: TransferOptions;
  readonly random: Stream;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((report: StepReport) => void) | undefined;
}
