/** @file All trials of an alignment: one group per source task, target task and exchanged block. */
import { bySplit, type BySplit } from "../../align/transfer/problem.js";
import { present } from "../../errors.js";
import type { Stream } from "../../stats/stream.js";
import type { AlignmentRequest } from "./alignment-request.js";
import { restOf } from "./episode.js";
import type { PlacedRun, RunTask } from "./placed-run.js";
import { commonValues, drawTrials, type Renaming, type TrialSet } from "./trial-set.js";

/** Trials that all directions between two tasks share. */
export interface TrialGroup {
  readonly source: RunTask;
  readonly target: RunTask;
  /** Place of the block in the request; or everything outside all blocks, within one task. */
  readonly exchanges: number | "rest";
  readonly sets: BySplit<TrialSet>;
}

/** Runs that are patched, by split. */
export type Targets = BySplit<readonly PlacedRun[]>;

/** Everything drawn for an alignment. */
export interface DrawnTrials {
  /** By id of the task. */
  readonly targets: ReadonlyMap<string, Targets>;
  readonly groups: readonly TrialGroup[];
}

/** What of a request decides its trials. */
type TrialRequest = Pick<
  AlignmentRequest,
  "networks" | "blocks" | "renaming" | "anySource" | "isStepwise" | "nullBlock" | "trials"
>;

/** Draws the trials of all tasks. @throws as `drawTrials`. */
export function drawGroups(request: TrialRequest, random: Stream): DrawnTrials {
  const tasks = [...new Map(request.networks.map(({ task }) => [task.id, task])).values()];
  const targets = new Map(
    tasks.map((task) => [
      task.id,
      bySplit((split) => {
        const draw = random.fork(`targets/${task.id}/${split}`);
        return Array.from({ length: request.trials[split] }, () => task.draw(draw));
      }),
    ]),
  );
  const { renaming, anySource, isStepwise } = request;
  const groups = tasks.flatMap((source) =>
    tasks.flatMap((target) =>
      request.blocks.map((exchanged, exchanges): TrialGroup => {
        const own = present(targets.get(target.id), "targets");
        const draw = random.fork(`sources/${source.id}→${target.id}/${exchanges}`);
        const sets = bySplit((split) =>
          drawTrials(own[split], {
            ...{
              sourceTask: source,
              targetTask: target,
              exchanged,
              renaming,
              anySource,
              isStepwise,
            },
            random: draw.fork(split),
          }),
        );
        return { source, target, exchanges, sets };
      }),
    ),
  );
  if (!request.nullBlock) return { targets, groups };
  const unchanged = tasks.map((task): TrialGroup => {
    const own = present(targets.get(task.id), "targets");
    const { sets } = groupOf(groups, { source: task, target: task, exchanges: 0 });
    return {
      ...{ source: task, target: task, exchanges: "rest" },
      sets: bySplit((split) => unchangedTrials(own[split], { ...sets[split], task, renaming })),
    };
  });
  return { targets, groups: [...groups, ...unchanged] };
}

/** The group of what is exchanged between two tasks. */
export function groupOf(
  groups: readonly TrialGroup[],
  { source, target, exchanges }: Omit<TrialGroup, "sets">,
): TrialGroup {
  const found = groups.find(
    (group) =>
      group.source.id === source.id &&
      group.target.id === target.id &&
      group.exchanges === exchanges,
  );
  return present(found, `trials ${source.id}→${target.id}/${exchanges}`);
}

/** Trials after which the targets should go on as they are. */
function unchangedTrials(
  targets: readonly PlacedRun[],
  {
    sources,
    task,
    renaming,
  }: Pick<TrialSet, "sources"> & { readonly task: RunTask; readonly renaming: Renaming },
): TrialSet {
  return {
    sources,
    rests: targets.map(({ run, place }) => restOf(run, place)),
    values: targets.map(({ values }) => commonValues(task, values, renaming)),
  };
}
