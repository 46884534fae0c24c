/** @file The table of rows against the rows that measured cells really run. */
import { describe, expect, it } from "vitest";
import { cellRows, type CellSize, type Rows } from "../../src/measure/cell-rows.js";
import { measureCell } from "../../src/measure/cell.js";
import type { CellInput } from "../../src/measure/cell-input.js";
import { MAP_FORMS } from "../../src/align/maps/forms.js";
import { batchesRun, ROTATIONS } from "../../src/measure/map-choice.js";
import { SIDES, type Side } from "../../src/measure/measures.js";
import { curveSizes } from "../../src/measure/size-curve.js";
import { untrainedStates } from "../../src/measure/untrained.js";
import { bySide } from "../../src/measure/site.js";
import { IN_ORDER, RECODED, toyCell, type ToyModel } from "../support/toy-world.js";

const world = { classes: 8, items: 400 };
const STEPS = 12;
const K = 7;

/** Narrower, so that the curve of k has other sizes, and no model can give the other its whole states. */
const NARROW: ToyModel = { ...IN_ORDER, dModel: 48 };
/** Answers rightly whatever is patched. */
const IMMUNE: ToyModel = { ...IN_ORDER, gain: 0, elsewhere: 5 };
/** Answers nothing at all. */
const DEAF: ToyModel = { ...IN_ORDER, gain: 0 };

interface Options {
  readonly repeats: number;
  readonly controls: boolean;
}

/** A toy cell in which no learning stops early, with isolation pairs and an untrained network. */
function cellOf(
  { base, tuned }: Record<Side, ToyModel>,
  { repeats, controls }: Options,
): CellInput {
  const cell = toyCell(world, { base, tuned }, { k: K });
  const { test } = cell.pairs;
  const first = (values: Int32Array): Int32Array => values.slice(0, 30);
  const prompts = Array.from(cell.causal.value, (value) => ({ ids: [1, value + 2], position: 1 }));
  return {
    ...cell,
    isolation: {
      target: first(test.target),
      source: first(test.source),
      label: first(test.label),
    },
    untrained: (dModel) => untrainedStates(prompts, { dModel, seed: 0 }),
    options: {
      ...cell.options,
      further: { controls, repeats },
      learning: {
        ...cell.options.learning,
        ...{
          steps: STEPS,
          validateEvery: 5,
          patience: Infinity,
          pairsPerBatch: 16,
          stepsPerBatch: 4,
          batchesKept: 2,
        },
      },
    },
  };
}

/** What is not carried on but run. */
type RunRows = Pick<Rows, "forward" | "gradient">;

/** Rows that a cell runs through each model. */
async function countRows(cell: CellInput): Promise<Record<Side, RunRows>> {
  const rows = bySide(() => ({ forward: 0, gradient: 0 }));
  const counted = (side: Side): CellInput["sides"][Side] => {
    const { continuation } = cell.sides[side];
    return {
      ...cell.sides[side],
      continuation: {
        ...continuation,
        classLogProb: (items, patched) => {
          rows[side].forward += items.length;
          return continuation.classLogProb(items, patched);
        },
        backward: (items, patched, labels) => {
          rows[side].gradient += items.length;
          return continuation.backward(items, patched, labels);
        },
      },
    };
  };
  await measureCell({ ...cell, sides: bySide(counted) });
  return rows;
}

/** What becomes of the models, and what else is asked for. */
interface Case extends Options {
  readonly alive: readonly Side[];
  /** A cross direction stays short of its target's own. @defaultValue false */
  readonly fallsShort?: boolean;
}

function sizeOf(cell: CellInput, { alive, fallsShort = false }: Case): CellSize {
  const { base, tuned } = cell.sides;
  return {
    alive,
    trials: cell.pairs.test.target.length,
    validation: cell.pairs.validation.target.length,
    isolation: cell.isolation!.target.length,
    sizes: curveSizes(K, Math.min(base.dModel, tuned.dModel)).length,
    sameWidth: base.dModel === tuned.dModel,
    steps: STEPS,
    learning: cell.options.learning,
    fallsShort,
    further: cell.options.further,
  };
}

const CASES: readonly (readonly [string, Record<Side, ToyModel>, Case])[] = [
  [
    "two live models of one width",
    { base: IN_ORDER, tuned: IN_ORDER },
    { alive: SIDES, repeats: 0, controls: true },
  ],
  [
    "two live models of two widths, learned again",
    { base: IN_ORDER, tuned: NARROW },
    { alive: SIDES, repeats: 2, controls: true },
  ],
  [
    "two live models without controls",
    { base: IN_ORDER, tuned: IN_ORDER },
    { alive: SIDES, repeats: 0, controls: false },
  ],
  [
    "two live models with two codes",
    { base: IN_ORDER, tuned: RECODED },
    { alive: SIDES, fallsShort: true, repeats: 0, controls: true },
  ],
  [
    "a live base",
    { base: IN_ORDER, tuned: IMMUNE },
    { alive: ["base"], repeats: 1, controls: true },
  ],
  [
    "a live tuned model",
    { base: IMMUNE, tuned: IN_ORDER },
    { alive: ["tuned"], repeats: 0, controls: true },
  ],
  ["no live model", { base: IMMUNE, tuned: DEAF }, { alive: [], repeats: 1, controls: true }],
];

describe("the rows of a cell", () => {
  it.each(CASES)("are those of the table: %s", async (_, models, options) => {
    const cell = cellOf(models, options);
    const size = sizeOf(cell, options);
    expect(await countRows(cell)).toEqual(
      bySide((side) => {
        const { forward, gradient } = cellRows(size, side);
        return { forward, gradient };
      }),
    );
  });

  it("are those of the table where other maps run every minibatch", async () => {
    const [, models, options] = CASES[3]!;
    const maps = { ...ROTATIONS, form: MAP_FORMS[1]! };
    const rotating = cellOf(models, options);
    const cell = { ...rotating, options: { ...rotating.options, maps } };
    const size = sizeOf(cell, options);
    const learning = batchesRun(maps, cell.options.learning, 1);
    const counted = await countRows(cell);
    expect(counted).toEqual(
      bySide((side) => {
        const { forward, gradient } = cellRows({ ...size, learning }, side);
        return { forward, gradient };
      }),
    );
    expect(counted.base.gradient).not.toBe(cellRows(size, "base").gradient);
    expect(batchesRun(ROTATIONS, cell.options.learning, 1)).toBe(cell.options.learning);
  });

  it("of gradients grow with the steps alone, a batch for every few of them after the first ones", () => {
    const [, models, options] = CASES[0]!;
    const size = sizeOf(cellOf(models, options), options);
    const at = (steps: number): Rows => cellRows({ ...size, steps }, "base");
    expect(at(0).gradient).toBe(0);
    const { pairsPerBatch, stepsPerBatch } = size.learning; // 16, 4
    const learnings = 3; // the main one, shuffled labels, untrained source
    const batch = learnings * SIDES.length * pairsPerBatch;
    // two at first, two more half-way to the next, then one at a time; the two newest are looked at
    expect([1, 2, 3, 4, 5, 9].map((steps) => at(steps).gradient / batch)).toEqual([
      2, 2, 4, 4, 5, 6,
    ]);
    expect(stepsPerBatch).toBe(4);
    expect(at(5).carried).toBe((2 + 2 + 4 + 4 + 3) * batch);
    expect(cellRows({ ...size, trials: 1000, isolation: 0 }, "base").gradient).toBe(
      cellRows(size, "base").gradient,
    );
  });
});
