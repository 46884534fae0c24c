/** @file One answer table applied to a cell: the labels that each target model is held to, and where its trials are. */
import { i32 } from "../numeric/vector.js";
import type { CausalIndex } from "./causal-index.js";
import type { CellInput } from "./cell-input.js";
import type { Side, Trials } from "./measures.js";
import { counterfactualGroups, type PairSet, type TablePairs } from "./pair-set.js";
import type { Stream } from "../stats/stream.js";
import { bySide } from "./site.js";

/** A split of pairs with everything derived from it. */
export interface LabelledPairs {
  /** `[pair]`, items. */
  readonly target: Int32Array;
  readonly source: Int32Array;
  /** `[pair]`, group that a patched state should look like. */
  readonly group: Int32Array;
  /** `[pair]`, class index that a target model should answer. */
  readonly label: Readonly<Record<Side, Int32Array>>;
}

/** One answer table over all splits. */
export interface TableRun {
  readonly table: Trials["table"];
  readonly train: LabelledPairs;
  readonly validation: LabelledPairs;
  readonly test: LabelledPairs;
}

/** The tables to measure: the causal one, then the tuned model's own where it has one. */
export function tableRuns({
  causal,
  pairs,
  own,
}: Pick<CellInput, "causal" | "pairs" | "own">): TableRun[] {
  const runs = [labelTable("causal", pairs, { causal, tuned: causal.answer })];
  if (own !== undefined) runs.push(labelTable("own", own.pairs, { causal, tuned: own.answer }));
  return runs;
}

/** The base is always held to the causal table; only the tuned model may have its own. */
function labelTable(
  table: Trials["table"],
  pairs: TablePairs,
  { causal, tuned }: { causal: CausalIndex; tuned: Int32Array },
): TableRun {
  const answers = { base: causal.answer, tuned };
  const labelled = (set: PairSet): LabelledPairs => {
    const group = counterfactualGroups(set, causal);
    const label = bySide((side) => group.map((g) => i32(answers[side], g)));
    return { target: set.target, source: set.source, group, label };
  };
  return {
    table,
    train: labelled(pairs.train),
    validation: labelled(pairs.validation),
    test: labelled(pairs.test),
  };
}

/**
 * Trials that are looked at first, and all that a figure gets that describes and never decides: 0 of 100 has an upper
 * end of .04, and half of 100 an interval of ±.10.
 */
export const FIRST_TRIALS = 100;

/** The same table with the first of its test pairs; pairs are drawn so that any beginning is balanced. */
export function firstTrials(run: TableRun): TableRun {
  return takeTrials(run, 0, FIRST_TRIALS);
}

/** The same table with the test pairs that {@link firstTrials} leaves out. */
export function laterTrials(run: TableRun): TableRun {
  return takeTrials(run, FIRST_TRIALS, run.test.target.length);
}

function takeTrials(run: TableRun, from: number, to: number): TableRun {
  const { target, source, group, label } = run.test;
  return {
    ...run,
    test: {
      target: target.subarray(from, to),
      source: source.subarray(from, to),
      group: group.subarray(from, to),
      label: bySide((side) => label[side].subarray(from, to)),
    },
  };
}

/**
 * The same table with the labels of the training and validation pairs dealt to other pairs, counterfactual groups with
 * them; test pairs stay. A learner that reaches the true labels all the same has not needed them.
 */
export function shuffleLabels(run: TableRun, random: Stream): TableRun {
  const shuffled = (pairs: LabelledPairs, name: string): LabelledPairs => {
    const order = random.fork(name).shuffle([...pairs.target.keys()]);
    const deal = (values: Int32Array): Int32Array =>
      Int32Array.from(order, (pair) => i32(values, pair));
    return {
      ...pairs,
      group: deal(pairs.group),
      label: bySide((side) => deal(pairs.label[side])),
    };
  };
  return {
    ...run,
    train: shuffled(run.train, "train"),
    validation: shuffled(run.validation, "validation"),
  };
}
