/**
 * @file Which weight of one model is which of the other. Only weights in the same place (block, role, shape, number of products
 * before) can be a pair; among those a shared name decides, then being alone, then equal or clearly related contents. What
 * is left is listed and never guessed.
 */
import { compareWeights, sampleCosine, sharesBytes } from "./compare-weights.js";
import { isReadable } from "./weight-reader.js";
import type { WeightSlot } from "./weight-slots.js";

/** How a pair was found. */
export type MatchedBy = "name" | "place" | "content";

/** Two weights that are each other's counterpart. */
export interface WeightPair {
  readonly base: WeightSlot;
  readonly tuned: WeightSlot;
  readonly by: MatchedBy;
}

/** Pairs, and what has no counterpart. */
export interface Matching {
  readonly pairs: readonly WeightPair[];
  readonly onlyBase: readonly WeightSlot[];
  readonly onlyTuned: readonly WeightSlot[];
}

/** Cosine of a pair whose contents are related, and its least lead over every other candidate. */
const RELATED = 0.5;
const LEAD = 0.25;

/** Pairs the weights of two models; the order is that of the base. */
export function matchWeights(base: readonly WeightSlot[], tuned: readonly WeightSlot[]): Matching {
  const groups = new Map<string, { base: WeightSlot[]; tuned: WeightSlot[] }>();
  for (const [side, slots] of [["base", base] as const, ["tuned", tuned] as const]) {
    for (const slot of slots) {
      const key = placeKey(slot);
      const group = groups.get(key) ?? { base: [], tuned: [] };
      group[side].push(slot);
      groups.set(key, group);
    }
  }
  const found = [...groups.values()].map(matchGroup);
  const order = new Map(base.map((slot, i) => [slot, i]));
  const pairs = found.flatMap((matching) => matching.pairs);
  return {
    pairs: pairs.sort((a, b) => (order.get(a.base) ?? 0) - (order.get(b.base) ?? 0)),
    onlyBase: found.flatMap(({ onlyBase }) => onlyBase),
    onlyTuned: found.flatMap(({ onlyTuned }) => onlyTuned),
  };
}

function placeKey({ layer, role, depth, dims }: WeightSlot): string {
  return [layer, role, depth, dims.join("×")].join(" ");
}

function matchGroup(group: {
  readonly base: readonly WeightSlot[];
  readonly tuned: readonly WeightSlot[];
}): Matching {
  const left = { base: [...group.base], tuned: [...group.tuned] };
  const pairs: WeightPair[] = [];
  const take = (base: WeightSlot, tuned: WeightSlot, by: MatchedBy): void => {
    pairs.push({ base, tuned, by });
    left.base.splice(left.base.indexOf(base), 1);
    left.tuned.splice(left.tuned.indexOf(tuned), 1);
  };
  for (const base of group.base) {
    const named = left.tuned.filter(({ name }) => name !== undefined && name === base.name);
    const [only, ...others] = named;
    if (only !== undefined && others.length === 0) take(base, only, "name");
  }
  const [a, b] = [left.base[0], left.tuned[0]];
  if (a !== undefined && b !== undefined && left.base.length === 1 && left.tuned.length === 1)
    take(a, b, "place");
  else
    for (const [base, tuned] of relatedPairs(left.base, left.tuned)) take(base, tuned, "content");
  return { pairs, onlyBase: left.base, onlyTuned: left.tuned };
}

/** Pairs with equal contents; then those that are each other's best by a clear lead. */
function relatedPairs(
  base: readonly WeightSlot[],
  tuned: readonly WeightSlot[],
): [WeightSlot, WeightSlot][] {
  if (base.length === 0 || tuned.length === 0) return [];
  const free = new Set(tuned);
  const equal = base.flatMap((a): [WeightSlot, WeightSlot][] => {
    const b = [...free].find((candidate) => areEqual(a, candidate));
    if (b === undefined) return [];
    free.delete(b);
    return [[a, b]];
  });
  const taken = new Set(equal.map(([a]) => a));
  const rows = base.filter((slot) => !taken.has(slot) && isReadable(slot.tensor));
  const columns = [...free].filter(({ tensor }) => isReadable(tensor));
  const cosines = rows.map((a) => columns.map((b) => sampleCosine(a, b) ?? 0));
  const related = rows.flatMap((a, i): [WeightSlot, WeightSlot][] => {
    const own = cosines[i] ?? [];
    const best = Math.max(...own);
    const j = own.indexOf(best);
    const rivals = [
      ...own.filter((_, k) => k !== j),
      ...cosines.flatMap((row, k) => (k === i ? [] : [row[j] ?? 0])),
    ];
    const b = columns[j];
    const isClear = best >= RELATED && rivals.every((rival) => rival <= best - LEAD);
    return b !== undefined && isClear ? [[a, b]] : [];
  });
  return [...equal, ...related];
}

function areEqual(a: WeightSlot, b: WeightSlot): boolean {
  if (sharesBytes(a, b)) return true;
  if (!isReadable(a.tensor) || !isReadable(b.tensor)) return false;
  // the sample first: two different matrices are told apart by their first rows
  if ((sampleCosine(a, b) ?? 1) < 0.999) return false;
  return compareWeights(a, b).state !== "changed";
}
