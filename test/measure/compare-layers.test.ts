/** @file Tables of all layers by batches of prompts: one batch is all of them, and more have the same expectation. */
import { describe, expect, it } from "vitest";
import { compareLayers } from "../../src/measure/compare-layers.js";
import type { ModelStates } from "../../src/measure/layer-states.js";
import { promptBatches } from "../../src/measure/prompt-batches.js";
import { matrix, takeRows, type Matrix } from "../../src/numeric/matrix.js";
import { cka } from "../../src/similarity/cka.js";
import { LAYER_MEASURES, type LayerMeasure } from "../../src/similarity/layer-measures.js";
import { compareSketches, ownHsicRoot, sketchLayer } from "../../src/similarity/layer-sketch.js";
import { layerTables } from "../../src/similarity/layer-tables.js";
import { mutualNeighbours } from "../../src/similarity/mutual-neighbours.js";
import { rsa } from "../../src/similarity/rsa.js";
import { stream } from "../../src/stats/stream.js";
import { pairOfViews } from "../similarity/draws.js";
import { EIGHT, halvings } from "../support/halvings.js";

/** Sketches are float32 lists of length 1: each number to 2⁻²⁴, and sums of them no worse. */
const FLOAT32 = 1e-6;
/** A number over itself, and a sum of one term. */
const EXACT = 1e-12;

const ALL = new Set(LAYER_MEASURES);
const WIDTH = 5;

/** Layers over the same items, each sharing factors with that of its number; the last one does not vary. */
function model(side: "x" | "y", n: number): { layers: Matrix[]; of: ModelStates } {
  const own = [1, 2].map((at) => pairOfViews({ seed: 10 * at, n, d1: WIDTH, d2: WIDTH })[side]);
  const layers = [...own, matrix(n, WIDTH, new Float64Array(n * WIDTH).fill(3))].map((layer) => ({
    ...layer,
    data: Float64Array.from(Float32Array.from(layer.data)),
  }));
  const states = new Map(layers.map(({ data }, i) => [i, Float32Array.from(data)] as const));
  return { layers, of: { dModel: WIDTH, states } };
}

async function compared(
  n: number,
  batches: readonly (readonly number[])[],
  measures: ReadonlySet<LayerMeasure> = ALL,
): ReturnType<typeof compareLayers> {
  let [steps, total] = [0, 0];
  const found = await compareLayers({
    ...{ base: model("x", n).of, tuned: model("y", n).of, sameDepth: true },
    ...{ batches, measures, random: stream(1, "compare") },
    begin: (count) => (total += count),
    step: () => {
      steps++;
      return Promise.resolve();
    },
  });
  expect(steps).toBe(total);
  return found;
}

const shuffled = (n: number, seed: number): number[] =>
  stream(seed, "order").shuffle([...Array(n).keys()]);

