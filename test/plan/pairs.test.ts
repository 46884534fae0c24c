/** @file Pairs: inside their split, distinct, labelled by the table, balanced, the same for the same seed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Assignment } from "../../src/plan/audit.js";
import {
  changedPairs,
  isolationPairs,
  samePairs,
  trainingPairs,
  type PairPlan,
} from "../../src/plan/pairs.js";
import { stream } from "../../src/stats/stream.js";

interface Example {
  readonly items: readonly { readonly values: Assignment }[];
  readonly members: readonly number[];
}

const VALUES = ["a", "b", "c"];

/** Answer: the letter, unless the mood is "deaf", where it is always 0. */
const table = ({ letter, mood }: Assignment): number =>
  mood === "deaf" ? 0 : VALUES.indexOf(String(letter));

const examples: fc.Arbitrary<Example> = fc
  .array(fc.record({ letter: fc.constantFrom(...VALUES), mood: fc.constantFrom("open", "deaf") }), {
    minLength: 1,
    maxLength: 30,
  })
  .chain((values) =>
    fc
      .subarray(
        values.map((_, i) => i),
        { minLength: 1 },
      )
      .map((members) => ({ items: values.map((v) => ({ values: v })), members })),
  );

const plan = ({ items, members }: Example, n: number, seed = 0): PairPlan => ({
  items,
  members,
  variable: "letter",
  table,
  stream: stream(seed, "pairs"),
  n,
});

describe("laws", () => {
  test("pairs are distinct, of members, labelled with the counterfactual, and changed as promised", () => {
    fc.assert(
      fc.property(examples, fc.integer({ min: 1, max: 200 }), fc.nat(), (example, n, seed) => {
        const changed = changedPairs(plan(example, n, seed));
        const same = samePairs(plan(example, n, seed));
        for (const pairs of [changed, same]) {
          expect(pairs.length).toBeLessThanOrEqual(n);
          expect(new Set(pairs.map(({ target, source }) => `${target},${source}`)).size).toBe(
            pairs.length,
          );
          for (const { target, source, label } of pairs) {
            expect(example.members).toContain(target);
            expect(example.members).toContain(source);
            const letter = example.items[source]!.values["letter"]!;
            expect(label).toBe(table({ ...example.items[target]!.values, letter }));
          }
        }
        for (const { target, label } of changed) {
          expect(label).not.toBe(table(example.items[target]!.values));
        }
        for (const { target, source, label } of same) {
          expect(target).not.toBe(source);
          expect(label).toBe(table(example.items[target]!.values));
        }
      }),
    );
  });

  test("all pairs that exist are found when enough are asked for", () => {
    fc.assert(
      fc.property(examples, (example) => {
        const { items, members } = example;
        const valuesOf = (i: number): Assignment => items[i]!.values;
        const all = members.flatMap((t) => members.map((s) => [t, s] as const));
        const isSame = ([t, s]: readonly [number, number]): boolean =>
          t !== s && valuesOf(t)["letter"] === valuesOf(s)["letter"];
        const isChanged = ([t, s]: readonly [number, number]): boolean =>
          table({ ...valuesOf(t), letter: valuesOf(s)["letter"]! }) !== table(valuesOf(t));
        expect(changedPairs(plan(example, 10_000))).toHaveLength(all.filter(isChanged).length);
        expect(samePairs(plan(example, 10_000))).toHaveLength(all.filter(isSame).length);
      }),
    );
  });

  test("half of the pairs to learn from hold the same value, in turn", () => {
    fc.assert(
      fc.property(examples, fc.integer({ min: 2, max: 60 }), (example, n) => {
        const pairs = trainingPairs(plan(example, n));
        pairs.forEach(({ target, source }, i) => {
          const isSame =
            example.items[target]!.values["letter"] === example.items[source]!.values["letter"];
          expect(isSame).toBe(i % 2 === 1);
        });
        expect(pairs.length % 2).toBe(0);
      }),
    );
  });
});

