/** @file Cells of toy worlds by maps that are no rotations, and by methods other than MAS; eight classes on a circle. */
import { describe, expect, it } from "vitest";
import { rotation, type AlignmentMap } from "../../src/align/maps/alignment-map.js";
import { MAP_FORMS } from "../../src/align/maps/forms.js";
import { METHODS, type MethodName } from "../../src/align/transfer/method.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { measureCell, type CellResult } from "../../src/measure/cell.js";
import type { CellInput } from "../../src/measure/cell-input.js";
import {
  ENDS,
  interchange,
  mapsBetween,
  naturalnessOf,
  type MapsByDirection,
} from "../../src/measure/interventions.js";
import { ROTATIONS, type MapChoice } from "../../src/measure/map-choice.js";
import { DIRECTIONS, type Direction } from "../../src/measure/measures.js";
import { prepareSite } from "../../src/measure/site.js";
import { tableRuns } from "../../src/measure/table-run.js";
import { METHOD_NAMES, MAP_NAMES } from "../../src/plan/defaults.js";
import { stream } from "../../src/stats/stream.js";
import {
  CIRCLES as world,
  IN_ORDER as base,
  rate,
  RECODED,
  toyCell,
  type ToyModel,
} from "../support/toy-world.js";

/** Toy codes lie six standard deviations of their noise apart, so what should work works nearly always. */
const CEILING = 0.95;
/** Chance is 1/8 or below (changed pairs only); with 200 trials .125 + 4 standard errors is .22. */
const CHANCE = 0.22;

const ROTATED: ToyModel = { ...base, basis: 2 };

/** The base's code on an ellipse, four times as long as wide, with a reader that knows: a stretch, no rotation. */
const STRETCHED: ToyModel = {
  ...ROTATED,
  blocks: base.blocks.map(({ writes, reads }) => ({
    ...(writes && { writes: writes.map(([x = 0, y = 0]) => [2 * x, y / 2]) }),
    ...(reads && { reads: reads.map(([x = 0, y = 0]) => [x / 2, 2 * y]) }),
  })),
};

function cellOf(
  tuned: ToyModel,
  choice: Partial<MapChoice>,
  { k = 7, steps = 60 }: { readonly k?: number; readonly steps?: number } = {},
): CellInput {
  const cell = toyCell(world, { base, tuned }, { k, budget: { pairsPerBatch: 32, steps } });
  return { ...cell, options: { ...cell.options, maps: { ...ROTATIONS, ...choice } } };
}

const measure = (...of: Parameters<typeof cellOf>): Promise<CellResult> =>
  measureCell(cellOf(...of));

function iiaOf({ measures }: CellResult): Partial<Record<Direction, number>> {
  const [trials] = measures.trials;
  return Object.fromEntries(Object.entries(trials!.iia).map(([d, hits]) => [d, rate(hits)]));
}

function formOf(name: string): MapChoice["form"] {
  return MAP_FORMS.find((form) => form.name === name)!;
}

it("the names that options take are those of the forms and the methods", () => {
  expect(MAP_NAMES).toEqual(MAP_FORMS.map(({ name }) => name));
  expect([...METHOD_NAMES].sort()).toEqual(Object.keys(METHODS).sort());
});

describe.each(MAP_FORMS.slice(1).map((form) => [form.name, form] as const))(
  "%s maps",
  (_, form) => {
    it("transfer between a model and its rotated copy, and nothing from permuted sources", async () => {
      const result = await measure(ROTATED, { form });
      const rates = iiaOf(result);
      expect(Object.keys(rates).sort()).toEqual([...DIRECTIONS].sort());
      for (const found of Object.values(rates)) expect(found).toBeGreaterThan(CEILING);
      const [trials] = result.measures.trials;
      for (const hits of Object.values(trials!.permuted)) expect(rate(hits)).toBeLessThan(CHANCE);
      expect(result.measures.maps).toMatchObject({ method: "mas", map: form.name });
    });

    it("patch to natural states, and leave their parameters", async () => {
      const { measures, tensors } = await measure(ROTATED, { form });
      for (const { ratio } of Object.values(measures.learning!.naturalness)) {
        expect(ratio).toBeGreaterThan(0.9);
        expect(ratio).toBeLessThan(1.3);
      }
      const names = Object.keys(form.start(randomSubspace(7, 64, stream(0, "p")), stream(0, "m")));
      const expected = ["base", "tuned"].flatMap((side) => [
        `causal.${side}.mean`,
        ...names.map((name) => `causal.${side}.map.${name}`),
      ]);
      expect(Object.keys(tensors).sort()).toEqual(expected.sort());
    });
  },
);

