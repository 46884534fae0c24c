/**
 * @file What a learning of a cell is made of: the trials of each exchange, the coordinates of each block, and where its
 * subspaces start. One variable alone, or all variables of an audit and the null block.
 */
import { assertFits } from "../align/closed-form.js";
import { orthonormalRows } from "../align/stiefel.js";
import type { TransferDirection, TransferProblem } from "../align/transfer/problem.js";
import { present } from "../errors.js";
import { stack, type Matrix } from "../numeric/matrix.js";
import { sum } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import type { JointBlock, TableContext } from "./controls.js";
import type { Subspaces } from "./interventions.js";
import { hasNullBlock, ownPairs } from "./joint-blocks.js";
import type { MethodLearning } from "./map-choice.js";
import { SIDES, type Side } from "./measures.js";
import { seenBy } from "./site.js";
import { startSubspaces } from "./starts.js";
import type { LabelledPairs } from "./table-run.js";

/** What the start of a learning is made from. */
export interface StartParts {
  readonly learning: MethodLearning;
  /** Of the variable under test. */
  readonly start: Subspaces;
  readonly random: Stream;
}

/** Trials that one exchange is learned from, and where they stand among all trials of a target. */
export interface TrialPart {
  readonly exchanges: TransferDirection["exchanges"];
  readonly pairs: Readonly<Record<(typeof PLACES)[number], LabelledPairs>>;
  /** Models that it is learned in. */
  readonly alive: readonly Side[];
  /** Episode of its first trial. */
  readonly first: number;
}

/** Splits that are learned from, in the order of their trials. */
export const PLACES = ["train", "validation"] as const;

/** One part for each block, and one for the null block where there are several; or the variable under test alone. */
export function trialParts(
  context: TableContext,
  { models }: MethodLearning,
): readonly TrialPart[] {
  const { input, run, blocks } = context;
  const parts: Omit<TrialPart, "first">[] = blocks?.map((block, exchanges) => ({
    exchanges,
    // a control may have dealt the labels of the variable under test anew
    pairs: block.variable === input.key.variable ? run : block.run,
    alive: models.filter((side) => block.alive.includes(side)),
  })) ?? [{ exchanges: 0, pairs: run, alive: models }];
  if (hasNullBlock(context)) {
    const { train, validation } = run;
    const pairs = { train: ownPairs(context, train), validation: ownPairs(context, validation) };
    parts.push({ exchanges: "rest", pairs, alive: models });
  }
  let first = 0;
  return parts.map((part) => {
    const own = { ...part, first };
    first += sum(PLACES.map((split) => part.pairs[split].target.length));
    return own;
  });
}

/** Coordinates of each block. */
export function rangesOf({ input, blocks }: TableContext): TransferProblem["blocks"] {
  let at = 0;
  return (blocks ?? [{ k: input.key.k }]).map(({ k }) => [at, (at += k)] as const);
}

/** Ones on the block of the variable under test. */
export function ownMask(blocks: readonly JointBlock[], { input }: TableContext): Float64Array {
  return Float64Array.from(
    blocks.flatMap(({ variable, k }) =>
      Array<number>(k).fill(variable === input.key.variable ? 1 : 0),
    ),
  );
}

/** Closed forms of all blocks, one after the other, made orthonormal in that order. */
export function startOf(
  { blocks, input, site }: TableContext,
  side: Side,
  parts: StartParts,
): Matrix {
  const own = present(parts.start[side], `start of ${side}`);
  if (blocks === undefined) return own;
  const { models } = parts.learning;
  const random = parts.random.fork("blocks");
  const starts = blocks.map(({ variable, k, causal }) => {
    if (variable === input.key.variable) return own;
    const alive = [...models].sort((a, b) => SIDES.indexOf(a) - SIDES.indexOf(b));
    const seen = seenBy(site, causal, input.train);
    const found = startSubspaces(seen, { alive, k, random: random.fork(variable) });
    return present(found[side], `start of ${variable} in ${side}`);
  });
  const rows = starts.reduce(stack);
  assertFits(rows.rows, rows.cols);
  return orthonormalRows(rows, random.fork(side));
}
