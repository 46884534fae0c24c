/**
 * @file Guards on pairs and labels: no item with itself, labels as the causal index has them by another way than
 * the one that made them, and a base that answers every item used by the causal table, so that doing nothing never
 * hits. Plain arithmetic, no model is run.
 */
import { i32 } from "../numeric/vector.js";
import type { CausalIndex } from "./causal-index.js";
import { cellName, type CellInput } from "./cell-input.js";
import { guardError, listFaults } from "./guards.js";
import { SIDES, type Side } from "./measures.js";
import type { PairSet, TablePairs } from "./pair-set.js";
import type { LabelledPairs, TableRun } from "./table-run.js";
import { argmaxRows } from "./trial-runner.js";

const SPLITS = ["train", "validation", "test"] as const;
type SplitName = (typeof SPLITS)[number];

/** One split of one table, with what it must agree with. */
interface Part {
  readonly input: CellInput;
  /** Names it in errors. */
  readonly where: string;
  readonly table: TableRun["table"];
  readonly split: SplitName;
  readonly pairs: LabelledPairs;
  /** `[pair]`, labels as they were drawn with the pairs. */
  readonly drawn: Int32Array;
  /** Answer tables that the labels of each side come from: `[group]`, class index. */
  readonly answers: Readonly<Record<Side, Int32Array>>;
}

/**
 * Checks all pairs and labels of a cell.
 *
 * @throws {@link NumericsError} `SELF_PAIR`, `LABELS_SHIFTED` or `UNCHANGED_PAIR`, naming table, split and the first
 * pairs.
 */
export function checkPairs(input: CellInput, runs: readonly TableRun[]): void {
  const parts = runs.flatMap((run) => SPLITS.map((split) => partOf(input, run, split)));
  for (const part of parts) checkSelf(part.where, part.pairs);
  if (input.isolation !== undefined) {
    checkSelf(`${cellName(input.key)}, isolation pairs`, input.isolation);
  }
  checkNaturalAnswers(input);
  for (const part of parts) checkLabels(part);
  // training pairs are half of them unchanged on purpose
  for (const part of parts.filter(({ split }) => split !== "train")) checkChanged(part);
  for (const part of parts) checkBaseAnswers(part);
}

function partOf(input: CellInput, run: TableRun, split: SplitName): Part {
  const { causal, pairs, own } = input;
  const isOwn = run.table === "own" && own !== undefined;
  const drawnWith: TablePairs = isOwn ? own.pairs : pairs;
  const answers = { base: causal.answer, tuned: isOwn ? own.answer : causal.answer };
  return {
    ...{ input, table: run.table, split, answers },
    where: `${cellName(input.key)}, ${run.table} table, ${split} pairs`,
    pairs: run[split],
    drawn: drawnWith[split].label,
  };
}

function checkSelf(where: string, { target, source }: Pick<PairSet, "target" | "source">): void {
  const faults = faultsOf(target, (item, pair) =>
    i32(source, pair) === item ? `pair ${pair} is item ${item} twice` : undefined,
  );
  refuse("SELF_PAIR", where, faults);
}

/** Natural answers are the most probable ones of the same item. */
function checkNaturalAnswers({ key, sides, causal: { classes } }: CellInput): void {
  for (const side of SIDES) {
    const { naturalClass, naturalLogProb } = sides[side];
    const likely = argmaxRows(naturalLogProb, classes.length);
    const faults = faultsOf(naturalClass, (found, item) =>
      found === i32(likely, item)
        ? undefined
        : `item ${item} is said to answer ${name(classes, found)}, but ${name(classes, i32(likely, item))} is more probable`,
    );
    refuse("LABELS_SHIFTED", `${cellName(key)}, natural answers of ${side}`, faults);
  }
}

function checkLabels(part: Part): void {
  const { input, pairs, drawn, answers } = part;
  const { causal } = input;
  const held = part.table === "own" ? "tuned" : "base"; // whose table the pairs were drawn under
  for (const side of SIDES) {
    const faults = faultsOf(pairs.target, (item, pair) => {
      const expected = counterfactual(causal, answers[side], {
        target: item,
        source: i32(pairs.source, pair),
      });
      const labels = [i32(pairs.label[side], pair), ...(side === held ? [i32(drawn, pair)] : [])];
      const wrong = labels.find((label) => label !== expected);
      return wrong === undefined
        ? undefined
        : `pair ${pair} is labelled ${name(causal.classes, wrong)} instead of ${name(causal.classes, expected)}`;
    });
    refuse("LABELS_SHIFTED", part.where, faults);
  }
}

function checkChanged(part: Part): void {
  const { input, pairs, drawn, answers, table } = part;
  const { group, value, classes } = input.causal;
  const own = answers[table === "own" ? "tuned" : "base"];
  refuse(
    "UNCHANGED_PAIR",
    part.where,
    faultsOf(pairs.target, (item, pair) => {
      const label = i32(drawn, pair);
      if (label !== i32(own, i32(group, item))) return undefined;
      const source = i32(pairs.source, pair);
      const values = i32(value, source) === i32(value, item) ? " (source and target agree)" : "";
      return `pair ${pair}, items ${item} and ${source}: ${name(classes, label)}${values}`;
    }),
  );
}

/** Only items that the base answers rightly are used: then no intervention hits nothing of what must change. */
function checkBaseAnswers(part: Part): void {
  const { input, pairs } = part;
  const { causal, sides } = input;
  const items = Int32Array.from(new Set([...pairs.target, ...pairs.source]));
  refuse(
    "LABELS_SHIFTED",
    part.where,
    faultsOf(items, (item) => {
      const found = i32(sides.base.naturalClass, item);
      const expected = i32(causal.answer, i32(causal.group, item));
      return found === expected
        ? undefined
        : `the base answers ${name(causal.classes, found)} to item ${item}, the causal table ${name(causal.classes, expected)}`;
    }),
  );
}

function counterfactual(
  { group, value, nValues, swapped }: CausalIndex,
  answer: Int32Array,
  { target, source }: { target: number; source: number },
): number {
  return i32(answer, i32(swapped, i32(group, target) * nValues + i32(value, source)));
}

function faultsOf(
  list: Int32Array,
  faultAt: (entry: number, at: number) => string | undefined,
): string[] {
  return [...list].flatMap((entry, at) => faultAt(entry, at) ?? []);
}

function refuse(
  code: "SELF_PAIR" | "LABELS_SHIFTED" | "UNCHANGED_PAIR",
  where: string,
  faults: readonly string[],
): void {
  if (faults.length > 0) throw guardError(code, { where, found: listFaults(faults) });
}

function name(classes: readonly string[], index: number): string {
  return JSON.stringify(classes[index] ?? `class ${index}`);
}
