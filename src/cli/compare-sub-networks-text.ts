/** @file Sub-networks of a comparison as lines of at most 80 columns. */
import type { SubNetworksPart } from "../report/schema-sub-networks.js";
import { blocksText, hintText, spanText } from "../report/sub-networks-text.js";
import { named, numberText } from "./compare-lines.js";

/** Pairs on their own lines, at most; the page and the JSON hold all. */
const MOST_PAIRS = 12;

/** Blocks of both models, proposed pairs, and what they are. */
export function subNetworkLines({ measure, n, blocks, pairs, ...part }: SubNetworksPart): string[] {
  const { criterion, ...sides } = blocks;
  const { proposed } = pairs;
  const shown = proposed.slice(0, MOST_PAIRS).map(({ block, base, tuned, distance }) => {
    const of = block === null ? "" : ` (block ${spanText(block)})`;
    return `base ${base}${of} – tuned ${tuned}: ${numberText(distance)}`;
  });
  const left = proposed.length - shown.length;
  return [
    "Sub-networks: distances between layers by Gromov–Wasserstein (GW)",
    ...named("base", blocksText(sides.base)),
    ...named("tuned", blocksText(sides.tuned)),
    ...shown.flatMap((line, i) => named(i === 0 ? "pairs" : "", line)),
    ...(left > 0 ? named("", `and ${left} more`) : []),
    ...named("audit", hintText(pairs)),
    ...part.undefined.flatMap(({ model, layer, reason }) =>
      named("note", `${model} layer ${layer}: undefined, ${reason}`),
    ),
    "",
    ...named("GW", `${measure} (n = ${n}; 0 = the same distances between prompts)`),
    ...named("blocks", criterion),
    ...named("pairs", pairs.criterion),
  ];
}
