import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../fixtures/stats/ratio.json" with { type: "json" };
import { countHits } from "../../src/stats/hits.js";
import { normalQuantile } from "../../src/stats/normal.js";
import {
  pairedRatio,
  pValueBelow,
  type PairedRatio,
  type PairedRates,
} from "../../src/stats/ratio.js";
import { stream } from "../../src/stats/stream.js";
import { drawRows } from "./simulate.js";

// the reference goes through a covariance matrix: some 1e3 roundings of numbers near 1
const EXACT = 1e-12;

type Estimate = Extract<PairedRatio, { kind: "value" }>;

function estimate(rates: PairedRates, confidence = 0.95): Estimate {
  const found = pairedRatio(rates, confidence);
  if (found.kind === "undefined") throw new Error(found.reason);
  return found;
}

const row = fc.string({ unit: fc.constantFrom("0", "1"), minLength: 30, maxLength: 30 });

describe("the paired ratio", () => {
  it("is 1 where cross and within agree on every trial", () => {
    fc.assert(
      fc.property(row, (within) => {
        fc.pre(within.includes("1"));
        expect(estimate({ cross: within, within, null: 0 }).value).toBe(1);
      }),
    );
  });

  it("is 0 where the cross direction does what its null does", () => {
    fc.assert(
      fc.property(row, row, (within, control) => {
        const found = pairedRatio({ cross: control, within, null: control }, 0.95);
        fc.pre(found.kind === "value");
        expect(found).toMatchObject({ value: 0 });
      }),
    );
  });

  it("does not change when the trials are reordered together", () => {
    fc.assert(
      fc.property(row, row, row, fc.integer(), (cross, within, control, seed) => {
        const before = pairedRatio({ cross, within, null: control }, 0.95);
        fc.pre(before.kind === "value");
        const order = stream(seed, "order").shuffle(Array.from(cross, (_, i) => i));
        const reorder = (hits: string): string => order.map((i) => hits[i]!).join("");
        const after = estimate({
          cross: reorder(cross),
          within: reorder(within),
          null: reorder(control),
        });
        expect(Math.abs(after.value - before.value)).toBeLessThan(EXACT);
        expect(Math.abs(after.standardError - before.standardError)).toBeLessThan(EXACT);
      }),
    );
  });

  it("keeps the pairing: breaking it changes the interval", () => {
    const [cross = "", within = ""] = drawRows(stream(1, "pairs"), 300, [0.7, 0.75]);
    const broken = cross.split("").reverse().join("");
    const paired = estimate({ cross, within, null: 0 });
    const unpaired = estimate({ cross: broken, within, null: 0 });
    expect(unpaired.value).toBeCloseTo(paired.value, 12);
    expect(unpaired.standardError).toBeGreaterThan(1.1 * paired.standardError);
  });

  it.each(reference.cases)(
    "agrees with the covariance form in NumPy (ratio $value)",
    (expected) => {
      const found = estimate(expected);
      expect(Math.abs(found.value - expected.value)).toBeLessThan(EXACT);
      expect(Math.abs(found.standardError - expected.standardError)).toBeLessThan(EXACT);
      expect(Math.abs(found.low - expected.low)).toBeLessThan(EXACT);
      expect(Math.abs(found.high - expected.high)).toBeLessThan(EXACT);
      expect(Math.abs(pValueBelow(found, 0.8) - expected.pBelow80)).toBeLessThan(EXACT);
    },
  );

  it("takes a constant null: a row of misses and 0 are the same", () => {
    const cross = "11001100";
    const within = "11111100";
    const found = estimate({ cross, within, null: 0 });
    expect(found).toEqual(estimate({ cross, within, null: "00000000" }));
    // by hand: 4/8 over 6/8 = 2/3; residuals 1/3 (4 times), −2/3 (twice), 0 (twice): Σe² = 4/3; n(n − 1) = 56
    expect(found.value).toBeCloseTo(2 / 3, 14);
    expect(found.standardError).toBeCloseTo(Math.sqrt(4 / 3 / 56) / 0.75, 14);
  });

  it("does not call agreement on every trial certainty", () => {
    const found = estimate({ cross: "1".repeat(60), within: "1".repeat(60), null: 0 });
    expect(found.standardError).toBeCloseTo(1 / 60, 14);
  });

  it("is undefined, with a reason, for a ceiling at its null and for one trial", () => {
    expect(pairedRatio({ cross: "11", within: "00", null: 0 }, 0.95)).toEqual({
      kind: "undefined",
      reason: "the target's own effect is not above its null",
    });
    expect(pairedRatio({ cross: "1", within: "1", null: 0 }, 0.95)).toEqual({
      kind: "undefined",
      reason: "1 trials: the spread of a ratio needs 2",
    });
    expect(pairedRatio({ cross: "", within: "", null: 0 }, 0.95).kind).toBe("undefined");
  });

  it("refuses rows of unequal length", () => {
    expect(() => pairedRatio({ cross: "11", within: "111", null: 0 }, 0.95)).toThrow(
      "paired rows of 2, 3 and 2 trials",
    );
  });
});

