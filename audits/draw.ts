/**
 * @file Balanced draws from everything an audit could ask: equal shares for each cell of values, and within a
 * cell for each group, whatever the sizes of the lists.
 */
import type { Item } from "../src/plan/audit.js";
import type { Stream } from "../src/stats/stream.js";

/** Takes the first of each list, then the second of each, until all lists are used up. */
function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, turn) =>
    lists.flatMap((list) => list.slice(turn, turn + 1)),
  ).flat();
}

/** Shuffles a cell so that its groups take turns. */
function shuffleByTurns(cell: readonly Item[], stream: Stream): Item[] {
  const byGroup = new Map<string | undefined, Item[]>();
  for (const item of stream.shuffle(cell)) {
    const members = byGroup.get(item.group) ?? [];
    members.push(item);
    byGroup.set(item.group, members);
  }
  return interleave([...byGroup.values()]);
}

/**
 * Draws up to `n` items, the same ones for the same stream.
 *
 * @param cells - all items of each combination of values; cells and groups take turns.
 * @param stream - only forked, so a second draw from the same stream repeats the first.
 */
export function drawBalanced(
  cells: readonly (readonly Item[])[],
  { stream, n }: { readonly stream: Stream; readonly n: number },
): readonly Item[] {
  const shuffled = cells.map((cell, index) => shuffleByTurns(cell, stream.fork(`cell/${index}`)));
  return stream.fork("order").shuffle(interleave(shuffled).slice(0, n));
}
