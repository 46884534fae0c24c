/** @file Eight items cut in two. */

/** Places of the items. */
export const EIGHT = [...Array(8).keys()];

/** The 35 ways to cut eight items into two batches of four: `[first, second]`, with item 0 in the first. */
export function halvings(): readonly (readonly [number[], number[]])[] {
  const firsts = Array.from({ length: 2 ** 7 }, (_, bits) =>
    EIGHT.filter((item) => item === 0 || ((bits >> (item - 1)) & 1) === 1),
  ).filter((first) => first.length === 4);
  return firsts.map((first) => [first, EIGHT.filter((item) => !first.includes(item))]);
}
