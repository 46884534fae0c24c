/** @file Splits: no leak, every class everywhere, the shares that were asked for, the same for the same seed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PARTS, SHARES, splitItems, type Split, type SplitMember } from "../../src/plan/splits.js";
import { stream } from "../../src/stats/stream.js";

/** Items of `groups[c]` groups of class c, each group of a size of its own. */
const collections = fc
  .array(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 12 }), {
    minLength: 2,
    maxLength: 4,
  })
  .map((classes) =>
    classes.flatMap((sizes, c) =>
      sizes.flatMap((size, g) =>
        Array.from({ length: size }, (): SplitMember => ({ group: `${c}/${g}`, class: c })),
      ),
    ),
  );

const classesOf = (items: readonly SplitMember[]): number =>
  Math.max(...items.map((item) => item.class)) + 1;

const split = (items: readonly SplitMember[], seed = 0): Split =>
  splitItems(items, { classes: classesOf(items), stream: stream(seed, "split") });

describe("laws", () => {
  test("every item is in exactly one part", () => {
    fc.assert(
      fc.property(collections, fc.nat(), (items, seed) => {
        const parts = split(items, seed);
        const all = PARTS.flatMap((part) => parts[part]).sort((a, b) => a - b);
        expect(all).toEqual(items.map((_, i) => i));
      }),
    );
  });

  test("no group stands in two parts when groups are held out", () => {
    fc.assert(
      fc.property(collections, fc.nat(), (items, seed) => {
        const parts = split(items, seed);
        expect(parts.heldOut).toBe("group");
        const where = new Map<string, string>();
        for (const part of PARTS) {
          for (const i of parts[part]) {
            const group = items[i]!.group;
            expect(where.get(group) ?? part).toBe(part);
            where.set(group, part);
          }
        }
      }),
    );
  });

  test("every part holds every class", () => {
    fc.assert(
      fc.property(collections, fc.nat(), (items, seed) => {
        const parts = split(items, seed);
        for (const part of PARTS) {
          const classes = new Set(parts[part].map((i) => items[i]!.class));
          expect(classes.size).toBe(classesOf(items));
        }
      }),
    );
  });

  test("each class has its share of each part up to one group, when groups are of one size", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 40 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        (groups, size, seed) => {
          const items = [0, 1].flatMap((c) =>
            Array.from({ length: groups * size }, (_, i) => ({
              group: `${c}/${i % groups}`,
              class: c,
            })),
          );
          const parts = split(items, seed);
          for (const part of PARTS) {
            for (const c of [0, 1]) {
              const n = parts[part].filter((i) => items[i]!.class === c).length;
              expect(Math.abs(n - SHARES[part] * groups * size)).toBeLessThanOrEqual(size);
            }
          }
        },
      ),
    );
  });

  test("the same seed gives the same split, another seed another", () => {
    const items = Array.from({ length: 60 }, (_, i) => ({ group: `g${i % 30}`, class: i % 2 }));
    expect(split(items, 1)).toEqual(split(items, 1));
    expect(split(items, 1)).not.toEqual(split(items, 2));
  });
});

test("a class with three groups makes items be held out instead, and says so", () => {
  const items = Array.from({ length: 40 }, (_, i) => ({
    group: i % 2 === 0 ? `a${i % 6}` : `b${i}`,
    class: i % 2,
  }));
  const parts = split(items);
  expect(parts.heldOut).toBe("item");
  expect(parts.train).toHaveLength(16);
  expect(parts.validation).toHaveLength(8);
  expect(parts.test).toHaveLength(16);
});

test("a class without items is left out of account", () => {
  const items = Array.from({ length: 40 }, (_, i) => ({ group: `g${i}`, class: i % 2 }));
  const parts = splitItems(items, { classes: 5, stream: stream(0, "split") });
  expect(parts.heldOut).toBe("group");
});

test("groups that hold items of two classes stay whole", () => {
  const items = Array.from({ length: 80 }, (_, i) => ({
    group: `g${i % 20}`,
    class: i % 40 < 20 ? 0 : 1,
  }));
  const parts = split(items);
  expect(parts.heldOut).toBe("group");
  const groups = PARTS.map((part) => new Set(parts[part].map((i) => items[i]!.group)));
  expect(groups.reduce((sum, set) => sum + set.size, 0)).toBe(20);
});

test("no items make an empty split", () => {
  const parts = splitItems([], { classes: 2, stream: stream(0, "split") });
  expect(parts).toMatchObject({ train: [], validation: [], test: [] });
});