describe("a stretched code", () => {
  it("is more than a rotation can bring over", async () => {
    const rates = iiaOf(await measure(STRETCHED, {}));
    expect(rates["base→base"]).toBeGreaterThan(CEILING);
    expect(Math.min(rates["base→tuned"]!, rates["tuned→base"]!)).toBeLessThan(0.8);
  });

  it.each(["invertible", "linear"])("is brought over by %s maps", async (name) => {
    const form = formOf(name);
    const rates = iiaOf(await measure(STRETCHED, { form }, { k: 2, steps: 400 }));
    for (const [d, found] of Object.entries(rates)) expect(found, d).toBeGreaterThan(CEILING);
  });
});

it.each(["scaled", "relaxed", "invertible", "linear"])(
  "a shuffled code does not pass by %s maps, which are held to natural states",
  async (name) => {
    const rates = iiaOf(await measure(RECODED, { form: formOf(name) }));
    // what a verdict asks of a cross direction
    expect(Math.min(rates["base→tuned"]!, rates["tuned→base"]!)).toBeLessThan(0.8);
  },
);

describe("methods", () => {
  const LEARNED: Readonly<Record<Exclude<MethodName, "mas">, readonly Direction[]>> = {
    das: ["base→base", "tuned→tuned"],
    unimas: ["base→base", "base→tuned", "tuned→tuned"],
    stitching: DIRECTIONS,
    "latent-stitching": DIRECTIONS,
  };

  it.each(Object.entries(LEARNED) as [keyof typeof LEARNED, readonly Direction[]][])(
    "%s brings a rotated copy over in the directions that it learns, and has no others",
    async (method, directions) => {
      const result = await measure(ROTATED, { method });
      const rates = iiaOf(result);
      expect(Object.keys(rates).sort()).toEqual([...directions].sort());
      for (const [d, found] of Object.entries(rates)) expect(found, d).toBeGreaterThan(CEILING);
      const cross = directions.filter((d) => ENDS[d].source !== ENDS[d].target);
      expect(result.measures.maps).toMatchObject({ method, cross });
    },
  );

  it("keep maps of a direction of its own under its name", async () => {
    const { tensors, measures } = await measure(ROTATED, { method: "stitching" });
    expect(Object.keys(tensors).sort()).toEqual([
      "causal.base-tuned.base.subspace",
      "causal.base-tuned.tuned.subspace",
      "causal.base.mean",
      "causal.base.subspace",
      "causal.tuned-base.base.subspace",
      "causal.tuned-base.tuned.subspace",
      "causal.tuned.mean",
      "causal.tuned.subspace",
    ]);
    expect(measures.learning!.others!.map(({ directions }) => directions)).toEqual([
      ["tuned→base"],
      ["base→base"],
      ["tuned→tuned"],
    ]);
  });

  it("stitch with the rest of the target dropped", async () => {
    const own = (await measure(ROTATED, { method: "stitching" })).measures.learning!.naturalness;
    // a natural state holds more than its code: without the rest it lies far off
    expect(own["base→tuned"]!.ratio).not.toBeCloseTo(own["tuned→tuned"]!.ratio, 1);
  });
});

