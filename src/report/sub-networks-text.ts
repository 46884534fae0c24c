/** @file Sub-networks in words: what every view of a comparison prints. */
import type { SubNetworksPart } from "./schema-sub-networks.js";

/** `blocks 1-4, 5-9 (p = 0.001, …)`, or why there are none. */
export function blocksText({
  found,
  reason,
  p,
  tighter,
  stepRatio,
}: SubNetworksPart["blocks"]["base"]): string {
  const figures = [
    ...(p === null ? [] : [`p = ${p.toFixed(3)}`]),
    ...(tighter === null ? [] : [`${(100 * tighter).toFixed(0)} % tighter`]),
    ...(stepRatio === null ? [] : [`steps across ${stepRatio.toFixed(1)} × those inside`]),
  ].join(", ");
  const said =
    reason === null ? `blocks ${found.map(spanText).join(", ")}` : `no blocks: ${reason}`;
  return figures === "" ? said : `${said} (${figures})`;
}

/** What to type for an audit of the proposed pairs, or why there is nothing. */
export function hintText({ layers, reason }: SubNetworksPart["pairs"]): string {
  return layers === null ? (reason ?? "") : `mas-audit BASE TUNED --layers ${layers}`;
}

/** `4-9`; one layer as its number. */
export function spanText({
  first,
  last,
}: {
  readonly first: number;
  readonly last: number;
}): string {
  return first === last ? String(first) : `${first}-${last}`;
}
