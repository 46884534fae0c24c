/** @file A small comparison as the command writes it. */
import { COMPARE_SCHEMA, compareSchema } from "../../src/report/schema-compare.js";

const table = [
  [0.25, null],
  [0.5, 0.125],
];
const found = [{ first: 0, last: 1 }];
const blocks = { found, reason: null, p: 0.001, tighter: 0.5, stepRatio: 2 };
const none = { found: [], reason: "a steady drift", p: 0.001, tighter: 0.5, stepRatio: 1 };
const figure = { measure: "mean r of pairs", reason: null, chance: 0.01, n: 40, nFit: 40 };

/** Two layers of each model, with blocks in one, units, and figures that are undefined. */
export const sampleComparison = compareSchema.parse({
  schema: COMPARE_SCHEMA,
  models: { base: "a", tuned: "b" },
  prompts: { source: "p.txt", n: 80, at: "last" },
  seed: 0,
  layers: { base: [0, 1], tuned: [0, 1] },
  tables: [],
  matching: [],
  subNetworks: {
    ...{ measure: "GW", n: 80, between: table, paired: table },
    within: { base: table, tuned: table },
    blocks: { criterion: "stated", base: blocks, tuned: none },
    pairs: {
      ...{ criterion: "closest", layers: "1", reason: null },
      proposed: [{ block: found[0], base: 1, tuned: 1, distance: 0.125 }],
    },
    undefined: [{ model: "tuned", layer: 1, reason: "its states do not vary" }],
  },
  units: {
    ...{ chance: "another order", of: "layers of equal number" },
    pairs: [
      {
        ...{ base: 0, tuned: 0, reason: "nothing varies", figures: [] },
        units: { base: { used: 0, of: 9 }, tuned: { used: 0, of: 9 } },
      },
      {
        ...{ base: 1, tuned: 1, reason: null },
        units: { base: { used: 9, of: 9 }, tuned: { used: 8, of: 9 } },
        figures: [
          { ...figure, name: "r bip", value: 0.75 },
          { ...figure, name: "cos", value: null, reason: "no shared cluster", chance: null },
        ],
      },
    ],
  },
  warnings: [],
});
