/** @file Cells of toy worlds with known truth. Eight classes on a circle, dModel 64, k = classes − 1. */
import { beforeAll, describe, expect, it } from "vitest";
import { ownAnswerTable } from "../../src/measure/answer-table.js";
import { measureCell, type CellResult } from "../../src/measure/cell.js";
import type { CellInput } from "../../src/measure/cell-input.js";
import { DIRECTIONS, type Direction, type Hits } from "../../src/measure/measures.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import {
  CIRCLES as world,
  DEAF as deaf,
  IN_ORDER as base,
  rate,
  RECODED as recoded,
  toyCell,
  type ToyModel,
} from "../support/toy-world.js";

/** Toy codes lie six standard deviations of their noise apart, so what should work works nearly always. */
const CEILING = 0.95;
/** Chance is 1/8 or below (changed pairs only); with 200 trials .125 + 4 standard errors is .22. */
const CHANCE = 0.22;

function rates(of: Partial<Record<Direction, Hits>>): Partial<Record<Direction, number>> {
  return Object.fromEntries(Object.entries(of).map(([d, hits]) => [d, rate(hits)]));
}

function expectAll(
  of: Partial<Record<Direction, Hits>>,
  directions: readonly Direction[],
  at: "ceiling" | "chance",
): void {
  expect(Object.keys(of).sort()).toEqual([...directions].sort());
  for (const [d, found] of Object.entries(rates(of))) {
    if (at === "ceiling") expect(found, d).toBeGreaterThan(CEILING);
    else expect(found, d).toBeLessThan(CHANCE);
  }
}

const measure = (
  tuned: ToyModel,
  options: Parameters<typeof toyCell>[2] = { k: 7 },
): Promise<CellResult> => measureCell(toyCell(world, { base, tuned }, options));

describe("a model and its copy", () => {
  let result: CellResult;
  const phases: string[] = [];
  beforeAll(async () => {
    result = await measureCell({
      ...toyCell(world, { base, tuned: base }, { k: 7 }),
      onProgress: ({ phase, step }) => phases.push(step === undefined ? phase : `${step}`),
    });
  });

  it("report the phases of the cell and the steps of learning", () => {
    expect(phases.slice(0, 4)).toEqual(["full swap", "closed form", "1", "2"]);
    expect(phases.slice(-2)).toEqual(["controls", "isolation"]);
  });

  it("give the same hits whatever the size of calls", async () => {
    const cell = toyCell(world, { base, tuned: base }, { k: 7 });
    const options = { ...cell.options, learning: { ...cell.options.learning, maxRows: 33 } };
    const { measures } = await measureCell({ ...cell, options });
    expect(measures.trials).toEqual(result.measures.trials);
  });

  it("transfer in all directions, with one basis", () => {
    const [trials] = result.measures.trials;
    for (const control of ["fullSwap", "closedForm", "iia"] as const)
      expectAll(trials![control], DIRECTIONS, "ceiling");
    expectAll(trials!.frozenBasis, ["base→tuned", "tuned→tuned"], "ceiling");
  });

  it("do not transfer permuted sources or a random subspace", () => {
    const [trials] = result.measures.trials;
    expectAll(trials!.permuted, DIRECTIONS, "chance");
    expectAll(trials!.randomSubspace, ["base→base", "tuned→tuned"], "chance");
    expect(rate(trials!.noIntervention.base)).toBeLessThan(CHANCE);
  });

  it("are patched to natural states", () => {
    for (const { ratio } of Object.values(result.measures.learning!.naturalness)) {
      expect(ratio).toBeGreaterThan(0.9);
      expect(ratio).toBeLessThan(1.15);
    }
  });

  it("leave P and μ of both models, and one hit per trial", () => {
    expect(Object.keys(result.tensors).sort()).toEqual([
      "causal.base.mean",
      "causal.base.subspace",
      "causal.tuned.mean",
      "causal.tuned.subspace",
    ]);
    expect(result.tensors["causal.base.subspace"]).toMatchObject({ dims: [7, 64] });
    const [trials] = result.measures.trials;
    expect(trials!.iia["base→tuned"]).toHaveLength(trials!.target.length);
  });

  it("give the same bytes for the same seed, and other minibatches for another", async () => {
    const bytes = (r: CellResult): string =>
      JSON.stringify([r.measures, Object.values(r.tensors).map(({ data }) => [...data])]);
    expect(bytes(await measure(base))).toBe(bytes(result));
    expect(bytes(await measure(base, { k: 7, seed: 1 }))).not.toBe(bytes(result));
  });
});

