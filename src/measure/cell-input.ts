/** @file What a cell is measured from: plain data per item and one continuation per model. A pure function of these. */
import type { Continuation } from "../align/continuation.js";
import { LEARNING_DEFAULTS, type Learner, type LearningOptions } from "../align/learner.js";
import { invariant } from "../errors.js";
import type { CausalIndex } from "./causal-index.js";
import { GATE_DEFAULTS, type GateRule } from "./gate.js";
import { ROTATIONS, type MapChoice } from "./map-choice.js";
import { SIDES, type CellKey, type Side } from "./measures.js";
import type { PairSet, TablePairs } from "./pair-set.js";

/** One model at the cell's site. */
export interface SideInput {
  /** `[item, dModel]`, captured states; item indices are the same in both models. */
  readonly states: Float32Array;
  readonly dModel: number;
  readonly continuation: Continuation;
  /** `[item]`, class index of the natural answer. */
  readonly naturalClass: Int32Array;
  /** `[item, class]`, natural log-probability within the answer set, nats. */
  readonly naturalLogProb: Float32Array;
  /** Difference, nats, that rounding explains between log-probabilities that should be equal. */
  readonly roundingNats: number;
  /** Nothing but this state decides the answer: the last token after the last block. */
  readonly isReadout?: boolean;
}

/** What is learned beside the main maps. */
export interface FurtherOptions {
  /** Also the controls that cost as much as the main learning: λ = 0, shuffled labels, untrained source. */
  readonly controls: boolean;
  /** Further learnings with other random numbers. */
  readonly repeats: number;
}

/** What can be chosen about a cell. */
export interface CellOptions {
  readonly learning: LearningOptions;
  readonly maps: MapChoice;
  readonly gate: GateRule;
  readonly further: FurtherOptions;
}

/** Defaults; each part says what they rest on. */
export const CELL_DEFAULTS: CellOptions = {
  learning: LEARNING_DEFAULTS,
  maps: ROTATIONS,
  gate: GATE_DEFAULTS,
  further: { controls: true, repeats: 0 },
};

/** Where a cell stands. */
export interface CellProgress {
  readonly table: "causal" | "own";
  readonly phase:
    | "full swap"
    | "closed form"
    | "learning"
    | "controls"
    | "isolation"
    | "behaviour only"
    | "shuffled labels"
    | "untrained source"
    | "repeat"
    | "alone";
  readonly step?: number;
  readonly steps?: number;
  readonly lossNats?: number;
}

/** Variables in the order of their blocks. */
export interface JointVariables {
  readonly variables: readonly JointVariable[];
  /** Whether every variable that the outcome depends on is among them: only then does nothing else decide the answer. */
  readonly isComplete: boolean;
}

/** A variable that has a block of its own beside those of other variables. */
export interface JointVariable {
  readonly variable: string;
  readonly k: number;
  /** Its groups are those of every variable of the audit; values and counterfactuals are its own. */
  readonly causal: CausalIndex;
  readonly pairs: TablePairs;
  /** Under the tuned model's own table, where it has one. */
  readonly own?: TablePairs | undefined;
}

/** Everything a cell is measured from. */
export interface CellInput {
  readonly key: CellKey;
  readonly sides: Readonly<Record<Side, SideInput>>;
  readonly causal: CausalIndex;
  /** Items of the train split: what normalisation, closed form and natural states are fitted to. */
  readonly train: Int32Array;
  /** Pairs under the causal table. */
  readonly pairs: TablePairs;
  /** The tuned model's own table (`answer-table.ts`) and pairs drawn under it, where it has one. */
  readonly own?: { readonly answer: Int32Array; readonly pairs: TablePairs } | undefined;
  /** All variables of the audit, where they are learned together; the one under test among them. */
  readonly joint?: JointVariables | undefined;
  /** Pairs whose answer must stay; absent where no other variable decides the answer. */
  readonly isolation?: PairSet | undefined;
  /** `[item, dModel]` of a network with random weights; without, that control is not run. */
  readonly untrained?: ((dModel: number) => Float32Array) | undefined;
  readonly options: CellOptions;
  readonly learner?: Learner;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CellProgress) => void) | undefined;
}

/** `audit variable, layer 3, role, k = 1`: how errors and streams name a cell. */
export function cellName({ audit, variable, layer, role, k }: CellKey): string {
  return `${audit}/${variable}, layer ${layer}, ${role}, k = ${k}`;
}

/** @throws {@link InvariantError} where arrays disagree in length. */
export function checkInput({ sides, causal, pairs, own }: CellInput): void {
  const n = causal.group.length;
  for (const side of SIDES) {
    const { states, dModel, continuation, naturalClass, naturalLogProb } = sides[side];
    invariant(states.length === n * dModel, `${side}: ${states.length} numbers for ${n} states`);
    invariant(naturalClass.length === n, `${side}: one natural answer per item`);
    invariant(continuation.dModel === dModel, `${side}: continuation of another width`);
    invariant(continuation.nClasses === causal.classes.length, `${side}: one column per class`);
    invariant(
      naturalLogProb.length === n * continuation.nClasses,
      `${side}: one log-probability per item and class`,
    );
  }
  for (const table of own === undefined ? [pairs] : [pairs, own.pairs]) {
    for (const split of ["train", "validation", "test"] as const) {
      invariant(table[split].target.length > 0, `${split} pairs`);
    }
  }
}
