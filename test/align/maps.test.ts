/** @file Alignment maps: what each form keeps, and that its hand-derived gradients are those of finite differences. */
import { describe, expect, it } from "vitest";
import { MAP_FORMS } from "../../src/align/maps/forms.js";
import { zeroLike, type MapForm, type MapParameters } from "../../src/align/maps/map.js";
import { createMapOptimiser } from "../../src/align/maps/optimiser.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { exchange } from "../../src/align/transfer/exchange.js";
import { latentLoss } from "../../src/align/transfer/latent-loss.js";
import { boundarySlope, sizeAt, softMask } from "../../src/align/transfer/size.js";
import { matrix, multiplyTransposed, type Matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";
import { gaussian } from "../similarity/draws.js";

const [K, D_SOURCE, D_TARGET, ROWS] = [3, 6, 7, 5] as const;

/** Sums of fewer than 10³ products of numbers near 1, in double precision. */
const ROUNDING = 1e-12;
/** Central differences with step h err by h² × a third derivative near 1 and by rounding / h: both below 1e-8 at h = 1e-5. */
const STEP = 1e-5;
const DIFFERENCE = 1e-7;

/** Parameters away from the start, where every term of a gradient is alive; constraints of the form hold. */
function wandered(form: MapForm, d: number, name: string): MapParameters {
  const random = stream(5, name);
  const start = form.start(randomSubspace(K, d, random), random);
  const optimiser = createMapOptimiser(form, start);
  let now = start;
  for (let i = 0; i < 4; i++) {
    const gradient = Object.fromEntries(
      Object.entries(now).map(([key, { rows, cols }]) => [key, gaussian(random, rows, cols)]),
    );
    now = optimiser.step(now, gradient, { rows: 0.01, free: 0.1 });
  }
  return now;
}

function worst(a: Matrix, b: Matrix): number {
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}

describe.each(MAP_FORMS)("the $name map", (form) => {
  const source = wandered(form, D_SOURCE, "source");
  const target = wandered(form, D_TARGET, "target");
  const from = gaussian(stream(1, "from"), ROWS, D_SOURCE);
  const into = gaussian(stream(1, "into"), ROWS, D_TARGET);
  const mask = Float64Array.of(1, 0.25, 0);
  const weights = gaussian(stream(1, "weights"), ROWS, D_TARGET);
  const whole = { form, donor: source, keeper: target, from, into, mask };

  it("changes nothing by a shift of nothing", () => {
    const { states } = form.decode(target, into, matrix(ROWS, K));
    expect(worst(states, into)).toBeLessThan(ROUNDING);
  });

  it("gives back the coordinates that were put in, unless encoder and decoder are apart", () => {
    const shift = gaussian(stream(2, "shift"), ROWS, K);
    const before = form.encode(target, into).z;
    const after = form.encode(target, form.decode(target, into, shift).states).z;
    const wanted = matrix(
      ROWS,
      K,
      before.data.map((value, i) => value + shift.data[i]!),
    );
    const error = worst(after, wanted);
    if (form.name === "linear") expect(error).toBeGreaterThan(0.01);
    else expect(error).toBeLessThan(1e3 * ROUNDING); // through an inverse
  });

  it("leaves a state alone that is exchanged with itself", () => {
    const { states } = exchange({ ...whole, donor: target, from: into });
    expect(worst(states, into)).toBeLessThan(ROUNDING);
  });

  it("has the gradients of finite differences, in both maps and in the mask", () => {
    const loss = (donor: MapParameters, keeper: MapParameters, by = mask): number =>
      exchange({ ...whole, donor, keeper, mask: by }).states.data.reduce(
        (total, value, i) => total + value * weights.data[i]!,
        0,
      );
    const gradient = { donor: zeroLike(source), keeper: zeroLike(target) };
    const maskSlope = exchange(whole).pull(weights, gradient);
    const nudged = (of: MapParameters, name: string, i: number, by: number): MapParameters => {
      const own = of[name]!;
      const data = own.data.slice();
      data[i] = data[i]! + by;
      return { ...of, [name]: { ...own, data } };
    };
    for (const [name, slope] of Object.entries(gradient.donor)) {
      slope.data.forEach((value, i) => {
        const found =
          (loss(nudged(source, name, i, STEP), target) -
            loss(nudged(source, name, i, -STEP), target)) /
          (2 * STEP);
        expect(Math.abs(found - value), `donor ${name} ${i}`).toBeLessThan(DIFFERENCE);
      });
    }
    for (const [name, slope] of Object.entries(gradient.keeper)) {
      slope.data.forEach((value, i) => {
        const found =
          (loss(source, nudged(target, name, i, STEP)) -
            loss(source, nudged(target, name, i, -STEP))) /
          (2 * STEP);
        expect(Math.abs(found - value), `keeper ${name} ${i}`).toBeLessThan(DIFFERENCE);
      });
    }
    maskSlope.forEach((value, i) => {
      const moved = (by: number): typeof mask => mask.map((m, j) => (j === i ? m + by : m));
      const found =
        (loss(source, target, moved(STEP)) - loss(source, target, moved(-STEP))) / (2 * STEP);
      expect(Math.abs(found - value)).toBeLessThan(DIFFERENCE);
    });
  });

  it("keeps its constraint over steps", () => {
    for (const name of form.orthonormal) {
      const gram = multiplyTransposed(target[name]!, target[name]!);
      const identity = matrix(
        K,
        K,
        gram.data.map((_, i) => (i % (K + 1) === 0 ? 1 : 0)),
      );
      expect(worst(gram, identity)).toBeLessThan(ROUNDING);
    }
  });
});

describe("maps of all forms", () => {
  it("start as one and the same rotation", () => {
    const random = stream(3, "start");
    const subspace = randomSubspace(K, D_TARGET, random);
    const states = gaussian(random, ROWS, D_TARGET);
    const shift = gaussian(random, ROWS, K);
    const [first, ...others] = MAP_FORMS.map((form) =>
      form.decode(form.start(subspace, random.fork(form.name)), states, shift),
    );
    for (const other of others) {
      expect(worst(other.states, first!.states)).toBeLessThan(ROUNDING);
    }
  });
});

describe("the counterfactual latent loss", () => {
  const states = gaussian(stream(4, "states"), ROWS, D_TARGET);
  const natural = gaussian(stream(4, "natural"), ROWS, D_TARGET);
  const all = new Uint8Array(ROWS).fill(1);

  it("is 0 at the latent itself, and absent where there is none", () => {
    const { loss, slope, n } = latentLoss(states, states, Uint8Array.of(1, 1, 0, 1, 1));
    expect(n).toBe(4);
    expect(Math.max(...loss)).toBeLessThan(ROUNDING);
    expect(slope.data.every((value) => Math.abs(value) < ROUNDING)).toBe(true);
  });

  it("has the gradient of finite differences", () => {
    const { slope } = latentLoss(states, natural, all);
    const total = (data: Float64Array): number =>
      latentLoss(matrix(ROWS, D_TARGET, data), natural, all).loss.reduce((sum, x) => sum + x, 0);
    slope.data.forEach((value, i) => {
      const moved = (by: number): Float64Array => states.data.map((x, j) => (j === i ? x + by : x));
      const found = (total(moved(STEP)) - total(moved(-STEP))) / (2 * STEP);
      expect(Math.abs(found - value)).toBeLessThan(DIFFERENCE);
    });
  });
});

describe("a learned size", () => {
  it("is a whole block at its end, and has the slope of finite differences in between", () => {
    expect(sizeAt(8, 8)).toBe(8);
    expect(sizeAt(0.2, 8)).toBe(1);
    const weights = gaussian(stream(6, "weights"), 1, 8).data;
    const total = (boundary: number): number =>
      softMask(8, boundary, 0.7).reduce((sum, m, i) => sum + m * weights[i]!, 0);
    const found = (total(3.3 + STEP) - total(3.3 - STEP)) / (2 * STEP);
    const slope = boundarySlope(softMask(8, 3.3, 0.7), weights, 0.7);
    expect(Math.abs(found - slope)).toBeLessThan(DIFFERENCE);
  });
});
