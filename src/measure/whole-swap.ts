/** @file Whole states swapped within each model: the first gate of a cell, and of each block that is learned beside it. */
import { i32 } from "../numeric/vector.js";
import { fullSwapRuns, noHits, runControls, type TableContext } from "./controls.js";
import { isAlive } from "./gate.js";
import {
  direction,
  SIDES,
  type DirectedHits,
  type Hits,
  type Side,
  type Trials,
} from "./measures.js";
import { bySide } from "./site.js";
import { spellHits } from "./trial-runner.js";

/** Hits after whole states were swapped within each model. */
export async function swapWhole(context: TableContext): Promise<DirectedHits> {
  return (await runControls(context, fullSwapRuns(context, "within"))).fullSwap;
}

/** What the first gate says of the trials of a table. */
export interface WholeSwap {
  readonly alive: readonly Side[];
  readonly trials: Trials;
}

/** Judges the trials of a context by the gate of its cell. */
export function judgeWhole(context: TableContext, fullSwap: DirectedHits): WholeSwap {
  const noIntervened = bySide((side) => noIntervention(context, side));
  const alive = SIDES.filter((side) => {
    const swapped = fullSwap[direction(side, side)] ?? "";
    return isAlive(
      { fullSwap: swapped, noIntervention: noIntervened[side] },
      context.input.options.gate,
    );
  });
  const trials = { ...noHits(), ...trialItems(context), noIntervention: noIntervened, fullSwap };
  return { alive, trials };
}

/** What a model answers without intervention, as hits. */
export function noIntervention({ input, run }: TableContext, side: Side): Hits {
  const answers = run.test.target.map((item) => i32(input.sides[side].naturalClass, item));
  return spellHits(answers, run.test.label[side]);
}

function trialItems({ run }: TableContext): Pick<Trials, "table" | "target" | "source"> {
  return { table: run.table, target: [...run.test.target], source: [...run.test.source] };
}
