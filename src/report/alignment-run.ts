/** @file From what an alignment of small networks measured to the figures and words of its document. */
import { invariant, present } from "../errors.js";
import type { Hits, Trials } from "../measure/measures.js";
import type { AlignmentMeasures, DirectionMeasures } from "../measure/networks/align-networks.js";
import { countHits } from "../stats/hits.js";
import { measureShare } from "../verdict/figures.js";
import { judgePairs } from "../verdict/pair.js";
import type { Policy } from "../verdict/policy.js";
import type { Measure } from "../verdict/verdicts.js";
import type { AlignmentDirection, AlignmentRun } from "./schema-alignment.js";

/** What a run's document says beyond what was measured. */
export interface RunContext {
  readonly seed: number;
  /** Name of each block. */
  readonly blocks: readonly string[];
  /** Whether pairs of networks get a verdict: with MAS, which learns all four directions or is meant to predict them. */
  readonly judgesPairs: boolean;
  readonly policy: Policy;
}

/** One learning as a document shows it. */
export function describeRun(measures: AlignmentMeasures, context: RunContext): AlignmentRun {
  const { networks, directions, similarities, sizes, steps, bestStep, validationLossNats } =
    measures;
  const nameOf = (index: number): string => present(networks[index], "network").name;
  const share = (hits: Hits): Measure => measureShare(countHits(hits), context.policy.confidence);
  return {
    seed: context.seed,
    ...{ sizes: [...sizes], steps, bestStep, validationLossNats: [...validationLossNats] },
    networks: networks.map(({ natural, ...network }) => ({ ...network, natural: { ...natural } })),
    directions: directions.map((of) => ({
      ...{ source: nameOf(of.source), target: nameOf(of.target) },
      exchanges: blockName(of, context),
      ...{ learned: of.isLearned, iia: share(of.iia), tokenShare: of.tokenShare },
      ...(of.divergence && { divergence: of.divergence }),
      noIntervention: share(of.noIntervention),
      permuted: share(of.permuted),
      randomSubspace: share(of.randomSubspace),
      closedForm: share(of.closedForm),
      ...(of.fullSwap !== undefined && { fullSwap: share(of.fullSwap) }),
    })) as AlignmentDirection[], // the same figures: zod's types only let their lists be written to
    similarities: similarities.map(({ base, tuned, value, ...facts }) => ({
      ...{ base: nameOf(base), tuned: nameOf(tuned), ...facts, value: value ?? null },
    })),
    pairs: context.judgesPairs ? describePairs(measures, context) : [],
  };
}

function blockName({ exchanges }: DirectionMeasures, { blocks }: RunContext): string {
  return exchanges === "rest" ? "rest" : present(blocks[exchanges], "block");
}

function describePairs(
  { networks, directions }: AlignmentMeasures,
  context: RunContext,
): AlignmentRun["pairs"] {
  const pairs = networks.flatMap((_, base) =>
    networks.flatMap((_unused, tuned) =>
      context.blocks.flatMap((_name, block) => (base < tuned ? [{ base, tuned, block }] : [])),
    ),
  );
  const verdicts = judgePairs(
    pairs.map((pair) => trialsOf(directions, pair)),
    context.policy,
  );
  return pairs.map(({ base, tuned, block }, i) => {
    const { verdict, reasons, n, ratio } = present(verdicts[i], "verdict of a pair");
    return {
      ...{
        base: present(networks[base], "base").name,
        tuned: present(networks[tuned], "tuned").name,
      },
      exchanges: present(context.blocks[block], "block"),
      ...{ verdict, reasons, n, ratio },
    } as AlignmentRun["pairs"][number]; // as above
  });
}

/** Outcomes of a pair as those of an audit's cell. */
function trialsOf(
  directions: readonly DirectionMeasures[],
  { base, tuned, block }: { readonly base: number; readonly tuned: number; readonly block: number },
): Trials {
  const at = (source: number, target: number): DirectionMeasures => {
    const found = directions.find(
      (each) => each.source === source && each.target === target && each.exchanges === block,
    );
    invariant(found !== undefined, `no direction ${source}→${target} of block ${block}`);
    return found;
  };
  const four = {
    "base→base": at(base, base),
    "base→tuned": at(base, tuned),
    "tuned→base": at(tuned, base),
    "tuned→tuned": at(tuned, tuned),
  };
  const each = (pick: (of: DirectionMeasures) => Hits): Trials["iia"] =>
    Object.fromEntries(Object.entries(four).map(([key, of]) => [key, pick(of)]));
  const trials = Array.from(four["base→base"].iia, (_, trial) => trial);
  const whole = (of: DirectionMeasures): Hits => present(of.fullSwap, "whole state exchanged");
  return {
    table: "causal",
    ...{ target: trials, source: trials },
    fullSwap: { "base→base": whole(four["base→base"]), "tuned→tuned": whole(four["tuned→tuned"]) },
    noIntervention: {
      base: four["base→base"].noIntervention,
      tuned: four["tuned→tuned"].noIntervention,
    },
    iia: each(({ iia }) => iia),
    permuted: each(({ permuted }) => permuted),
    randomSubspace: each(({ randomSubspace }) => randomSubspace),
    closedForm: each(({ closedForm }) => closedForm),
    frozenBasis: {},
  };
}
