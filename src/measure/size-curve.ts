/** @file How large a subspace must be: closed-form subspaces of growing k, forward only. */
import { takeRows } from "../numeric/matrix.js";
import type { Stream } from "../stats/stream.js";
import { mapRuns, runControls, type TableContext } from "./controls.js";
import { ENDS, rotations, sidesOf, type Subspaces } from "./interventions.js";
import type { Side, SizeCurve } from "./measures.js";
import { firstTrials } from "./table-run.js";
import { startSubspaces } from "./starts.js";

/** Larger subspaces than this share of the width say little: a random one of half the width already moves answers. */
const LARGEST_SHARE = 8;
/** … and beyond this many dimensions no variable of a table needs more. */
const LARGEST_K = 32;

/** Sizes that are looked at: powers of two up to an eighth of the narrower model, and the cell's own. */
export function curveSizes(k: number, width: number): number[] {
  const most = Math.max(k, Math.min(LARGEST_K, Math.floor(width / LARGEST_SHARE)));
  const powers = Array.from({ length: 12 }, (_, i) => 2 ** i).filter((size) => size <= most);
  return [...new Set([...powers, k])].sort((a, b) => a - b);
}

/**
 * The curve of the models that are alive, each within itself. One closed form of the largest size serves all: its first
 * rows are the closed form of every smaller one.
 */
export async function measureSizeCurve(
  context: TableContext,
  { alive, random }: { readonly alive: readonly Side[]; readonly random: Stream },
): Promise<SizeCurve> {
  const { input } = context;
  const { base, tuned } = input.sides;
  const sizes = curveSizes(input.key.k, Math.min(base.dModel, tuned.dModel));
  const largest = startSubspaces(context.site, { alive, k: Math.max(...sizes), random });
  const run = firstTrials(context.run);
  const points: SizeCurve["points"][number][] = [];
  for (const k of sizes) {
    const subspaces = firstRows(largest, alive, k);
    const maps = rotations(subspaces);
    const runs = mapRuns({ ...context, run }, "closedForm", { maps }).filter(
      ({ direction: way }) => ENDS[way].source === ENDS[way].target,
    );
    points.push({ k, iia: (await runControls({ ...context, run }, runs)).closedForm });
  }
  return { n: run.test.target.length, points };
}

function firstRows(subspaces: Subspaces, alive: readonly Side[], k: number): Subspaces {
  return Object.fromEntries(
    sidesOf(subspaces)
      .filter((side) => alive.includes(side))
      .map((side) => {
        const subspace = subspaces[side];
        return [side, subspace && takeRows(subspace, Array(k).keys())];
      }),
  );
}