describe("a closed model", () => {
  const isClosed = (side: CellInput["sides"]["tuned"]): CellInput["sides"]["tuned"] => ({
    ...side,
    continuation: {
      ...side.continuation,
      backward: () => Promise.reject(new Error("the closed model was differentiated")),
    },
  });

  it("is never differentiated, and its maps are right all the same", async () => {
    const cell = cellOf(ROTATED, { closed: "tuned" });
    const sides = { ...cell.sides, tuned: isClosed(cell.sides.tuned) };
    const result = await measureCell({ ...cell, sides });
    const rates = iiaOf(result);
    expect(Object.keys(rates).sort()).toEqual([...DIRECTIONS].sort());
    for (const [d, found] of Object.entries(rates)) expect(found, d).toBeGreaterThan(CEILING);
    expect(result.measures.maps).toMatchObject({ closed: "tuned" });
  });

  it("would be differentiated if it were open", async () => {
    const cell = cellOf(ROTATED, { form: formOf("scaled") });
    const sides = { ...cell.sides, tuned: isClosed(cell.sides.tuned) };
    await expect(measureCell({ ...cell, sides })).rejects.toThrow("was differentiated");
  });
});

it("a learned size keeps the two dimensions of a circle, and not all seven", async () => {
  const result = await measure(ROTATED, { learnsSize: true }, { steps: 200 });
  for (const found of Object.values(iiaOf(result))) expect(found).toBeGreaterThan(CEILING);
  const { size } = result.measures.learning!;
  expect(size).toBeGreaterThanOrEqual(2);
  expect(size).toBeLessThan(7);
  const mask = result.tensors["causal.base.map.mask"]!;
  expect([...mask.data]).toEqual(Array.from({ length: 7 }, (_, i) => (i < size! ? 1 : 0)));
});

describe("one map, by the way of rotations and by the way of all maps", () => {
  const cell = cellOf(ROTATED, {});
  const site = prepareSite(cell);
  const [run] = tableRuns(cell);
  const subspace = (d: number): ReturnType<typeof rotation> =>
    rotation(randomSubspace(7, d, stream(d, "subspace")));
  const plain = { base: subspace(64), tuned: subspace(64) };
  const masked = (map: AlignmentMap): AlignmentMap => ({
    ...map,
    mask: new Float64Array(7).fill(1),
  });
  const general = { base: masked(plain.base), tuned: masked(plain.tuned) };
  const [asRotations, asMaps] = [plain, general].map(mapsBetween) as [
    MapsByDirection,
    MapsByDirection,
  ];

  it.each(DIRECTIONS)("%s: the same patched states and distances", (d) => {
    const trials = run!.test;
    const a = interchange(site, ENDS[d], { maps: asRotations[d]!, trials });
    const b = interchange(site, ENDS[d], { maps: asMaps[d]!, trials });
    // float64 sums in another order, then one rounding to float32
    const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    a.forEach((x, i) => {
      if (Math.abs(x - b[i]!) > 2 ** -23 * largest) expect(b[i]).toBe(x);
    });
    const [p, q] = [asRotations, asMaps].map((maps) =>
      naturalnessOf(site, ENDS[d], { maps: maps[d]!, trials }),
    );
    expect(q!.ratio).toBeCloseTo(p!.ratio, 9);
    expect(q!.n).toBe(p!.n);
  });

  it.each(MAP_FORMS.map((form) => [form.name, form] as const))(
    "%s: a state into itself stays to the last bit",
    (_, form) => {
      const own = { form, parameters: form.start(plain.base.parameters["p"]!, stream(1, "own")) };
      const maps = mapsBetween({ base: own })["base→base"]!;
      const trials = { target: run!.test.target, source: run!.test.target };
      const { states, dModel } = cell.sides.base;
      const patched = interchange(site, ENDS["base→base"], { maps, trials });
      run!.test.target.forEach((item, r) => {
        expect(patched.subarray(r * dModel, (r + 1) * dModel)).toEqual(
          states.subarray(item * dModel, (item + 1) * dModel),
        );
      });
    },
  );
});
