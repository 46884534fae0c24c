/** @file What a swap does to answers that it must not change: the other half of cause and isolate. */
import { i32 } from "../numeric/vector.js";
import { mapRuns, runControls, type TableContext } from "./controls.js";
import type { MapsByDirection } from "./interventions.js";
import type { Isolation, Side } from "./measures.js";
import { counterfactualGroups } from "./pair-set.js";
import { bySide } from "./site.js";
import { spellHits } from "./trial-runner.js";

/** Runs the learned maps on the isolation pairs of the cell; absent where the audit has none. */
export async function measureIsolation(
  context: TableContext,
  maps: MapsByDirection,
): Promise<Isolation | undefined> {
  const { input, run } = context;
  const { isolation: pairs, causal } = input;
  if (pairs === undefined || pairs.target.length === 0) return undefined;
  // the causal model's answer is the target's own: what was drawn as isolation pairs
  const own = pairs.target.map((item) => i32(causal.answer, i32(causal.group, item)));
  const trials = {
    target: pairs.target,
    source: pairs.source,
    group: counterfactualGroups(pairs, causal),
    label: bySide(() => own),
  };
  const { iia } = await runControls(
    { ...context, run: { ...run, test: trials } },
    mapRuns({ ...context, run: { ...run, test: trials } }, "iia", { maps }),
  );
  const untouched = (side: Side): string =>
    spellHits(
      pairs.target.map((item) => i32(input.sides[side].naturalClass, item)),
      own,
    );
  return {
    target: [...pairs.target],
    source: [...pairs.source],
    noIntervention: bySide(untouched),
    swapped: iia,
  };
}
