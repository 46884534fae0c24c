/** @file The test trials of a cell of whole contexts: which states each control puts into a target, and what it then says. */
import { randomSubspace } from "../../align/stiefel.js";
import type { Matrix } from "../../numeric/matrix.js";
import { i32 } from "../../numeric/vector.js";
import type { Stream } from "../../stats/stream.js";
import { cellName } from "../cell-input.js";
import { checkOrthonormal } from "../interchange-guard.js";
import { ENDS } from "../interventions.js";
import {
  DIRECTIONS,
  DIVERGENCE_CONTROLS,
  type Direction,
  type Divergence,
  type DivergenceControl,
  type Figure,
  type Hits,
  type Side,
} from "../measures.js";
import { bySide } from "../site.js";
import { spellHits } from "../trial-runner.js";
import type { ContextCell } from "./cell.js";
import { meanNats, removedShare } from "./divergences.js";
import { exchange } from "./exchange.js";
import { pairRows, type TextPairs } from "./token-rows.js";

/** One control in one direction. */
export interface TrialRun {
  readonly control: DivergenceControl;
  readonly direction: Direction;
  /** `[row, dModel of the target]`, states of every token but the first of each trial. */
  readonly patched: () => Float32Array;
}

type PerControl<T> = Readonly<Record<DivergenceControl, Readonly<Partial<Record<Direction, T>>>>>;

/** What was said: hits and divergences by control and direction. */
export interface TrialOutcomes extends Divergence {
  readonly hits: PerControl<Hits>;
}

/** A subspace for each model. */
export type BothSubspaces = Readonly<Record<Side, Matrix>>;

/** Whole states within each model: exact by construction. */
export function wholeRuns(cell: ContextCell): TrialRun[] {
  return wholeSwaps(cell, (source, target) => source === target);
}

/** Whole states from model to model, where the widths agree: do both use one basis? */
export function acrossRuns(cell: ContextCell): TrialRun[] {
  const { base, tuned } = cell.input.sides;
  return base.dModel === tuned.dModel
    ? wholeSwaps(cell, (source, target) => source !== target)
    : [];
}

function wholeSwaps({ input }: ContextCell, only: Selection): TrialRun[] {
  const { sides, rows, pairs } = input;
  const sources = pairRows(rows, pairs.test).source;
  return directions(only).map((direction) => {
    const { states, dModel } = sides[ENDS[direction].source];
    const patched = (): Float32Array => {
      const out = new Float32Array(sources.length * dModel);
      sources.forEach((from, r) => {
        out.set(states.subarray(from * dModel, (from + 1) * dModel), r * dModel);
      });
      return out;
    };
    return { control: "fullSwap", direction, patched };
  });
}

/** Which directions a control runs in. */
type Selection = (source: Side, target: Side) => boolean;

function directions(only: Selection): Direction[] {
  return DIRECTIONS.filter((d) => only(ENDS[d].source, ENDS[d].target));
}

/** Subspaces exchanged, in all directions or in some. */
export function subspaceRuns(
  { input, models }: ContextCell,
  control: DivergenceControl,
  {
    subspaces,
    pairs = input.pairs.test,
    only = () => true,
  }: { subspaces: BothSubspaces; pairs?: TextPairs; only?: Selection },
): TrialRun[] {
  const rows = pairRows(input.rows, pairs);
  return directions(only).map((direction) => {
    const { source, target } = ENDS[direction];
    const patched = (): Float32Array => {
      const where = `${cellName(input.key)}, ${control}, ${direction}`;
      for (const side of [source, target]) checkOrthonormal(subspaces[side], `${where}, ${side}`);
      return exchange(
        { model: models[source], subspace: subspaces[source] },
        { model: models[target], subspace: subspaces[target] },
        rows,
      ).patched;
    };
    return { control, direction, patched };
  });
}

/** A random subspace of the cell's size for each model. */
export function randomSubspaces({ input }: ContextCell, random: Stream): BothSubspaces {
  const { key, sides } = input;
  return bySide((side) => randomSubspace(key.k, sides[side].dModel, random.fork(`random/${side}`)));
}

/**
 * Runs controls on the test trials. A hit: the most probable token is the one that the target itself prefers after the
 * source text of the trial.
 */
export async function runTrials(
  { input }: ContextCell,
  runs: readonly TrialRun[],
): Promise<TrialOutcomes> {
  const { target: items, source: wanted } = input.pairs.test;
  const floors = bySide((side) =>
    Array.from(items, (item, trial) => input.sides[side].divergence(i32(wanted, trial), item)),
  );
  const hits = perControl<Hits>();
  const nats = perControl<Figure>();
  const removed = perControl<Figure>();
  for (const { control, direction, patched } of runs) {
    const { target } = ENDS[direction];
    const { continuation, top } = input.sides[target];
    const said = await continuation.forward({ items, wanted, patched: patched() });
    const labels = wanted.map((item) => i32(top, item));
    hits[control][direction] = spellHits(said.top, labels);
    const divergences = [...said.lossNats];
    nats[control][direction] = meanNats(divergences);
    removed[control][direction] = removedShare(divergences, floors[target]);
  }
  return {
    ...{ hits, nats, removedShare: removed },
    floorNats: bySide((side) => meanNats(floors[side])),
  };
}

function perControl<T>(): Record<DivergenceControl, Partial<Record<Direction, T>>> {
  const empty = DIVERGENCE_CONTROLS.map((control) => [control, {}]);
  return Object.fromEntries(empty) as Record<DivergenceControl, Partial<Record<Direction, T>>>; // keys are the controls
}
