/** @file Sums and quantiles. */
import { describe, expect, it } from "vitest";
import { median, quantileR7 } from "../../src/numeric/quantile.js";
import { assertFinite, dot, sum } from "../../src/numeric/vector.js";

describe("sum", () => {
  it("keeps what plain addition loses", () => {
    expect(sum([1, 1e100, 1, -1e100])).toBe(2);
  });

  it("of nothing is 0", () => {
    expect(sum([])).toBe(0);
  });
});

describe("dot", () => {
  it("counts every element once for every length around the unrolled four", () => {
    for (let n = 0; n < 10; n++) {
      const ones = { data: new Float64Array(12).fill(1), offset: 2 };
      expect(dot(ones, ones, n)).toBe(n);
    }
  });
});

describe("quantileR7", () => {
  it("agrees with R's type 7 on its textbook example", () => {
    // R: quantile(c(1, 2, 3, 4, 10), c(.1, .25, .5, .9))
    const found = [0.1, 0.25, 0.5, 0.9].map((q) => quantileR7([10, 3, 1, 4, 2], q));
    [1.4, 2, 3, 7.6].forEach((expected, i) => {
      expect(Math.abs(found[i]! - expected)).toBeLessThan(1e-14); // two roundings
    });
  });

  it("averages the middle two of an even number", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("is undefined for no values and for NaN", () => {
    expect(() => median([])).toThrow("quantile of no values");
    expect(() => median([1, NaN])).toThrow("NaN at index 1");
  });
});

describe("assertFinite", () => {
  it("names what is wrong and where", () => {
    expect(() => assertFinite(Float32Array.of(0, Infinity), "states")).toThrow(
      "states holds Infinity at index 1",
    );
  });
});
