/**
 * @file Small worlds with known truth: states are `offset + scale · x R` for latent coordinates x (codes, noise) and
 * orthonormal rows R, read by a linear softmax whose gradient is exact. No graph, no runtime.
 */
import type { Continuation } from "../../src/align/continuation.js";
import type { LearningOptions } from "../../src/align/learner.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { CELL_DEFAULTS, type CellInput, type SideInput } from "../../src/measure/cell-input.js";
import { indexCausalModel } from "../../src/measure/causal-index.js";
import type { Hits } from "../../src/measure/measures.js";
import { toPairSet, type TablePairs } from "../../src/measure/pair-set.js";
import { argmaxRows } from "../../src/measure/trial-runner.js";
import { matrix, multiply, type Matrix } from "../../src/numeric/matrix.js";
import type { Assignment, CausalAudit } from "../../src/plan/audit.js";
import { changedPairs, trainingPairs } from "../../src/plan/pairs.js";
import { countHits } from "../../src/stats/hits.js";
import { stream } from "../../src/stats/stream.js";

/** What a readout takes from elsewhere than the patched state: logits `[item, class]`. */
type Elsewhere = (item: number, c: number) => number;

/** Linear softmax over `h Wᵀ + b`, W `[class, dModel]`: log-probabilities, loss and its exact gradient. */
function linearReadout(
  weights: Matrix,
  bias: Float64Array,
  elsewhere: Elsewhere,
): {
  continuation: Continuation;
  logProb: (items: Int32Array, patched: Float32Array) => Float32Array;
} {
  const { rows: nClasses, cols: dModel } = weights;
  const logProb = (items: Int32Array, patched: Float32Array): Float32Array => {
    const n = patched.length / dModel;
    const out = new Float32Array(n * nClasses);
    for (let r = 0; r < n; r++) {
      const logits = Array.from({ length: nClasses }, (_, c) => {
        let sum = bias[c]! + elsewhere(items[r]!, c);
        for (let i = 0; i < dModel; i++)
          sum += weights.data[c * dModel + i]! * patched[r * dModel + i]!;
        return sum;
      });
      const top = Math.max(...logits);
      const norm = top + Math.log(logits.reduce((s, x) => s + Math.exp(x - top), 0));
      logits.forEach((x, c) => (out[r * nClasses + c] = x - norm));
    }
    return out;
  };
  const continuation: Continuation = {
    dModel,
    nClasses,
    classLogProb: (items, patched) => Promise.resolve(logProb(items, patched)),
    backward(items, patched, labels) {
      const classLogProb = logProb(items, patched);
      const lossNats = Float32Array.from(labels, (c, r) => -classLogProb[r * nClasses + c]!);
      const gradient = new Float32Array(patched.length);
      labels.forEach((label, r) => {
        for (let c = 0; c < nClasses; c++) {
          const error = Math.exp(classLogProb[r * nClasses + c]!) - (c === label ? 1 : 0);
          for (let i = 0; i < dModel; i++)
            gradient[r * dModel + i]! += error * weights.data[c * dModel + i]!;
        }
      });
      return Promise.resolve({ lossNats, classLogProb, gradient });
    },
  };
  return { continuation, logProb };
}

/** A code: coordinates of each class. */
type Code = readonly (readonly number[])[];

