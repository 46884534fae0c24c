/** @file Alignment of models that are functions of the caller: planted codes are found, and carried between models. */
import { describe, expect, it } from "vitest";
import { PlanError } from "../../src/errors.js";
import { interchange } from "../../src/library/interchange.js";
import { learnAlignment, type Alignment } from "../../src/library/learn-alignment.js";
import type {
  AlignmentModel,
  AlignmentPairs,
  AlignmentRequest,
} from "../../src/library/alignment-request.js";
import { argmaxRows } from "../../src/measure/trial-runner.js";
import { stream } from "../../src/stats/stream.js";
import { circle, toyCell, type ToyModel } from "../support/toy-world.js";

const CLASSES = 4;
const ITEMS = 400;
const K = 2;

const code = circle([0, 1, 2, 3], 6);
const BASE: ToyModel = { dModel: 24, basis: 1, blocks: [{ writes: code, reads: code }] };
/** Another basis, another width, another scale: the same variable. */
const OTHER: ToyModel = { ...BASE, dModel: 32, basis: 2, scale: 3 };

const groups = Int32Array.from({ length: ITEMS }, (_, i) => i % CLASSES);

function modelsOf(base: ToyModel, tuned: ToyModel): readonly [AlignmentModel, AlignmentModel] {
  const { sides } = toyCell({ classes: CLASSES, items: ITEMS }, { base, tuned }, { k: K });
  return [sides.base, sides.tuned];
}

/** Pairs of items [from, to) with different classes. */
function pairsAmong(from: number, to: number, n: number): AlignmentPairs {
  const rng = stream(3, `pairs/${from}`);
  const draw = (): number => from + rng.int(to - from);
  const target = Int32Array.from({ length: n }, draw);
  const source = target.map((t) => {
    let s = draw();
    while (groups[s] === groups[t]) s = draw();
    return s;
  });
  return { target, source };
}

const PAIRS = { train: pairsAmong(0, 200, 128), validation: pairsAmong(200, 300, 64) };
const TEST = pairsAmong(300, 400, 100);

function requestOf(models: readonly AlignmentModel[]): AlignmentRequest {
  return { models, groups, pairs: PAIRS, k: K, options: { steps: 10 } };
}

/** Share of held-out pairs in which `target` answers what the source's item says. */
async function carried(
  { subspaces }: Alignment,
  models: readonly AlignmentModel[],
  [source, target]: readonly [number, number],
): Promise<number> {
  const end = (m: number, items: Int32Array): Parameters<typeof interchange>[0] => {
    const { states, continuation } = models[m]!;
    const { dModel } = continuation;
    const rows = Array.from(items, (i) => [...states.slice(i * dModel, (i + 1) * dModel)]);
    return { subspace: subspaces[m]!, states: Float32Array.from(rows.flat()) };
  };
  const patched = interchange(end(source, TEST.source), end(target, TEST.target));
  const logProb = await models[target]!.continuation.classLogProb(TEST.target, patched);
  const answers = [...argmaxRows(logProb, CLASSES)];
  return answers.filter((answer, i) => answer === groups[TEST.source[i]!]).length / answers.length;
}

