/** @file The directions of an alignment: every ordered pair of networks, block by block, with the trials it is learned from. */
import {
  bySplit,
  type EarlierStates,
  type ExchangeSet,
  type TransferDirection,
  type TransferSplit,
} from "../../align/transfer/problem.js";
import { invariant, present } from "../../errors.js";
import { i32 } from "../../numeric/vector.js";
import { matrix } from "../../numeric/matrix.js";
import type { AlignmentRequest } from "./alignment-request.js";
import { METHODS } from "../../align/transfer/method.js";
import type { NetworkStates } from "./network-states.js";
import type { TargetEpisodes } from "./target-episodes.js";
import { groupOf, type TrialGroup } from "./trial-groups.js";

/** A direction and the trials that it shares with others. */
export interface GroupedDirection {
  readonly direction: TransferDirection;
  readonly group: TrialGroup;
}

/** What directions are laid out from; networks and episodes in the order of the request. */
export interface DirectionParts {
  readonly request: AlignmentRequest;
  readonly groups: readonly TrialGroup[];
  readonly networks: readonly NetworkStates[];
  readonly episodes: readonly TargetEpisodes[];
}

/** All directions, by target and then by source. */
export function layOut({
  request,
  groups,
  networks,
  episodes,
}: DirectionParts): readonly GroupedDirection[] {
  const isMet = (source: number, target: number): boolean =>
    request.reference === undefined ||
    source === target ||
    [source, target].includes(request.reference);
  return request.networks.flatMap(({ task: into }, target) =>
    request.networks.flatMap(({ task: from }, source) => {
      const own = source === target && request.nullBlock ? (["rest"] as const) : [];
      return [...request.blocks.keys(), ...own].map((exchanges): GroupedDirection => {
        const group = groupOf(groups, { source: from, target: into, exchanges });
        const facts = { source, target, isClosed: request.closed.has(target) };
        const parts = {
          group,
          target: present(networks[target], "target"),
          source: present(networks[source], "source"),
          episodes: present(episodes[target], "episodes"),
          isStepwise: request.isStepwise,
        };
        const direction = {
          ...{ source, target, exchanges },
          weight: isMet(source, target)
            ? METHODS[request.method].weight(facts)
            : { behaviour: 0, latent: 0 },
          sets: bySplit((split) => exchangeSet(split, parts)),
        };
        return { direction, group };
      });
    }),
  );
}

function exchangeSet(
  split: TransferSplit,
  {
    group,
    target,
    source,
    episodes,
    isStepwise,
  }: {
    readonly group: TrialGroup;
    readonly target: NetworkStates;
    readonly source: NetworkStates;
    readonly episodes: TargetEpisodes;
    readonly isStepwise: boolean;
  },
): ExchangeSet {
  const { values } = group.sets[split];
  const d = target.states.dModel;
  const natural = matrix(values.length, d);
  const hasNatural = Uint8Array.from(values, (each, i) => {
    const mean = target.naturalMean(each);
    if (mean === undefined) return 0;
    natural.data.set(mean, i * d);
    return 1;
  });
  const given = present(source.sources.get(group), "rows of the sources");
  return {
    episodes: present(episodes.groups.get(group), "episodes of a group").trials[split],
    target: { states: target.states.normalised, rows: target.targets.rows[split] },
    source: { states: source.states.normalised, rows: given[split] },
    natural: { states: natural, rows: Int32Array.from(values.keys()) },
    hasNatural,
    ...(isStepwise && {
      earlier: earlierStates(
        { spans: target.spans, rows: target.targets.rows[split] },
        { spans: source.spans, rows: given[split] },
      ),
    }),
  };
}

/** Rows of one end of all trials, with what stands before each. */
interface PlacedRows {
  readonly spans: Int32Array;
  /** `[trial]`. */
  readonly rows: Int32Array;
}

/** Position by position: both runs of a trial have their places at the same step. */
function earlierStates(target: PlacedRows, source: PlacedRows): EarlierStates {
  const lengths = Array.from(target.rows, (row) => lengthBefore(target, row));
  source.rows.forEach((row, trial) => {
    invariant(lengthBefore(source, row) === lengths[trial], "places at the same step");
  });
  const spans = new Int32Array(lengths.length + 1);
  lengths.forEach((length, trial) => (spans[trial + 1] = i32(spans, trial) + length));
  const rowsBefore = ({ spans: firsts, rows }: PlacedRows): Int32Array =>
    Int32Array.from(
      [...rows].flatMap((row, trial) =>
        Array.from({ length: lengths[trial] ?? 0 }, (_, step) => i32(firsts, row) + step),
      ),
    );
  return { spans, target: rowsBefore(target), source: rowsBefore(source) };
}

function lengthBefore({ spans }: PlacedRows, row: number): number {
  return i32(spans, row + 1) - i32(spans, row);
}
