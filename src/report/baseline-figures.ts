/**
 * @file The figures of one site before and after: the same quantity in both results, paired where the trials are the
 * same, with its difference and a test. Corrected for their number, and called better or worse, in `baseline.ts`.
 */
import type { CellMeasures, Direction, Trials } from "../measure/measures.js";
import { countHits } from "../stats/hits.js";
import { mcnemar } from "../stats/mcnemar.js";
import { pairedDifferenceInterval } from "../stats/paired-score.js";
import { fisherExact, unpairedDifferenceInterval } from "../stats/unpaired.js";
import { percentText } from "./figure-text.js";
import type { FigureComparison } from "./schema-comparison.js";

/** A figure before its correction. */
export type RawFigure = Omit<FigureComparison, "adjustedP" | "change">;

/** What can get worse: both exchanges with the base, and what the tuned model does by itself. */
const COMPARED: readonly Direction[] = ["base→tuned", "tuned→base", "tuned→tuned"];

/** One measured cell in both results. */
export interface CellPair {
  readonly before: CellMeasures;
  readonly after: CellMeasures;
  /** Both results drew their trials from the same items of the same audit. */
  readonly isSameMaterial: boolean;
  /** Share, for example .95; each end of an interval is one-sided. */
  readonly confidence: number;
}

/** Every quantity that both results have of a cell; none where a side has no causal table. */
export function compareFigures({
  before,
  after,
  isSameMaterial,
  confidence,
}: CellPair): readonly RawFigure[] {
  const [old, now] = [causal(before), causal(after)];
  if (old === undefined || now === undefined) return [];
  const isPaired = isSameMaterial && isSameList(old.target, now.target) && isSameList(old.source, now.source); // prettier-ignore
  return COMPARED.flatMap((direction): readonly RawFigure[] => {
    const rows = pickRows(old, now, direction);
    if (rows === undefined) return [];
    const { quantity, ...hits } = rows;
    const figures = isPaired ? comparePaired(hits, confidence) : compareUnpaired(hits, confidence);
    return [{ quantity, direction, ...figures }];
  });
}

function causal({ trials }: CellMeasures): Trials | undefined {
  return trials.find(({ table }) => table === "causal");
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

interface Rows {
  readonly before: string;
  readonly after: string;
}

/** The learned maps where both results learned them, else the whole state where both swapped it. */
function pickRows(
  old: Trials,
  now: Trials,
  direction: Direction,
): (Rows & { readonly quantity: FigureComparison["quantity"] }) | undefined {
  const learned = [old.iia[direction], now.iia[direction]] as const;
  if (learned[0] !== undefined && learned[1] !== undefined)
    return { quantity: "IIA", before: learned[0], after: learned[1] };
  const swapped = [old.fullSwap[direction], now.fullSwap[direction]] as const;
  if (swapped[0] === undefined || swapped[1] === undefined) return undefined;
  return { quantity: "full swap", before: swapped[0], after: swapped[1] };
}

type Compared = Omit<RawFigure, "quantity" | "direction">;

function comparePaired({ before, after }: Rows, confidence: number): Compared {
  const { onlyA, onlyB, n, p } = mcnemar(after, before);
  const interval = pairedDifferenceInterval({ onlyA, onlyB, n }, confidence);
  return {
    before: countHits(before),
    after: countHits(after),
    difference: measureDifference(
      { value: (onlyA - onlyB) / n, n, method: "score interval of paired rates" },
      { interval, confidence },
    ),
    paired: true,
    test: "McNemar, exact",
    p,
  };
}

function compareUnpaired({ before, after }: Rows, confidence: number): Compared {
  const [b, a] = [countHits(before), countHits(after)];
  const interval = unpairedDifferenceInterval({ a, b }, confidence);
  return {
    before: b,
    after: a,
    difference: measureDifference(
      { value: a.hits / a.n - b.hits / b.n, n: a.n + b.n, method: "Newcombe's interval" },
      { interval, confidence },
    ),
    paired: false,
    test: "Fisher, exact",
    p: fisherExact({ a, b }),
  };
}

function measureDifference(
  { value, n, method }: { readonly value: number; readonly n: number; readonly method: string },
  {
    interval,
    confidence,
  }: {
    readonly interval: ReturnType<typeof unpairedDifferenceInterval>;
    readonly confidence: number;
  },
): FigureComparison["difference"] {
  if (interval.kind === "undefined") return interval;
  const how = `${method}, each end one-sided ${percentText(confidence)}`;
  return {
    ...{ kind: "value", value, unit: "difference", n },
    interval: [interval.low, interval.high],
    method: how,
  };
}
