/** @file The interventions of a cell as a list, and their hits by control and direction. */
import type { AlignmentMap } from "../align/maps/alignment-map.js";
import { inTurn } from "../align/together.js";
import type { CausalIndex } from "./causal-index.js";
import { cellName, type CellInput } from "./cell-input.js";
import type { ExampleBook } from "./examples.js";
import { checkMoved } from "./interchange-guard.js";
import {
  ENDS,
  interchange,
  mapsBetween,
  wholeStates,
  type MapsByDirection,
  type TrialItems,
} from "./interventions.js";
import {
  DIRECTIONS,
  SIDES,
  type Direction,
  type Hits,
  type Side,
  type Trials,
} from "./measures.js";
import type { Site } from "./site.js";
import type { TableRun } from "./table-run.js";
import { runInterventions, type Outcome } from "./trial-runner.js";

/** Name of an intervention that trials record per direction. */
export type Control =
  "fullSwap" | "closedForm" | "iia" | "permuted" | "randomSubspace" | "frozenBasis";
/** Hits by control and direction, as in {@link Trials}. */
export type ControlHits = Pick<Trials, Control>;

/** One answer table of one cell. */
export interface TableContext {
  readonly input: CellInput;
  readonly site: Site;
  readonly run: TableRun;
  /** In order, the block of the variable under test among them; absent where it is learned by itself. */
  readonly blocks?: readonly JointBlock[];
}

/** A variable that is learned in a block of coordinates of its own. */
export interface JointBlock {
  readonly variable: string;
  readonly k: number;
  readonly causal: CausalIndex;
  readonly run: TableRun;
  /** Models in which its whole swap moves the answer. */
  readonly alive: readonly Side[];
}

/** One intervention on all trials. */
export interface ControlRun {
  readonly control: Control;
  /** In errors, where it is not the control's. */
  readonly name?: string;
  readonly direction: Direction;
  /** `[trial, dModel of the target]`. */
  readonly patched: () => Float32Array;
}

/** Whole states swapped: within each model, or across, where the widths agree. */
export function fullSwapRuns(
  { input, run }: TableContext,
  which: "within" | "across",
): ControlRun[] {
  const { base, tuned } = input.sides;
  return DIRECTIONS.filter((d) => {
    const isWithin = ENDS[d].source === ENDS[d].target;
    return which === "within" ? isWithin : !isWithin && base.dModel === tuned.dModel;
  }).map((d) => {
    const { states, dModel } = input.sides[ENDS[d].source];
    const patched = (): Float32Array => wholeStates(states, run.test.source, dModel);
    return { control: "fullSwap", direction: d, patched };
  });
}

/** Mapped coordinates interchanged in every direction that has maps. */
export function mapRuns(
  { site, run }: TableContext,
  control: Control,
  { maps, trials = run.test }: { maps: MapsByDirection; trials?: TrialItems },
): ControlRun[] {
  return DIRECTIONS.flatMap((d) => {
    const own = maps[d];
    if (own === undefined) return [];
    const patched = (): Float32Array => interchange(site, ENDS[d], { maps: own, trials });
    return [{ control, direction: d, patched }];
  });
}

/**
 * One map used in both models, judged by what it does in the tuned one: tuned→base alone
 * works on a rotated model too.
 */
export function frozenBasisRuns(context: TableContext, map: AlignmentMap): ControlRun[] {
  const maps = mapsBetween({ base: map, tuned: map });
  return mapRuns(context, "frozenBasis", { maps }).filter(
    ({ direction }) => ENDS[direction].target === "tuned",
  );
}

/** Runs all interventions, those of one target together; `book` takes what the learned maps answered. */
export async function runControls(
  { input, run }: TableContext,
  runs: readonly ControlRun[],
  book?: ExampleBook,
): Promise<ControlHits> {
  const hits: Record<Control, Partial<Record<Direction, Hits>>> = noHits();
  // each may compute on processors of its own
  const onTargets = SIDES.map((target) => async () => {
    const own = runs.filter(({ direction }) => ENDS[direction].target === target);
    const found = await runOnTarget({ input, run }, target, own);
    own.forEach(({ control, direction }, i) => {
      const outcome = found[i];
      if (outcome === undefined) return;
      hits[control][direction] = outcome.hits;
      if (control !== "iia") return;
      book?.add(direction, { answers: outcome.answers, labels: run.test.label[target] });
    });
  });
  await inTurn(onTargets);
  return hits;
}

/** No hits at all: every control absent. */
export function noHits(): Record<Control, Partial<Record<Direction, Hits>>> {
  return {
    fullSwap: {},
    closedForm: {},
    iia: {},
    permuted: {},
    randomSubspace: {},
    frozenBasis: {},
  };
}

async function runOnTarget(
  { input, run }: Pick<TableContext, "input" | "run">,
  target: Side,
  runs: readonly ControlRun[],
): Promise<Outcome[]> {
  if (runs.length === 0) return [];
  const trials = { items: run.test.target, labels: run.test.label[target] };
  const interventions = runs.map(({ control, name = control, direction, patched }) => {
    const found = patched();
    const { states, dModel } = input.sides[target];
    const where = `${cellName(input.key)}, ${name}, ${direction}`;
    checkMoved({ patched: found, states, dModel, trials: run.test }, where);
    return found;
  });
  return runInterventions(
    input.sides[target].continuation,
    { interventions, trials },
    {
      maxRows: input.options.learning.maxRows,
      where: `${cellName(input.key)}, test trials of ${target}`,
      signal: input.signal,
    },
  );
}