it("an exact rotation with another scale transfers; the base's own basis does not", async () => {
  const { measures } = await measure({ ...base, basis: 2, scale: 3 });
  const [trials] = measures.trials;
  expectAll(trials!.iia, DIRECTIONS, "ceiling");
  expect(rate(trials!.frozenBasis["base→tuned"])).toBeLessThan(CHANCE);
  expect(rate(trials!.frozenBasis["tuned→tuned"])).toBeLessThan(CHANCE);
  const { sigma } = measures.learning!;
  expect(Math.abs(sigma.tuned / sigma.base - 3)).toBeLessThan(1e-5); // states are float32
});

it("models of different width transfer, without whole-state swaps across", async () => {
  const { measures } = await measure({ ...base, basis: 2, dModel: 48 });
  const [trials] = measures.trials;
  expectAll(trials!.iia, DIRECTIONS, "ceiling");
  expect(Object.keys(trials!.fullSwap).sort()).toEqual(["base→base", "tuned→tuned"]);
  expect(trials!.frozenBasis).toEqual({});
});

it("a tuned model that stopped reading the variable is not trained with, but stays readable", async () => {
  const { measures, tensors } = await measure(deaf);
  const [trials] = measures.trials;
  expect(measures.learning!.trained).toEqual(["base"]);
  expectAll(trials!.iia, ["base→base"], "ceiling");
  expect(rate(trials!.fullSwap["tuned→tuned"])).toBeLessThan(CHANCE);
  expect(rate(trials!.closedForm["tuned→base"])).toBeGreaterThan(CEILING);
  expect(Object.keys(tensors).sort()).toEqual(["causal.base.mean", "causal.base.subspace"]);
});

it("two models that answer from another position are absent here: nothing is learned, nothing is claimed", async () => {
  const elsewhere: ToyModel = { ...deaf, elsewhere: 6 };
  const { measures, tensors } = await measureCell(
    toyCell(world, { base: elsewhere, tuned: elsewhere }, { k: 7 }),
  );
  expect(measures.learning).toBeUndefined();
  expect(measures.trials[0]).toMatchObject({
    iia: {},
    permuted: {},
    closedForm: {},
    frozenBasis: {},
  });
  expect(tensors).toEqual({});
});

describe("a re-coded variable, behaviour the same", () => {
  const CROSS = ["base→tuned", "tuned→base"] as const;

  it("passes in all four directions on behaviour alone: that is steering", async () => {
    const { measures } = await measure(recoded, { k: 7, naturalness: 0 });
    const [trials] = measures.trials;
    expectAll(trials!.iia, DIRECTIONS, "ceiling");
    for (const d of CROSS) expect(measures.learning!.naturalness[d]!.ratio).toBeGreaterThan(2.5);
  });

  it("fails across with the naturalness term, while each model keeps its own effect", async () => {
    const { measures } = await measure(recoded);
    const found = rates(measures.trials[0]!.iia);
    for (const d of CROSS) expect(found[d]!).toBeLessThan(0.75);
    for (const d of CROSS) expect(rate(measures.trials[0]!.closedForm[d])).toBeLessThan(0.3);
    expect(found["base→base"]!).toBeGreaterThan(0.85);
    expect(found["tuned→tuned"]!).toBeGreaterThan(0.85);
  });

  it("fails across with the pairs that an audit gives it too, a seventh of those above", async () => {
    for (const seed of [0, 1, 2]) {
      const { measures } = await measure(recoded, { k: 7, seed, budget: {} });
      const found = rates(measures.trials[0]!.iia);
      for (const d of CROSS) expect(found[d]!).toBeLessThan(0.6);
      // far above the permuted sources (1/8), so that each model is seen to encode it
      expect(found["base→base"]!).toBeGreaterThan(0.65);
      expect(found["tuned→tuned"]!).toBeGreaterThan(0.65);
    }
  });
});

