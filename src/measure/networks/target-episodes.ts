/** @file Everything that one network may be asked to go on with: the rests of its targets' runs, trial by trial. */
import { bySplit, SPLITS, type BySplit } from "../../align/transfer/problem.js";
import { present } from "../../errors.js";
import type { Rest } from "./continuation.js";
import type { Episode } from "./episode.js";
import type { NetworkStates } from "./network-states.js";
import type { PlacedRun } from "./placed-run.js";
import type { Targets, TrialGroup } from "./trial-groups.js";

/** Episodes of one group: places among {@link TargetEpisodes.rests}. */
export interface GroupEpisodes {
  /** `[trial]` */
  readonly trials: BySplit<Int32Array>;
  /** `[held-out trial]`, once the whole state is exchanged; within one task only. */
  readonly whole?: Int32Array;
}

/** What a network may be asked to go on with. */
export interface TargetEpisodes {
  readonly rests: readonly Rest[];
  readonly groups: ReadonlyMap<TrialGroup, GroupEpisodes>;
}

function tokensBefore({ run, place }: PlacedRun): Int32Array {
  // a network that reads features has one step, and nothing before it
  return run.inputs instanceof Int32Array ? run.inputs.slice(0, place) : new Int32Array(0);
}

/** Episodes of a network for the groups whose target task it reads. */
export function targetEpisodes(
  groups: readonly TrialGroup[],
  { targets, runs }: Pick<NetworkStates, "targets"> & { readonly runs?: Targets },
): TargetEpisodes {
  const rests: Rest[] = [];
  const placed = runs === undefined ? undefined : SPLITS.flatMap((split) => runs[split]);
  const append = (rows: Int32Array, episodes: readonly Episode[]): Int32Array => {
    const first = rests.length;
    rows.forEach((place, i) => {
      const rest = present(episodes[i], "rest of a target's run");
      // what is said before the last patch is said by patched states, and not scored
      const before = placed && tokensBefore(present(placed[place], "run of a target"));
      const rightBefore = before !== undefined || targets.rightBefore[place] === 1;
      rests.push({ ...rest, place, rightBefore, ...(before && { before }) });
    });
    return Int32Array.from(rows, (_, i) => first + i);
  };
  const found = groups.map((group): [TrialGroup, GroupEpisodes] => {
    const trials = bySplit((split) => append(targets.rows[split], group.sets[split].rests));
    const { wholeRests } = group.sets.test;
    const whole = wholeRests && append(targets.rows.test, wholeRests);
    return [group, { trials, ...(whole && { whole }) }];
  });
  return { rests, groups: new Map(found) };
}
