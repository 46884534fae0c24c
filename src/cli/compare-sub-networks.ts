/** @file The sub-networks of a comparison as its JSON holds them: by the numbers of layers, and with reasons. */
import { present } from "../errors.js";
import { SIDES, type Side } from "../measure/measures.js";
import { GROMOV_NAME, type SubNetworks } from "../measure/sub-networks.js";
import { layersText } from "../plan/layers.js";
import type { SubNetworksPart } from "../report/schema-sub-networks.js";
import { BLOCK_CRITERION, type LayerBlocks } from "../similarity/layer-blocks.js";
import { PAIR_CRITERION } from "../similarity/layer-pairs.js";

/** `found`, whose indices become the numbers of `layers`. */
export function subNetworksPart(
  { n, between, paired, within, blocks, pairs }: SubNetworks,
  {
    layers,
    sameDepth,
  }: {
    readonly layers: Readonly<Record<Side, readonly number[]>>;
    readonly sameDepth: boolean;
  },
): SubNetworksPart {
  const number = (side: Side, at: number): number => present(layers[side][at], "a layer");
  const numbered = (side: Side, { blocks: own, reason, p, tighter, stepRatio }: LayerBlocks) => ({
    found: own.map(([first, last]) => ({ first: number(side, first), last: number(side, last) })),
    ...{ reason: reason ?? null, p: p ?? null },
    ...{ tighter: tighter ?? null, stepRatio: stepRatio ?? null },
  });
  const [base, tuned] = [numbered("base", blocks.base), numbered("tuned", blocks.tuned)];
  const proposed = pairs.map((pair) => ({
    block: pair.block === undefined ? null : present(base.found[pair.block], "a block"),
    base: number("base", pair.base),
    tuned: number("tuned", pair.tuned),
    distance: pair.distance,
  }));
  return {
    ...{ measure: GROMOV_NAME, n, between, paired, within },
    blocks: { criterion: BLOCK_CRITERION, base, tuned },
    pairs: { criterion: PAIR_CRITERION, proposed, ...hint(proposed, sameDepth) },
    undefined: SIDES.flatMap((side) =>
      layers[side].flatMap((layer, i) =>
        within[side][i]?.[i] === null
          ? [{ model: side, layer, reason: "its states of these prompts do not vary" }]
          : [],
      ),
    ),
  };
}

/** What an audit would take: all numbers that stand in a pair. */
function hint(
  proposed: readonly { readonly base: number; readonly tuned: number }[],
  sameDepth: boolean,
): Pick<SubNetworksPart["pairs"], "layers" | "reason"> {
  if (!sameDepth) return { layers: null, reason: "the models differ in depth: an audit compares layers of equal number" }; // prettier-ignore
  if (proposed.length === 0) return { layers: null, reason: "no layer but 0 has distances" };
  const numbers = new Set(proposed.flatMap(({ base, tuned }) => [base, tuned]));
  return { layers: layersText([...numbers].sort((a, b) => a - b)), reason: null };
}
