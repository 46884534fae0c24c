/** @file Normalisation, Ledoit–Wolf precision, distinct states and naturalness against dense or hand-made answers. */
import { describe, expect, it } from "vitest";
import { fitPrecision } from "../../src/align/covariance.js";
import { distinctItems } from "../../src/align/distinct.js";
import { codeOf, groupMeans, type Grouping } from "../../src/align/grouping.js";
import { coordinateDifference, patchStates } from "../../src/align/interchange.js";
import { fitNaturalStates } from "../../src/align/natural-states.js";
import { squaredDistances } from "../../src/align/naturalness.js";
import { normaliseStates } from "../../src/align/normalisation.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { matrix, transposedMultiply, type Matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";

/** Solves of well-conditioned systems of up to 40 unknowns in float64. */
const SOLVE = 1e-9;

function gaussian(
  rows: number,
  cols: number,
  seed: number,
  spread: (c: number) => number = () => 1,
): Matrix {
  const draw = stream(seed, "states");
  return matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, (_, i) => spread(i % cols) * draw.normal()),
  );
}

/** Two groups in turn, one contrast. */
function alternate(n: number): Grouping {
  return {
    group: Int32Array.from({ length: n }, (_, i) => i % 2),
    nGroups: 2,
    contrast: Int32Array.of(0, 0),
  };
}

const all = (n: number): Int32Array => Int32Array.from(Array(n).keys());

describe("fitPrecision", () => {
  it.each([
    ["fewer residuals than dimensions", 12, 30],
    ["more residuals than dimensions", 40, 8],
  ])("inverts (1 − ρ) S + ρ m I with %s", (_, n, d) => {
    const x = gaussian(n, d, 1, (c) => 2 * 0.8 ** c);
    const precision = fitPrecision(x);
    const scatter = transposedMultiply(x, x).data.map((v) => v / n);
    const v = gaussian(1, d, 2);
    const image = precision.apply(v);
    // Σ (Σ⁻¹ v) = v, with Σ written out
    for (let i = 0; i < d; i++) {
      let back = precision.floor * image.data[i]!;
      for (let j = 0; j < d; j++)
        back += (1 - precision.shrinkage) * scatter[i * d + j]! * image.data[j]!;
      expect(Math.abs(back - v.data[i]!)).toBeLessThan(SOLVE);
    }
  });

  it("shrinks by Ledoit and Wolf's formula written out naively", () => {
    const [n, d] = [15, 6];
    const x = gaussian(n, d, 3, (c) => 1 + c);
    const s = transposedMultiply(x, x).data.map((v) => v / n);
    const m = Array.from({ length: d }, (_, i) => s[i * d + i]!).reduce((a, b) => a + b) / d;
    const square = (of: (i: number, j: number) => number): number => {
      let total = 0;
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) total += of(i, j) ** 2;
      return total / d;
    };
    const spread = square((i, j) => s[i * d + j]! - (i === j ? m : 0));
    let noise = 0;
    for (let r = 0; r < n; r++) {
      noise += square((i, j) => x.data[r * d + i]! * x.data[r * d + j]! - s[i * d + j]!) / n ** 2;
    }
    expect(Math.abs(fitPrecision(x).shrinkage - Math.min(noise, spread) / spread)).toBeLessThan(
      SOLVE,
    );
  });

  it("refuses residuals without variance", () => {
    expect(() => fitPrecision(matrix(4, 3))).toThrow("naturalness has no unit");
  });
});

describe("normaliseStates", () => {
  it("centres on the balanced mean of groups, not on the more common group", () => {
    const grouping: Grouping = {
      group: Int32Array.of(0, 0, 0, 1),
      nGroups: 2,
      contrast: Int32Array.of(0, 0),
    };
    const raw = Float32Array.of(1, 1, 1, 3);
    const { normalisation, normalised } = normaliseStates({
      raw,
      dModel: 1,
      train: all(4),
      grouping,
    });
    expect(normalisation.mean[0]).toBe(2);
    expect(normalisation.sigma).toBe(1);
    expect([...normalised.data]).toEqual([-1, -1, -1, 1]);
  });

  it("gives zeros, not NaN, where all states are the same", () => {
    const { normalisation, normalised } = normaliseStates({
      raw: new Float32Array(8).fill(3),
      dModel: 2,
      train: all(4),
      grouping: alternate(4),
    });
    expect(normalisation.sigma).toBe(0);
    expect([...normalised.data]).toEqual(new Array(8).fill(0));
  });

  it("refuses a state that is not finite", () => {
    const raw = Float32Array.of(1, NaN, 0, 0);
    expect(() =>
      normaliseStates({ raw, dModel: 1, train: all(4), grouping: alternate(4) }),
    ).toThrow("index 1");
  });
});

describe("codeOf", () => {
  it("keeps an interaction that has no main effect", () => {
    // groups (a, b) = 00 01 10 11, the state holds a xor b; a is under test, so groups with equal b are one contrast
    const grouping: Grouping = { group: all(4), nGroups: 4, contrast: Int32Array.of(0, 1, 0, 1) };
    const groups = groupMeans(matrix(4, 1, Float64Array.of(0, 1, 1, 0)), all(4), grouping);
    expect([...codeOf(groups, grouping).data]).toEqual([-0.5, 0.5, 0.5, -0.5]);
  });
});

describe("distinctItems", () => {
  it("keeps one of each state, within groups only, up to float32 noise", () => {
    const states = matrix(6, 1, Float64Array.of(1, 1, 1 + 1e-6, 1, 2, 2));
    // items 0, 2, 4 are group 0; items 1, 3, 5 are group 1
    expect([...distinctItems(states, all(6), alternate(6))]).toEqual([0, 1, 4, 5]);
  });
});

describe("naturalness", () => {
  it("of patched rows is their Mahalanobis distance computed directly", () => {
    const n = 30;
    const d = 7;
    const grouping = alternate(n);
    const states = gaussian(n, d, 4);
    const natural = fitNaturalStates(states, all(n), grouping);
    const subspace = randomSubspace(2, d, stream(0, "P"));
    const source = { subspace, normalised: states, items: Int32Array.of(1, 2) };
    const target = { subspace, normalised: states, items: Int32Array.of(4, 7) };
    const groups = Int32Array.of(1, 0);
    const difference = coordinateDifference(source, target);
    const found = squaredDistances({
      normalised: states,
      natural,
      subspace,
      items: target.items,
      groups,
      difference,
    });
    const patched = patchStates({ raw: states.data, sigma: 1, target }, difference);
    groups.forEach((group, r) => {
      const e = matrix(
        1,
        d,
        patched.slice(r * d, (r + 1) * d).map((x, c) => x - natural.means.data[group * d + c]!),
      );
      const image = natural.precision.apply(e);
      const expected = e.data.reduce((total, x, c) => total + x * image.data[c]!, 0);
      expect(Math.abs(found[r]! - expected)).toBeLessThan(SOLVE);
    });
  });

  it("has a unit near √d for states that fill their space", () => {
    const natural = fitNaturalStates(gaussian(400, 9, 5), all(400), alternate(400));
    // median of a chi distribution with 9 degrees of freedom is 2.89; its standard error at n = 400 is about .05
    expect(Math.abs(natural.unit(all(400)) - 2.89)).toBeLessThan(0.2);
  });
});
