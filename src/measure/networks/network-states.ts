/** @file All states of one small network that an alignment needs: of its targets, and of its sources for each group. */
import { normaliseStates, type SiteStates } from "../../align/normalisation.js";
import { groupMeans, type Grouping } from "../../align/grouping.js";
import { bySplit, type BySplit } from "../../align/transfer/problem.js";
import { i32, joined } from "../../numeric/vector.js";
import type { TaskState } from "../../plan/sequence-task.js";
import type { Feeds } from "../../runtime/tensor.js";
import { runNaturally } from "./natural-run.js";
import type { PlacedRun } from "./placed-run.js";
import type { Steps } from "./steps.js";
import type { Targets, TrialGroup } from "./trial-groups.js";
import { valueKey } from "./trial-set.js";

/** States of one network. Rows of sources follow those of the targets. */
export interface NetworkStates {
  readonly steps: Steps;
  /** Rows of the places; then, stepwise, those of all positions before them, run by run. */
  readonly states: SiteStates;
  /** `[row of a place + 1]`: where the rows before it begin; all alike unless stepwise. */
  readonly spans: Int32Array;
  /** `[row]`, under common names. */
  readonly values: readonly TaskState[];
  /** Rows by the values of all variables. */
  readonly grouping: Grouping;
  /** `[row of the train split]`. */
  readonly train: Int32Array;
  /** `[trial]`: row of its source, for the groups whose source task the network reads. */
  readonly sources: ReadonlyMap<TrialGroup, BySplit<Int32Array>>;
  readonly targets: {
    /** `[trial]`: row of its target; also its row of `carry`, `rightBefore` and `right`. */
    readonly rows: BySplit<Int32Array>;
    readonly carry: Feeds;
    readonly rightBefore: Uint8Array;
    /** 1 where the whole natural run is right. */
    readonly right: Uint8Array;
  };
  /** `[d]`: mean natural state of the train split at these values of all variables; absent where there is none. */
  naturalMean(values: TaskState): Float64Array | undefined;
}

/**
 * Runs a network over all its runs and normalises the states by those of the train split.
 *
 * @throws {@link NumericsError} when a state is not finite.
 */
export async function collectStates(
  steps: Steps,
  {
    targets,
    groups,
    isStepwise,
    nameValues,
  }: {
    readonly targets: Targets;
    readonly groups: readonly TrialGroup[];
    /** Also the states at all positions before each place. */
    readonly isStepwise: boolean;
    readonly nameValues: (values: TaskState) => TaskState;
  },
): Promise<NetworkStates> {
  const all: PlacedRun[] = [];
  const append = (runs: readonly PlacedRun[]): Int32Array => {
    const first = all.length;
    all.push(...runs);
    return Int32Array.from(runs, (_, i) => first + i);
  };
  const rows = bySplit((split) => append(targets[split]));
  const nTargets = all.length;
  const sources = new Map(
    groups.map((group) => [group, bySplit((split) => append(group.sets[split].sources))]),
  );
  const asTarget = await natural(steps, all.slice(0, nTargets), isStepwise);
  const asSource = await natural(steps, all.slice(nTargets), isStepwise);
  const parts = [asTarget.states, asSource.states, asTarget.earlier, asSource.earlier];
  const raw = joined(parts, (length) => new Float32Array(length));
  const spans = Int32Array.from([0, ...all.map(({ place }) => (isStepwise ? place : 0))]);
  spans.forEach((length, i) => (spans[i] = length + (i === 0 ? all.length : i32(spans, i - 1))));
  const values = all.map((run) => nameValues(run.values));
  const train = Int32Array.from(
    [rows, ...sources.values()].flatMap((own) => Array.from(own.train)),
  );
  const { grouping, index } = groupByValues(values, raw.length / steps.network.d);
  const states = normaliseStates({ raw, dModel: steps.network.d, train, grouping });
  const { means, counts } = groupMeans(states.normalised, train, grouping);
  const { carry, rightBefore, right } = asTarget;
  return {
    ...{ steps, states, spans, values, grouping, train, sources },
    targets: { rows, carry, rightBefore, right },
    naturalMean: (asked) => {
      const group = index.get(valueKey(asked));
      if (group === undefined || i32(counts, group) === 0) return undefined;
      return means.data.subarray(group * means.cols, (group + 1) * means.cols);
    },
  };
}

function natural(
  steps: Steps,
  runs: readonly PlacedRun[],
  isStepwise: boolean,
): ReturnType<typeof runNaturally> {
  return runNaturally(
    steps,
    runs.map(({ run }) => run),
    Int32Array.from(runs, ({ place }) => place),
    isStepwise,
  );
}

/**
 * Groups rows by their values; groups are numbered as they come, and none is set against another. Of all `rows` only those
 * with values are in a group.
 */
function groupByValues(
  values: readonly TaskState[],
  rows: number,
): {
  readonly grouping: Grouping;
  /** Group of each assignment, by its key. */
  readonly index: ReadonlyMap<string, number>;
} {
  const index = new Map<string, number>();
  const group = new Int32Array(rows).fill(-1);
  values.forEach((value, row) => {
    const key = valueKey(value);
    const own = index.get(key) ?? index.size;
    index.set(key, own);
    group[row] = own;
  });
  return { grouping: { group, nGroups: index.size, contrast: new Int32Array(index.size) }, index };
}