describe("calibration of the paired ratio", () => {
  const RUNS = 3000;
  const simulate = (seed: number, rates: readonly number[], n: number): Estimate[] => {
    const rng = stream(seed, "calibration");
    return Array.from({ length: RUNS }, () => {
      const [cross = "", within = "", control = ""] = drawRows(rng, n, rates);
      return estimate({ cross, within, null: control });
    });
  };
  /** 3 standard errors of a share of the runs, plus what a normal approximation of skewed counts leaves at n = 300. */
  const bound = (share: number): number => 3 * Math.sqrt((share * (1 - share)) / RUNS) + 0.005;
  // truth .8 exactly: (.7 − .3) / (.8 − .3)
  const atThreshold = simulate(21, [0.7, 0.8, 0.3], 300);

  it("each end covers the truth 95 % of the time", () => {
    const lowEnds = atThreshold.filter((r) => r.low <= 0.8).length / RUNS;
    const highEnds = atThreshold.filter((r) => r.high >= 0.8).length / RUNS;
    expect(Math.abs(lowEnds - 0.95)).toBeLessThan(bound(0.95));
    expect(Math.abs(highEnds - 0.95)).toBeLessThan(bound(0.95));
  });

  it("p-values are uniform where the ratio is at the threshold", () => {
    const ps = atThreshold.map((r) => pValueBelow(r, 0.8));
    for (const level of [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9]) {
      const share = ps.filter((p) => p <= level).length / RUNS;
      expect(Math.abs(share - level)).toBeLessThan(bound(level));
    }
  });

  it("p-values pass Kolmogorov and Smirnov's test of uniformity there, and those of half the error fail it", () => {
    // largest distance between the shares found and the shares expected
    const distance = (ps: readonly number[]): number => {
      const sorted = [...ps].sort((a, b) => a - b);
      return Math.max(
        ...sorted.map((p, i) => Math.max((i + 1) / sorted.length - p, p - i / sorted.length)),
      );
    };
    // 1.63/√runs is exceeded by chance once in a hundred; .005 as in `bound`, and one step of counts: ratios of 300
    // trials repeat, none more often than once in a hundred
    const limit = 1.63 / Math.sqrt(RUNS) + 0.005 + 0.01;
    expect(distance(atThreshold.map((r) => pValueBelow(r, 0.8)))).toBeLessThan(limit);
    const halved = atThreshold.map((r) => ({ ...r, standardError: r.standardError / 2 }));
    expect(distance(halved.map((r) => pValueBelow(r, 0.8)))).toBeGreaterThan(limit);
  });

  it("catches a standard error that forgets the null's own variance (planted fault)", () => {
    const rng = stream(21, "calibration");
    let covered = 0;
    for (let run = 0; run < RUNS; run++) {
      const [cross = "", within = "", control = ""] = drawRows(rng, 300, [0.4, 0.45, 0.25]);
      const truth = (0.4 - 0.25) / (0.45 - 0.25);
      const constant = countHits(control).hits / 300;
      const faulty = estimate({ cross, within, null: constant });
      covered += faulty.high >= truth ? 1 : 0;
    }
    expect(Math.abs(covered / RUNS - 0.95)).toBeGreaterThan(bound(0.95));
  });

  it("p falls below 1 − confidence exactly where the upper end is below the threshold", () => {
    for (const found of atThreshold) {
      expect(pValueBelow(found, 0.8) < 0.05).toBe(
        found.value + normalQuantile(0.95) * found.standardError < 0.8,
      );
    }
  });
});
