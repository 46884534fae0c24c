/** @file Laws of hierarchical equality, its truth table, and planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { hierarchicalEquality as task } from "../../../audits/equality/hierarchical-equality.js";
import type { FeatureExample, FeatureTask } from "../../../src/plan/feature-task.js";
import { stream } from "../../../src/stats/stream.js";
import { refusalOf } from "../../support/refusals.js";

const EXAMPLES = 2000;

/** Standard error of a fair share of the examples is .0112; five of them. */
const FAIR = 5 * Math.sqrt(0.25 / EXAMPLES);

function draw(of: FeatureTask, n = EXAMPLES, seed = 1): FeatureExample[] {
  const random = stream(seed, "equality");
  return Array.from({ length: n }, () => of.sample(random));
}

/** W, X, Y and Z as texts. */
function vectorsOf({ features }: FeatureExample): string[] {
  return [0, 4, 8, 12].map((from) => features.slice(from, from + 4).join());
}

/** Share of the examples for which something holds. */
const shareOf = (examples: readonly FeatureExample[], holds: (of: FeatureExample) => boolean) =>
  examples.filter(holds).length / examples.length;

/** Laws of drawn examples: their faults, each a text. */
const LAWS: Readonly<Record<string, (of: FeatureTask) => string[]>> = {
  "values are what the features show": (of) =>
    draw(of).flatMap((example) => {
      const [w, x, y, z] = vectorsOf(example);
      const { left, right } = example.values;
      return left === Number(w === x) && right === Number(y === z)
        ? []
        : [vectorsOf(example).join()];
    }),

  "features are numbers from -1 to 1 with two decimals": (of) =>
    draw(of).flatMap(({ features }) =>
      [...features].flatMap((value) => {
        const steps = Math.round(value * 100);
        return Math.abs(steps) <= 100 && Math.fround(steps / 100) === value ? [] : [String(value)];
      }),
    ),

  "each variable, and the answer, is true in half of the examples": (of) => {
    const examples = draw(of);
    return [
      shareOf(examples, ({ values }) => values["left"] === 1),
      shareOf(examples, ({ values }) => values["right"] === 1),
      shareOf(examples, ({ values }) => of.outcome(values) === 1),
    ].flatMap((share) => (Math.abs(share - 0.5) < FAIR ? [] : [String(share)]));
  },

  "the answer tells whether both comparisons agree": (of) =>
    [0, 1].flatMap((left) =>
      [0, 1].flatMap((right) =>
        of.classes[of.outcome({ left, right })] === String(left === right)
          ? []
          : [`${left} ${right}`],
      ),
    ),
};

describe("hierarchical equality", () => {
  it.each(Object.entries(LAWS))("%s", (_, law) => {
    expect(law(task)).toEqual([]);
  });

  it("uses all of the range, both ends and zero among it, and no negative zero", () => {
    const values = new Set(draw(task).flatMap(({ features }) => [...features]));
    expect(values.size).toBe(201);
    for (const end of [-1, 0, 1]) expect(values).toContain(end);
    expect(draw(task).some(({ features }) => features.some((x) => Object.is(x, -0)))).toBe(false);
  });

  it("gives the same examples for the same stream, and others for another", () => {
    expect(draw(task, 5)).toEqual(draw(task, 5));
    expect(draw(task, 5, 2)).not.toEqual(draw(task, 5));
    expect(task.sample(stream(1, "a")).features).toHaveLength(task.width);
  });

  it("has the answer of an interchange in the values that it leaves", () => {
    for (const target of draw(task, 8)) {
      for (const source of draw(task, 8, 2)) {
        const { left, right } = target.values;
        const other = source.values;
        const answers = [[], ["left"], ["right"], ["left", "right"]].map((variables) =>
          task.outcome({
            ...target.values,
            ...Object.fromEntries(variables.map((name) => [name, other[name]!])),
          }),
        );
        expect(answers).toEqual([
          Number(left === right),
          Number(other["left"] === right),
          Number(left === other["right"]),
          Number(other["left"] === other["right"]),
        ]);
      }
    }
  });

  it.each([
    [{ left: 1 }, "no value"],
    [{ left: 1, right: 0.5 }, "0.5"],
    [{ left: 1, right: NaN }, "NaN"],
  ])("refuses %o", (values, found) => {
    expect(refusalOf(() => task.outcome(values))).toMatchObject({ code: "TASK_VALUE", found });
  });
});

describe("a fault planted in hierarchical equality", () => {
  const FAULTS: readonly (readonly [string, string, FeatureTask])[] = [
    [
      "a value is told the other way round",
      "values are what the features show",
      {
        ...task,
        sample: (random) => {
          const { features, values } = task.sample(random);
          return { features, values: { ...values, left: 1 - values["left"]! } };
        },
      },
    ],
    [
      "features have three decimals",
      "features are numbers from -1 to 1 with two decimals",
      {
        ...task,
        sample: (random) => {
          const { features, values } = task.sample(random);
          return { values, features: features.map((x) => x + 0.001) };
        },
      },
    ],
    [
      "equal pairs are rare, as they are where nothing is copied",
      "each variable, and the answer, is true in half of the examples",
      {
        ...task,
        sample: (random) => {
          const example = task.sample(random);
          return example.values["left"] === 1 ? task.sample(random) : example;
        },
      },
    ],
    [
      "the answer is that both are equal",
      "the answer tells whether both comparisons agree",
      { ...task, outcome: ({ left, right }) => (left === 1 && right === 1 ? 1 : 0) },
    ],
  ];

  it.each(FAULTS)("is told where %s", (_, law, faulty) => {
    expect(LAWS[law]!(faulty).length).toBeGreaterThan(0);
  });
});