describe("a tuned model that answers by another table", () => {
  const rotatedAnswers: ToyModel = { ...base, answer: [1, 2, 3, 4, 5, 6, 7, 0] };

  it("reads lost under the causal table and transfers under its own", async () => {
    const first = toyCell(world, { base, tuned: rotatedAnswers }, { k: 7 });
    const found = ownAnswerTable(first.sides.tuned.naturalClass, first.train, first.causal);
    if (found.kind !== "own") throw new Error(`table is ${found.kind}`);
    expect([...found.answer]).toEqual([1, 2, 3, 4, 5, 6, 7, 0]);
    const { measures } = await measure(rotatedAnswers, { k: 7, own: found.answer });
    const [causal, own] = measures.trials;
    expect(measures.learning!.trained).toEqual(["base"]);
    expect(rate(causal!.fullSwap["tuned→tuned"])).toBeLessThan(CHANCE);
    expect(own!.table).toBe("own");
    expectAll(own!.iia, DIRECTIONS, "ceiling");
    expect(measures.ownLearning!.trained).toEqual(["base", "tuned"]);
    expect(measures.ownTable).toMatchObject({ v0: "v1", v7: "v0" });
  });
});

describe("maps that cannot serve both models", () => {
  /** Learns nothing where two models share the maps, and keeps the closed form where one is alone. */
  const learner: NonNullable<CellInput["learner"]> = {
    name: "spoilt by company",
    learn: ({ models, random }) =>
      Promise.resolve({
        subspaces: models.map(({ start }, i) =>
          models.length === 1
            ? start
            : randomSubspace(start.rows, start.cols, random.fork(String(i))),
        ),
        steps: 0,
        bestStep: 0,
        validationLossNats: [0],
      }),
  };

  it("are learned again in each model alone, which shows its code", async () => {
    const { measures } = await measureCell({
      ...toyCell(world, { base, tuned: recoded }, { k: 7 }),
      learner,
    });
    const [trials] = measures.trials;
    for (const side of ["base", "tuned"] as const) {
      expect(rate(trials!.iia[`${side}→${side}`])).toBeLessThan(CHANCE);
      expect(rate(trials!.alone![side]!.iia)).toBeGreaterThan(CEILING);
      expect(rate(trials!.alone![side]!.permuted)).toBeLessThan(CHANCE);
    }
  });

  it("are not, where the joint maps show it already", async () => {
    const { measures } = await measure(base);
    expect(measures.trials[0]!.alone).toBeUndefined();
  });
});

describe("measureCell", () => {
  const input = (): CellInput => toyCell(world, { base, tuned: base }, { k: 7 });

  it("stops between calls when aborted", async () => {
    const controller = new AbortController();
    const running = measureCell({
      ...input(),
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 2) controller.abort();
      },
    });
    await expect(running).rejects.toThrow("aborted");
  });

  it("names the cell and the step where a model's loss is NaN", async () => {
    const cell = input();
    let calls = 0;
    const { continuation } = cell.sides.tuned;
    const broken: CellInput["sides"]["tuned"]["continuation"] = {
      ...continuation,
      backward: async (...args) => {
        const good = await continuation.backward(...args);
        return ++calls < 3 ? good : { ...good, lossNats: good.lossNats.map(() => NaN) };
      },
    };
    const sides = { ...cell.sides, tuned: { ...cell.sides.tuned, continuation: broken } };
    await expect(measureCell({ ...cell, sides })).rejects.toMatchObject({
      code: "NAN_LOSS",
      where: "toy/value, layer 1, last, k = 7, causal table, learning, step 3",
    });
  });

  it("refuses a k beyond a width", async () => {
    await expect(measure(base, { k: 65 })).rejects.toMatchObject({ code: "K_TOO_LARGE" });
  });

  it("refuses a counterfactual without a natural example to learn from", async () => {
    const cell = input();
    const train = cell.train.filter((item) => item % 8 !== 5);
    await expect(measureCell({ ...cell, train })).rejects.toMatchObject({
      code: "EMPTY_GROUP",
      found: 'none for "v5"',
    });
  });
});
