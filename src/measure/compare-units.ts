/** @file The units of pairs of layers, with breath between pairs for progress and Ctrl-C. */
import { compareUnits, type UnitComparison } from "../similarity/unit-comparison.js";
import type { Stream } from "../stats/stream.js";
import { layerStates, type ModelPair, type Steps } from "./layer-states.js";

/** A base layer and a tuned one, by their numbers. */
export interface NumberedPair {
  readonly base: number;
  readonly tuned: number;
}

/** Units of one pair of layers. */
export interface ComparedUnits extends NumberedPair {
  readonly found: UnitComparison;
}

/** Compares the units of `pairs`. @throws whatever `step` throws, to stop. */
export async function compareLayerUnits(
  pairs: readonly NumberedPair[],
  { base, tuned, random, begin, step }: ModelPair & Steps & { readonly random: Stream },
): Promise<readonly ComparedUnits[]> {
  begin(pairs.length);
  const out: ComparedUnits[] = [];
  for (const pair of pairs) {
    const states = { x: layerStates(base, pair.base), y: layerStates(tuned, pair.tuned) };
    // one stream for all pairs: the same halves and units, so that layers can be compared
    out.push({ ...pair, found: compareUnits(states, random) });
    await step(`units of base layer ${pair.base} and tuned layer ${pair.tuned}`);
  }
  return out;
}