const many: Example = {
  items: Array.from({ length: 90 }, (_, i) => ({
    values: { letter: VALUES[i % 3]!, mood: "open" },
  })),
  members: Array.from({ length: 90 }, (_, i) => i),
};

test("every target value meets every other source value equally often, and every item is used alike", () => {
  const pairs = changedPairs(plan(many, 300));
  const count = new Map<string, number>();
  const uses = new Array<number>(90).fill(0);
  for (const { target, source } of pairs) {
    const key = `${target % 3}>${source % 3}`;
    count.set(key, (count.get(key) ?? 0) + 1);
    uses[target]!++;
  }
  expect(pairs).toHaveLength(300);
  expect([...count.values()]).toEqual([50, 50, 50, 50, 50, 50]);
  expect(Math.max(...uses) - Math.min(...uses)).toBeLessThanOrEqual(2);
});

test("the same seed gives the same pairs, another seed others", () => {
  expect(changedPairs(plan(many, 50, 1))).toEqual(changedPairs(plan(many, 50, 1)));
  expect(changedPairs(plan(many, 50, 1))).not.toEqual(changedPairs(plan(many, 50, 2)));
});

test("a model's own table labels its own pairs: inverted answers are inverted labels", () => {
  const binary: Example = {
    items: ["a", "b", "a", "b"].map((letter) => ({ values: { letter, mood: "open" } })),
    members: [0, 1, 2, 3],
  };
  const inverted = { ...plan(binary, 8), table: (values: Assignment) => 1 - table(values) };
  for (const { target, label } of changedPairs(inverted)) expect(label).toBe(target % 2);
});

test("a constant table has no changed pairs", () => {
  expect(changedPairs({ ...plan(many, 50), table: () => 1 })).toEqual([]);
});

describe("isolation pairs", () => {
  /** Answers by whichever of two variables is asked for. */
  const asked = ({ question, letter, size }: Assignment): number =>
    question === "letter" ? VALUES.indexOf(String(letter)) : 10 + Number(size);
  const items = ["letter", "size"].flatMap((question) =>
    VALUES.flatMap((letter) => [0, 1].map((size) => ({ values: { question, letter, size } }))),
  );
  const isolated = (variable: string): ReturnType<typeof isolationPairs> =>
    isolationPairs({
      items,
      members: [...items.keys()],
      variable,
      table: asked,
      stream: stream(0, "isolation"),
      n: 10_000,
    });

  test("keep the target's answer by the causal model, while the source has another one", () => {
    for (const variable of ["question", "letter", "size"]) {
      const pairs = isolated(variable);
      expect(pairs.length, variable).toBeGreaterThan(0);
      for (const { target, source, label } of pairs) {
        const [to, from] = [items[target]!.values, items[source]!.values];
        expect(label).toBe(asked(to));
        expect(asked({ ...to, [variable]: (from as Assignment)[variable]! })).toBe(asked(to));
        expect(asked(from)).not.toBe(asked(to));
      }
    }
  });

  test("are all there are: none that fits is left out", () => {
    const fits = items.flatMap((to, target) =>
      items.flatMap((from, source) => {
        const stays = asked({ ...to.values, letter: from.values.letter }) === asked(to.values);
        return stays && asked(from.values) !== asked(to.values) ? [`${target},${source}`] : [];
      }),
    );
    const found = isolated("letter").map(({ target, source }) => `${target},${source}`);
    expect([...found].sort()).toEqual([...fits].sort());
  });

  test("do not exist where no other variable decides the answer", () => {
    const alone = ["a", "b", "c"].flatMap((letter) =>
      ["open", "shut"].map((mood) => ({ values: { letter, mood } })),
    );
    const pairs = isolationPairs({
      items: alone,
      members: [...alone.keys()],
      variable: "letter",
      table: ({ letter }) => VALUES.indexOf(String(letter)),
      stream: stream(0, "isolation"),
      n: 100,
    });
    expect(pairs).toEqual([]);
  });
});
