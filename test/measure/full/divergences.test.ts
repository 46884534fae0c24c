import { describe, expect, it } from "vitest";
import { meanNats, removedShare } from "../../../src/measure/full/divergences.js";
import { divergence } from "../../../src/measure/full/text-capture.js";
import { stream } from "../../../src/stats/stream.js";

// float32 log-probabilities near 1: ε ≈ 10⁻⁷
const FLOAT32 = 1e-6;

describe("a divergence", () => {
  it("is that of the textbook: a fair coin against .9 and .1", () => {
    const [p, q] = [
      [0.5, 0.5],
      [0.9, 0.1],
    ].map((row) => Float32Array.from(row, Math.log)) as [Float32Array, Float32Array];
    expect(Math.abs(divergence(p, q) - 0.5 * Math.log(1 / 0.36))).toBeLessThan(FLOAT32);
    expect(divergence(p, p)).toBe(0);
  });
});

describe("figures of divergences", () => {
  it("are a mean with 1.96 standard errors", () => {
    const { value, interval, n } = meanNats([1, 2, 3, 6]);
    // variance 14/3, standard error √(14/12)
    expect([value, n]).toEqual([3, 4]);
    expect(Math.abs(interval[1] - 3 - 1.959964 * Math.sqrt(14 / 12))).toBeLessThan(1e-5);
    expect(Math.abs(interval[0] + interval[1] - 6)).toBeLessThan(1e-12);
  });

  it("say which share of the floor is gone", () => {
    const floor = [1, 2, 3];
    expect(removedShare([0, 0, 0], floor).value).toBe(1);
    expect(removedShare(floor, floor)).toMatchObject({ value: 0, interval: [0, 0] });
    expect(removedShare([2, 4, 6], floor).value).toBe(-1);
    // in proportion on every trial: nothing is left to chance
    expect(removedShare([0.25, 0.5, 0.75], floor)).toMatchObject({ value: 0.75, n: 3 });
  });

  it("cover the true share 95 % of the time", () => {
    const random = stream(31, "coverage");
    const RUNS = 1000;
    let covered = 0;
    for (let run = 0; run < RUNS; run++) {
      // floors around 6 as on real pairs; .3 of them is left on average
      const floor = Array.from({ length: 100 }, () => 6 * Math.exp(0.3 * random.normal()));
      const left = floor.map((x) => x * (0.3 + 0.2 * random.normal()));
      const [low, high] = removedShare(left, floor).interval;
      if (low <= 0.7 && 0.7 <= high) covered++;
    }
    // three standard errors of a share of .95 over 1000 runs, and the normal interval's own .005 at n = 100
    expect(Math.abs(covered / RUNS - 0.95)).toBeLessThan(
      3 * Math.sqrt((0.95 * 0.05) / RUNS) + 0.005,
    );
  });

  it("of fewer than two trials are refused", () => {
    expect(() => meanNats([1])).toThrow(/mean of 1/);
    expect(() => removedShare([1], [1, 2])).toThrow(/1 divergences for 2 floors/);
  });
});