describe("layers by batches of prompts", () => {
  it("are in one batch what the sketches of all prompts give", () => {
    const [x, y] = [model("x", 40), model("y", 40)].map(({ layers }) =>
      layers.map((layer) => sketchLayer(layer, ALL)),
    ) as [ReturnType<typeof sketchLayer>[], ReturnType<typeof sketchLayer>[]];
    const pairs = x.map((a) => y.map((b) => compareSketches(a, b)));
    const roots = { base: x.map(ownHsicRoot), tuned: y.map(ownHsicRoot) };
    const [byCka, byRsa] = layerTables([{ n: 40, roots, pairs }], ALL);
    expect(byCka).toMatchObject({ measure: "linear CKA, debiased", n: 40 });
    for (const [i, row] of pairs.entries()) {
      for (const [j, { cka: whole, rsa: ranked }] of row.entries()) {
        expect(whole === null).toBe(i === 2 || j === 2); // those that do not vary
        for (const [table, value] of [
          [byCka, whole],
          [byRsa, ranked],
        ] as const) {
          // prettier-ignore
          if (value === null) expect(table!.values[i]![j]).toBeNull();
          else expect(Math.abs(table!.values[i]![j]! - value)).toBeLessThan(EXACT);
        }
      }
    }
  });

  it("agree with each measure by itself, over all prompts and over batches", async () => {
    const n = 90;
    const order = shuffled(n, 2);
    const batches = [order.slice(0, 30), order.slice(30, 60), order.slice(60)];
    const whole = await compared(n, [order]);
    const parts = await compared(n, batches);
    const [x, y] = [model("x", n).layers[0]!, model("y", n).layers[1]!];
    const dealt = { x: takeRows(x, order), y: takeRows(y, order) };
    const mean = (value: (a: Matrix, b: Matrix) => number): number =>
      batches.reduce((sum, own) => sum + value(takeRows(x, own), takeRows(y, own)) / 3, 0);
    const expected = [
      [cka(x, y), rsa(x, y)],
      [cka(dealt.x, dealt.y, { batchItems: 30 }), mean((a, b) => rsa(a, b)!)],
    ];
    for (const [i, { tables }] of [whole, parts].entries()) {
      for (const [at, table] of tables.entries()) {
        expect(Math.abs(table.values[0]![1]! - expected[i]![at]!)).toBeLessThan(FLOAT32);
        expect(table.n).toBe(n);
        expect(table.values[2]).toEqual([null, null, null]);
      }
    }
    expect(parts.tables.map(({ measure }) => measure)).toEqual([
      "linear CKA, debiased, HSIC₁ averaged over 3 batches of 30 prompts",
      "RSA, Euclidean distance, Spearman's ρ, mean over 3 batches of 30 prompts",
    ]);
    const neighbours = parts.matching[0]!.figures.at(-1)!;
    const [own, other] = [x, model("y", n).layers[0]!];
    const shares = batches.map((items) =>
      mutualNeighbours(takeRows(own, items), takeRows(other, items))!,
    );
    expect(neighbours).toMatchObject({
      measure:
        "mutual nearest neighbours, k = 10, Euclidean distance, mean over 3 batches of 30 prompts",
      n,
    });
    expect(neighbours.value).toBeCloseTo(
      shares.reduce((sum, { value }) => sum + value / 3, 0),
      12,
    );
    expect(neighbours.chance).toBeCloseTo(10 / 29, 12);
    // what is fitted is fitted once, on the same halves
    const fitted = ({ matching }: typeof whole) => matching.map(({ figures }) => figures.slice(0, 3)); // prettier-ignore
    expect(fitted(parts)).toEqual(fitted(whole));
  });

  it("have the HSIC₁ of all prompts as its mean over all ways to make two batches of four", () => {
    const { x, y } = pairOfViews({ seed: 8, n: 8, d1: 3, d2: 4 });
    const measures = new Set<LayerMeasure>(["cka"]);
    const hsic = (items: readonly number[]): number => {
      const [a, b] = [sketchLayer(takeRows(x, items), measures), sketchLayer(takeRows(y, items), measures)]; // prettier-ignore
      return compareSketches(a, b).cka! * ownHsicRoot(a) * ownHsicRoot(b);
    };
    const ways = halvings();
    expect(ways).toHaveLength(35);
    const mean = ways.reduce(
      (sum, [first, second]) => sum + (hsic(first) + hsic(second)) / 2 / ways.length,
      0,
    );
    expect(Math.abs(mean / hsic(EIGHT) - 1)).toBeLessThan(FLOAT32);
  });

  it("have on average over deals the CKA of all prompts", async () => {
    const n = 240;
    const measures = new Set<LayerMeasure>(["cka"]);
    const value = async (batches: readonly (readonly number[])[]): Promise<number> =>
      (await compared(n, batches, measures)).tables[0]!.values[0]![0]!;
    const whole = await value([shuffled(n, 0)]);
    const deals = 40;
    const found: number[] = [];
    for (let seed = 1; seed <= deals; seed++) {
      const order = shuffled(n, seed);
      found.push(await value([0, 60, 120, 180].map((from) => order.slice(from, from + 60))));
    }
    const mean = found.reduce((sum, each) => sum + each / deals, 0);
    const spread = Math.sqrt(
      found.reduce((sum, each) => sum + (each - mean) ** 2 / (deals - 1), 0),
    );
    expect(Math.abs(mean - whole)).toBeLessThan((3 * spread) / Math.sqrt(deals));
  });

  it("leave undone what is not asked", async () => {
    const { tables, matching } = await compared(30, [shuffled(30, 1)], new Set(["rsa", "cca"]));
    expect(tables.map(({ measure }) => measure)).toEqual(["RSA, Euclidean distance, Spearman's ρ"]);
    expect(matching[0]!.figures.map(({ measure }) => measure.slice(0, 5))).toEqual(["SVCCA", "PWCCA"]); // prettier-ignore
    const { layers } = model("x", 30);
    expect(sketchLayer(layers[0]!, new Set(["procrustes", "cca"]))).toEqual({ n: 30 });
    expect(Object.keys(sketchLayer(layers[0]!, new Set(["cka"])))).toEqual(["n", "cka"]);
    const none = await compared(30, [shuffled(30, 1)], new Set());
    expect(none).toEqual({ tables: [], matching: [0, 1, 2].map((layer) => ({ layer, figures: [] })) }); // prettier-ignore
  });
});

describe("batches of prompts", () => {
  it("hold every prompt once, in sizes that differ by one at most, and all at once up to 2,000", () => {
    expect(promptBatches(2000, stream(0, "b"))).toEqual([[...Array(2000).keys()]]);
    for (const n of [2001, 2999, 3001, 9995]) {
      const batches = promptBatches(n, stream(0, "b"));
      const sizes = batches.map(({ length }) => length);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(batches).toHaveLength(Math.ceil(n / 1000));
      expect(batches.flat().sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
    }
  });
});
