/** @file Everything that one network may be asked to go on with: the rests of its targets' runs, trial by trial. */
import { bySplit, type BySplit } from "../../align/transfer/problem.js";
import { present } from "../../errors.js";
import type { Rest } from "./continuation.js";
import type { Episode } from "./episode.js";
import type { NetworkStates } from "./network-states.js";
import type { TrialGroup } from "./trial-groups.js";

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

/** Episodes of a network for the groups whose target task it reads. */
export function targetEpisodes(
  groups: readonly TrialGroup[],
  { targets }: Pick<NetworkStates, "targets">,
): TargetEpisodes {
  const rests: Rest[] = [];
  const append = (rows: Int32Array, episodes: readonly Episode[]): Int32Array => {
    const first = rests.length;
    rows.forEach((place, i) => {
      const rest = present(episodes[i], "rest of a target's run");
      rests.push({ ...rest, place, rightBefore: targets.rightBefore[place] === 1 });
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
