/**
 * @file A cell whose models cost nothing: states of random numbers with one binary code, read by a softmax over one
 * coordinate. Measuring it takes the time that a real cell of these sizes spends outside its models.
 */
import type { Continuation } from "../align/continuation.js";
import { LEARNING_DEFAULTS } from "../align/learner.js";
import { invariant } from "../errors.js";
import { f32, i32 } from "../numeric/vector.js";
import { changedPairs, trainingPairs } from "../plan/pairs.js";
import { SHARES } from "../plan/splits.js";
import { stream } from "../stats/stream.js";
import { indexCausalModel } from "./causal-index.js";
import { CELL_DEFAULTS, type CellInput, type SideInput } from "./cell-input.js";
import type { Side } from "./measures.js";
import { toPairSet, type PairSet } from "./pair-set.js";
import { bySide } from "./site.js";

/** Sizes of a dry cell. */
export interface DrySize {
  readonly items: number;
  readonly dModel: Readonly<Record<Side, number>>;
  readonly k: number;
  /** Test pairs. */
  readonly trials: number;
  readonly validation: number;
  /** Steps of the learning; none is left out. */
  readonly steps: number;
}

const CLASSES = 2;
/** Distance of a class from the middle, in standard deviations of the noise: every answer is right. */
const CODE = 6;
/** Two evaluations of one readout are the same sums. */
const ROUNDING_NATS = 1e-6;

const AUDIT: Parameters<typeof indexCausalModel>[0] = {
  variables: { value: ["0", "1"] },
  by: ["value"],
  answers: { 0: ["0"], 1: ["1"] },
  outcome: ({ value }) => String(value),
};

/** Makes the cell. */
export function dryCell({ items: n, dModel, k, trials, validation, steps }: DrySize): CellInput {
  const items = Array.from({ length: n }, (_, i) => ({ values: { value: String(i % CLASSES) } }));
  const random = stream(0, "dry cell");
  const members = [...items.keys()];
  const pairsOf = (name: string, count: number): PairSet =>
    toPairSet(
      (name === "train" ? trainingPairs : changedPairs)({
        ...{ items, members, variable: "value", stream: random.fork(name), n: count },
        table: ({ value }) => Number(value),
      }),
    );
  return {
    key: { audit: "dry", variable: "value", layer: 0, role: "last", k, seed: 0 },
    sides: bySide((side) => drySide(n, dModel[side])),
    causal: indexCausalModel(AUDIT, "value", items),
    train: Int32Array.from(members.slice(0, Math.ceil(SHARES.train * n))), // what is fitted costs as in a real cell
    pairs: {
      train: pairsOf("train", n),
      validation: pairsOf("validation", validation),
      test: pairsOf("test", trials),
    },
    options: {
      ...CELL_DEFAULTS,
      further: { controls: false, repeats: 0 },
      learning: { ...LEARNING_DEFAULTS, steps, patience: Infinity },
    },
  };
}

function drySide(items: number, dModel: number): SideInput {
  const noise = stream(0, "dry states");
  const states = Float32Array.from({ length: items * dModel }, () => noise.normal());
  for (let item = 0; item < items; item++) states[item * dModel] = codeOf(item % CLASSES);
  const all = Int32Array.from({ length: items }, (_, item) => item);
  return {
    ...{ states, dModel, roundingNats: ROUNDING_NATS, continuation: readout(dModel) },
    naturalClass: all.map((item) => item % CLASSES),
    naturalLogProb: logProb(states, dModel),
  };
}

/** −CODE or CODE. */
function codeOf(value: number): number {
  return CODE * (2 * value - 1);
}

/** `[row, class]`: the log-odds are the first coordinate. */
function logProb(states: Float32Array, dModel: number): Float32Array {
  const out = new Float32Array((CLASSES * states.length) / dModel);
  for (let r = 0; r * dModel < states.length; r++) {
    const odds = f32(states, r * dModel);
    out[CLASSES * r] = -softplus(odds);
    out[CLASSES * r + 1] = -softplus(-odds);
  }
  return out;
}

/** log(1 + eˣ) without overflow. */
function softplus(x: number): number {
  return Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
}

function readout(dModel: number): Continuation {
  return {
    dModel,
    nClasses: CLASSES,
    classLogProb: (_, patched) => Promise.resolve(logProb(patched, dModel)),
    backward(items, patched, labels) {
      invariant(labels.length === items.length, "one label per row");
      const classLogProb = logProb(patched, dModel);
      const gradient = new Float32Array(patched.length);
      const lossNats = Float32Array.from(labels, (label, r) => {
        gradient[r * dModel] = Math.exp(f32(classLogProb, CLASSES * r + 1)) - label;
        return -f32(classLogProb, CLASSES * r + i32(labels, r));
      });
      return Promise.resolve({ lossNats, classLogProb, gradient });
    },
  };
}