/** Classes on a circle of this radius, class c at place `order[c]`. */
export function circle(order: readonly number[], radius: number): Code {
  return order.map((place) => {
    const angle = (2 * Math.PI * place) / order.length;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** One toy model. Blocks of coordinates come first, noise fills the rest. */
export interface ToyModel {
  readonly dModel: number;
  /** Seed of R; two models with one seed (and width) share their basis. */
  readonly basis: number;
  readonly scale?: number;
  /** One block of coordinates per entry: what is written there, and what is read from there. */
  readonly blocks: readonly { readonly writes?: Code; readonly reads?: Code }[];
  /** Answers class `answer[c]` where the readout sees class c. */
  readonly answer?: readonly number[];
  /** Gain of the readout. */
  readonly gain?: number;
  /** Logit of the item's own class whatever is patched: the answer comes from another position. */
  readonly elsewhere?: number;
}

/** Standard deviation of coordinate c: small where codes live, elsewhere falling from 2 to .2 as in real spectra. */
function spread(c: number, { coded, d }: { coded: number; d: number }): number {
  return c < coded ? 0.1 : 2 * 0.1 ** ((c - coded) / (d - coded - 1));
}

/** A world of `classes` classes and n items per split of 2 : 1 : 2. */
interface ToyWorld {
  readonly classes: number;
  readonly items: number;
  readonly seed?: number;
}

/**
 * Fresh pairs for every step, of some 2,500 that exist: a toy costs nothing, and what it tells is what the objective finds.
 * What fewer pairs find has tests of its own.
 */
const THOROUGH: Partial<LearningOptions> = {
  pairsPerBatch: 32,
  stepsPerBatch: 1,
  batchesKept: 1,
  validateEvery: 10,
};

/** The cell of two toy models in one world. */
export function toyCell(
  world: ToyWorld,
  models: { base: ToyModel; tuned: ToyModel },
  {
    k,
    naturalness,
    own,
    seed = 0,
    budget = THOROUGH,
  }: {
    k: number;
    naturalness?: number;
    own?: Int32Array;
    seed?: number;
    budget?: Partial<LearningOptions>;
  },
): CellInput {
  const { classes, items: n } = world;
  const names = Array.from({ length: classes }, (_, c) => `v${c}`);
  const audit: Pick<CausalAudit, "variables" | "by" | "answers" | "outcome"> = {
    variables: { value: names },
    by: ["value"],
    answers: Object.fromEntries(names.map((name) => [name, [name]])),
    outcome: (values) => String(values["value"]),
  };
  const items = Array.from({ length: n }, (_, i) => ({ values: { value: `v${i % classes}` } }));
  const split = (from: number, to: number): number[] =>
    [...items.keys()].slice(Math.floor(from * n), Math.floor(to * n));
  const members = { train: split(0, 0.4), validation: split(0.4, 0.6), test: split(0.6, 1) };
  const pairsUnder = (table: (values: Assignment) => number): TablePairs => {
    const plan = { items, variable: "value", table };
    const draw = stream(world.seed ?? 0, "pairs");
    return {
      train: toPairSet(
        trainingPairs({ ...plan, members: members.train, n: 2560, stream: draw.fork("train") }),
      ),
      validation: toPairSet(
        changedPairs({
          ...plan,
          members: members.validation,
          n: 60,
          stream: draw.fork("validation"),
        }),
      ),
      test: toPairSet(
        changedPairs({ ...plan, members: members.test, n: 200, stream: draw.fork("test") }),
      ),
    };
  };
  const classOf = (values: Assignment): number => Number(String(values["value"]).slice(1));
  const { learning, ...rest } = CELL_DEFAULTS;
  return {
    key: { audit: "toy", variable: "value", layer: 1, role: "last", k, seed },
    sides: { base: toySide(world, models.base), tuned: toySide(world, models.tuned) },
    causal: indexCausalModel(audit, "value", items),
    train: Int32Array.from(members.train),
    pairs: pairsUnder(classOf),
    own: own && { answer: own, pairs: pairsUnder((values) => own[classOf(values)]!) },
    options: {
      ...rest,
      // the controls that are learned have tests of their own; elsewhere they would only cost time
      further: { controls: false, repeats: 0 },
      learning: { ...learning, ...budget, naturalness: naturalness ?? learning.naturalness },
    },
  };
}

/** Two evaluations of one toy readout are the same sums. */
const ROUNDING_NATS = 1e-9;

/** States and readout of one toy model; noise is shared between models of one world. */
function toySide({ classes, items: n, seed = 0 }: ToyWorld, model: ToyModel): SideInput {
  const { dModel: d, basis, scale = 1, blocks, gain = 2, elsewhere = 0 } = model;
  const width = (b: { writes?: Code; reads?: Code }): number =>
    (b.writes ?? b.reads ?? [[]])[0]!.length;
  const rotation = randomSubspace(d, d, stream(basis, `basis/${d}`));
  const noise = stream(seed, "noise");
  const offset = stream(basis, "offset").fork(String(d));
  const coordinates = matrix(n, d);
  const coded = blocks.reduce((sum, b) => sum + width(b), 0);
  for (let i = 0; i < n; i++) {
    const own = noise.fork(String(i)); // the same numbers for every width
    for (let c = 0; c < d; c++)
      coordinates.data[i * d + c] = own.normal() * spread(c, { coded, d });
  }
  const weights = matrix(classes, d);
  let at = 0;
  for (const block of blocks) {
    for (let j = 0; j < width(block); j++, at++) {
      for (let i = 0; i < n; i++)
        coordinates.data[i * d + at]! += block.writes?.[i % classes]![j] ?? 0;
      for (let c = 0; c < classes; c++) {
        const answer = model.answer?.[c] ?? c;
        weights.data[answer * d + at]! += (gain * (block.reads?.[c]![j] ?? 0)) / scale;
      }
    }
  }
  const shift = Float64Array.from({ length: d }, () => 3 * offset.normal());
  const readout = multiply(weights, rotation);
  const bias = Float64Array.from({ length: classes }, (_, c) => {
    let sum = 0;
    for (let i = 0; i < d; i++) sum -= readout.data[c * d + i]! * shift[i]!;
    return sum;
  });
  const states = Float32Array.from(
    multiply(coordinates, rotation).data,
    (x, i) => scale * x + shift[i % d]!,
  );
  const fromElsewhere: Elsewhere = (item, c) => (c === item % classes ? elsewhere : 0);
  const { continuation, logProb } = linearReadout(readout, bias, fromElsewhere);
  const natural = logProb(
    Int32Array.from({ length: n }, (_, item) => item),
    states,
  );
  return {
    ...{ states, dModel: d, continuation },
    naturalClass: argmaxRows(natural, classes),
    naturalLogProb: natural,
    roundingNats: ROUNDING_NATS,
  };
}

/** Eight classes on a circle. */
export const CIRCLES = { classes: 8, items: 1000 };
const inOrder = circle([0, 1, 2, 3, 4, 5, 6, 7], 6);
const shuffled = circle([0, 4, 1, 6, 3, 7, 2, 5], 6);

/** Writes its code in order; would also read a shuffled code from two dormant directions. */
export const IN_ORDER: ToyModel = {
  dModel: 64,
  basis: 1,
  gain: 0.5,
  blocks: [{ writes: inOrder, reads: inOrder }, { reads: shuffled }],
};
/** Writes the shuffled code, still reads the old one: same behaviour, another geometry. */
export const RECODED: ToyModel = {
  ...IN_ORDER,
  blocks: [{ reads: inOrder }, { writes: shuffled, reads: shuffled }],
};
/** Writes the code, reads nothing. */
export const DEAF: ToyModel = {
  ...IN_ORDER,
  blocks: [{ writes: inOrder }, { reads: shuffled }],
  gain: 0,
};

/** Share of a row of outcomes. */
export function rate(hits: Hits | undefined): number {
  const { hits: right, n } = countHits(hits!);
  return right / n;
}
