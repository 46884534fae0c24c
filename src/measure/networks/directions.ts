/** @file The directions of an alignment: every ordered pair of networks, block by block, with the trials it is learned from. */
import {
  bySplit,
  type ExchangeSet,
  type TransferDirection,
  type TransferSplit,
} from "../../align/transfer/problem.js";
import { present } from "../../errors.js";
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
  }: {
    readonly group: TrialGroup;
    readonly target: NetworkStates;
    readonly source: NetworkStates;
    readonly episodes: TargetEpisodes;
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
  };
}
