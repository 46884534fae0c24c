/**
 * @file Train, validation and test: by group (a focus word, by default), seeded, balanced over the classes. Words are
 * held out and not only prompts, because at a focus word 300 prompts are a few dozen distinct states.
 */
import { present } from "../errors.js";
import type { Stream } from "../stats/stream.js";

/** Names of the parts. */
export const PARTS = ["train", "validation", "test"] as const;
/** Name of a part. */
export type Part = (typeof PARTS)[number];

/** Share of the items in each part, 0 to 1, sum 1. */
export type Shares = Readonly<Record<Part, number>>;

/** Twice as much to learn from and to score as to choose by. */
export const SHARES: Shares = { train: 0.4, validation: 0.2, test: 0.4 };

/** Fewer groups of a class than this cannot be held out: one per part, and one to spare. */
const MIN_GROUPS = 4;

/** What a split needs to know of an item. */
export interface SplitMember {
  readonly group: string;
  /** Class index. */
  readonly class: number;
}

/** Indexes into the items that were split, ascending; every item is in exactly one part. */
export type Split = Readonly<Record<Part, readonly number[]>> & {
  /** What no two parts share: groups, or (where a class has fewer than four groups) only items. */
  readonly heldOut: "group" | "item";
};

/** How to split. */
export interface SplitPlan {
  /** Number of answer classes. */
  readonly classes: number;
  readonly stream: Stream;
  /** @defaultValue {@link SHARES} */
  readonly share?: Shares;
}

/** Items that stay together, with their number in each class. */
interface Bundle {
  readonly items: readonly number[];
  readonly count: readonly number[];
}

/**
 * Splits items so that no group stands in two parts and every part gets its share of every class. Classes without
 * items are left out of account. Where holding out groups cannot put every class into every part, items are held out.
 */
export function splitItems(items: readonly SplitMember[], plan: SplitPlan): Split {
  const byGroup = bundle(items, { classes: plan.classes, key: ({ group }) => group });
  if (hasEnough(byGroup, plan.classes)) {
    const split = fill(byGroup, plan);
    if (isComplete(split, items)) return { ...split, heldOut: "group" };
  }
  const single = bundle(items, { classes: plan.classes, key: (_, i) => String(i) });
  return { ...fill(single, plan), heldOut: "item" };
}

interface Bundling {
  readonly classes: number;
  readonly key: (item: SplitMember, index: number) => string;
}

function bundle(items: readonly SplitMember[], { classes, key }: Bundling): readonly Bundle[] {
  const bundles = new Map<string, number[]>();
  items.forEach((item, i) => {
    const name = key(item, i);
    const members = bundles.get(name);
    if (members === undefined) bundles.set(name, [i]);
    else members.push(i);
  });
  return [...bundles.values()].map((members) => {
    const count = new Array<number>(classes).fill(0);
    for (const i of members) add(count, present(items[i], "item").class, 1);
    return { items: members, count };
  });
}

function add(into: number[], index: number, amount: number): void {
  into[index] = present(into[index], `class ${index}`) + amount;
}

function hasEnough(bundles: readonly Bundle[], classes: number): boolean {
  return Array.from({ length: classes }, (_, c) => bundles.filter(({ count }) => at(count, c) > 0))
    .filter((groups) => groups.length > 0)
    .every((groups) => groups.length >= MIN_GROUPS);
}

function at(count: readonly number[], c: number): number {
  return present(count[c], `class ${c}`);
}

/** Largest bundles first, each to the part that lacks most of its classes; equals in seeded order. */
function fill(
  bundles: readonly Bundle[],
  { classes, stream, share = SHARES }: SplitPlan,
): Record<Part, readonly number[]> {
  const total = new Array<number>(classes).fill(0);
  for (const { count } of bundles) {
    count.forEach((n, c) => {
      add(total, c, n);
    });
  }
  const lacking = new Map(PARTS.map((part) => [part, total.map((n) => share[part] * n)]));
  const chosen: Record<Part, number[]> = { train: [], validation: [], test: [] };
  const holds = new Map(PARTS.map((part) => [part, new Set<number>()]));
  const order = stream.shuffle(bundles).sort((a, b) => b.items.length - a.items.length);
  order.forEach((next, i) => {
    const needy = PARTS.filter((part) => mustTake(next, part));
    const part = neediest(needy.length > 0 ? needy : PARTS, next, lacking);
    chosen[part].push(...next.items);
    next.count.forEach((n, c) => {
      add(present(lacking.get(part), part), c, -n);
      if (n > 0) holds.get(part)?.add(c);
    });

    /** A part without a class must take one of the last bundles that hold it. */
    function mustTake(candidate: Bundle, part: Part): boolean {
      return candidate.count.some((n, c) => {
        if (n === 0 || share[part] === 0 || holds.get(part)?.has(c) === true) return false;
        const left = order.slice(i).filter(({ count }) => at(count, c) > 0).length;
        const without = PARTS.filter((p) => share[p] > 0 && holds.get(p)?.has(c) !== true).length;
        return left <= without;
      });
    }
  });
  return {
    train: ascending(chosen.train),
    validation: ascending(chosen.validation),
    test: ascending(chosen.test),
  };
}

function neediest(
  parts: readonly Part[],
  { count }: Bundle,
  lacking: ReadonlyMap<Part, readonly number[]>,
): Part {
  const need = (part: Part): number =>
    present(lacking.get(part), part).reduce((sum, n, c) => sum + n * at(count, c), 0);
  return parts.reduce((best, part) => (need(part) > need(best) ? part : best));
}

function ascending(indexes: readonly number[]): readonly number[] {
  return [...indexes].sort((a, b) => a - b);
}

function isComplete(
  split: Readonly<Record<Part, readonly number[]>>,
  items: readonly SplitMember[],
): boolean {
  const classesOf = (part: readonly number[]): number =>
    new Set(part.map((i) => items[i]?.class)).size;
  const all = new Set(items.map((item) => item.class)).size;
  return PARTS.every((part) => classesOf(split[part]) === all);
}