describe("learnAlignment", () => {
  it("carries a variable between two models of different basis, width and scale", async () => {
    const models = modelsOf(BASE, OTHER);
    const found = await learnAlignment(requestOf(models));
    expect(found.subspaces.map(({ k, dModel }) => [k, dModel])).toEqual([
      [K, 24],
      [K, 32],
    ]);
    for (const way of [
      [0, 0],
      [1, 1],
      [0, 1],
      [1, 0],
    ] as const)
      expect(await carried(found, models, way)).toBeGreaterThan(0.95);
    // the second model's states are three times as large
    expect(found.subspaces[1]!.sigma / found.subspaces[0]!.sigma).toBeGreaterThan(2);
  });

  it("finds the variable in one model alone", async () => {
    const [model] = modelsOf(BASE, OTHER);
    const found = await learnAlignment(requestOf([model]));
    expect(await carried(found, [model], [0, 0])).toBeGreaterThan(0.95);
  });

  it("gives orthonormal rows, from its own start and from the caller's", async () => {
    const models = modelsOf(BASE, OTHER);
    const random = await learnAlignment({ ...requestOf(models), options: { steps: 0 } });
    const started = models.map((model, m) => ({ ...model, start: random.subspaces[m]!.P }));
    for (const found of [random, await learnAlignment(requestOf(started))]) {
      for (const { P, dModel } of found.subspaces) {
        for (const [a, b] of [
          [0, 0],
          [0, 1],
          [1, 1],
        ] as const) {
          let product = 0;
          for (let i = 0; i < dModel; i++) product += P[a * dModel + i]! * P[b * dModel + i]!;
          expect(product).toBeCloseTo(a === b ? 1 : 0, 6); // float32 rows
        }
      }
    }
  });

  it("gives the same for the same request, and something else for other pairs", async () => {
    const models = modelsOf(BASE, OTHER);
    const [once, again] = [
      await learnAlignment(requestOf(models)),
      await learnAlignment(requestOf(models)),
    ];
    expect(again).toEqual(once);
    const pairs = { ...PAIRS, train: pairsAmong(0, 180, 128) };
    expect(await learnAlignment({ ...requestOf(models), pairs })).not.toEqual(once);
  });

  it("does not carry a variable into a model that does not read it", async () => {
    const models = modelsOf(BASE, { ...OTHER, gain: 0 });
    const found = await learnAlignment(requestOf(models));
    expect(await carried(found, models, [0, 0])).toBeGreaterThan(0.95);
    expect(await carried(found, models, [0, 1])).toBeLessThan(0.5);
  });

  it("tells each step, and ends when it is told to", async () => {
    const stop = new AbortController();
    const steps: number[] = [];
    const request = {
      ...requestOf(modelsOf(BASE, OTHER)),
      signal: stop.signal,
      onStep: ({ step }: { step: number }) => {
        steps.push(step);
        if (step === 3) stop.abort(new Error("enough"));
      },
    };
    await expect(learnAlignment(request)).rejects.toThrow("enough");
    expect(steps).toEqual([1, 2, 3]);
  });

  it("names every mistake of a request at once", async () => {
    const [model] = modelsOf(BASE, OTHER);
    const start = new Float32Array(K * 24).fill(1);
    const bad: AlignmentRequest = {
      models: [{ ...model, states: model.states.slice(1), start }],
      groups,
      pairs: { ...PAIRS, validation: { target: Int32Array.of(1), source: Int32Array.of(ITEMS) } },
      k: K,
      seed: -1,
    };
    const thrown = await learnAlignment(bad).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(PlanError);
    expect((thrown as PlanError).message).toMatch(
      /seed.*models\[0\].states.*models\[0\].start: expected orthonormal.*pairs.validation: expected items from 0 to 399, found 400/s,
    );
    await expect(learnAlignment({ ...requestOf([model]), k: 25 })).rejects.toThrow(PlanError);
  });
});

describe("interchange", () => {
  it("changes nothing where both ends are the same states", () => {
    const [{ states }] = modelsOf(BASE, OTHER);
    const P = Float32Array.from({ length: 24 }, (_, i) => (i === 3 ? 1 : 0));
    const subspace = { P, k: 1, dModel: 24, mean: new Float64Array(24), sigma: 2 };
    expect(interchange({ subspace, states }, { subspace, states })).toEqual(states);
  });

  it("swaps the coordinate of the subspace in units of each model's spread, and no other", () => {
    const axis = (i: number): Float32Array =>
      Float32Array.from([0, 0, 0], (_, j) => (i === j ? 1 : 0));
    const from = { P: axis(0), k: 1, dModel: 3, mean: Float64Array.of(1, 0, 0), sigma: 2 };
    const into = { P: axis(2), k: 1, dModel: 3, mean: Float64Array.of(0, 0, 4), sigma: 10 };
    const patched = interchange(
      { subspace: from, states: Float32Array.of(7, 5, 5) },
      { subspace: into, states: Float32Array.of(1, 2, 3) },
    );
    // (7 − 1) / 2 = 3 spreads above the mean there, 4 + 3 · 10 here
    expect([...patched]).toEqual([1, 2, 34]);
  });

  it("refuses ends of different k or different rows", () => {
    const subspace = {
      P: new Float32Array(2),
      k: 1,
      dModel: 2,
      mean: new Float64Array(2),
      sigma: 1,
    };
    const two = { ...subspace, P: new Float32Array(4), k: 2 };
    const end = { subspace, states: new Float32Array(4) };
    expect(() => interchange(end, { ...end, subspace: two })).toThrow(PlanError);
    expect(() => interchange(end, { ...end, states: new Float32Array(2) })).toThrow(PlanError);
    expect(() => interchange(end, { ...end, states: new Float32Array(3) })).toThrow(PlanError);
  });
});
