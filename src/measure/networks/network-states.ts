/** @file All states of one small network that an alignment needs: of its targets, and of its sources for each task. */
import { normaliseStates, type SiteStates } from "../../align/normalisation.js";
import { groupMeans, type Grouping, type GroupMeans } from "../../align/grouping.js";
import type { TransferSplit } from "../../align/transfer/problem.js";
import { present } from "../../errors.js";
import type { TaskState } from "../../plan/sequence-task.js";
import type { Feeds } from "../../runtime/tensor.js";
import { runNaturally } from "./natural-run.js";
import type { PlacedRun } from "./placed-run.js";
import type { Steps } from "./steps.js";
import { valueKey } from "./trial-set.js";

/** Splits in the order in which their rows stand. */
export const SPLITS = ["train", "validation", "test"] as const satisfies readonly TransferSplit[];

/** Runs of one purpose, by split. */
export type RunsBySplit = Readonly<Record<TransferSplit, readonly PlacedRun[]>>;

/** Rows `[first, last)` of the states, by split. */
export type RowsBySplit = Readonly<Record<TransferSplit, readonly [first: number, last: number]>>;

/** States of one network. */
export interface NetworkStates {
  readonly steps: Steps;
  readonly states: SiteStates;
  /** `[row]`, under common names. */
  readonly values: readonly TaskState[];
  /** `[row of the train split]`. */
  readonly train: Int32Array;
  /** Rows of each purpose. */
  readonly rows: ReadonlyMap<string, RowsBySplit>;
  /** Of the targets, all splits one after the other. */
  readonly targets: {
    readonly carry: Feeds;
    readonly rightBefore: Uint8Array;
    /** 1 where the whole natural run is right. */
    readonly right: Uint8Array;
  };
}

/** Purpose of the runs that are patched. */
export const TARGETS = "targets";

/**
 * Runs a network over all its runs and normalises the states by those of the train split.
 *
 * @param runs - by purpose; {@link TARGETS} among them.
 * @throws {@link NumericsError} when a state is not finite.
 */
export async function collectStates(
  steps: Steps,
  runs: ReadonlyMap<string, RunsBySplit>,
  nameValues: (values: TaskState) => TaskState,
): Promise<NetworkStates> {
  const all: PlacedRun[] = [];
  const rows = new Map<string, RowsBySplit>();
  const train: number[] = [];
  // targets stand first, so that a target's row is its row among what they carry
  const purposes = [TARGETS, ...[...runs.keys()].filter((purpose) => purpose !== TARGETS)];
  for (const purpose of purposes) {
    const own = present(runs.get(purpose), purpose);
    const places = SPLITS.map((split) => {
      const first = all.length;
      all.push(...own[split]);
      if (split === "train") train.push(...own[split].map((_, i) => first + i));
      return [split, [first, all.length]] as const;
    });
    rows.set(purpose, Object.fromEntries(places) as unknown as RowsBySplit); // one entry per split
  }
  const nTargets = present(rows.get(TARGETS), TARGETS).test[1];
  const targets = await natural(steps, all.slice(0, nTargets));
  const sources = await natural(steps, all.slice(nTargets));
  const raw = new Float32Array(all.length * steps.network.d);
  raw.set(targets.states);
  raw.set(sources.states, targets.states.length);
  const values = all.map((run) => nameValues(run.values));
  const trainRows = Int32Array.from(train);
  const grouping = groupBy(values, (value) => valueKey(value, Object.keys(value)));
  return {
    ...{ steps, values, rows, train: trainRows },
    states: normaliseStates({ raw, dModel: steps.network.d, train: trainRows, grouping }),
    targets: {
      carry: targets.carry,
      rightBefore: targets.rightBefore,
      right: targets.right,
    },
  };
}

function natural(steps: Steps, runs: readonly PlacedRun[]): ReturnType<typeof runNaturally> {
  return runNaturally(
    steps,
    runs.map(({ run }) => run),
    Int32Array.from(runs, ({ place }) => place),
  );
}

/** Groups rows by a key; groups are numbered as they come, and none is set against another. */
function groupBy(values: readonly TaskState[], key: (value: TaskState) => string): Grouping {
  const known = new Map<string, number>();
  const group = Int32Array.from(values, (value) => {
    const own = key(value);
    const index = known.get(own) ?? known.size;
    known.set(own, index);
    return index;
  });
  return { group, nGroups: known.size, contrast: new Int32Array(known.size) };
}

/** Mean natural state of each assignment of values, by its key. */
export interface NaturalMeans {
  readonly groups: GroupMeans;
  readonly index: ReadonlyMap<string, number>;
}

/** Natural means of a network by all its variables. */
export function naturalMeans({ states, values, train }: NetworkStates): NaturalMeans {
  const key = (value: TaskState): string => valueKey(value, Object.keys(value));
  const grouping = groupBy(values, key);
  const index = new Map(values.map((value, i) => [key(value), grouping.group[i] ?? 0]));
  return { groups: groupMeans(states.normalised, train, grouping), index };
}
