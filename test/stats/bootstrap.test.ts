import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bootstrapDifference,
  bootstrapRatio,
  type Bootstrapped,
  type Resampling,
} from "../../src/stats/bootstrap.js";
import { normalQuantile } from "../../src/stats/normal.js";
import { pairedDifferenceInterval } from "../../src/stats/paired-score.js";
import { countDiscordance } from "../../src/stats/pairs.js";
import { pairedRatio, type PairedRates } from "../../src/stats/ratio.js";
import { stream } from "../../src/stats/stream.js";
import { drawClustered, drawRows, threeErrors } from "./simulate.js";

type Found = Extract<Bootstrapped, { kind: "value" }>;

function value(found: Bootstrapped): Found {
  if (found.kind === "undefined") throw new Error(found.reason);
  return found;
}

const resampling = (seed: number, draws = 200): Resampling => ({
  ...{ confidence: 0.95, draws },
  rng: stream(seed, "bootstrap"),
});

const each = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const row = fc.string({ unit: fc.constantFrom("0", "1"), minLength: 24, maxLength: 24 });
const ids = fc.array(fc.nat({ max: 7 }), { minLength: 24, maxLength: 24 });

describe("the clustered bootstrap", () => {
  it("gives the same numbers for the same stream, whatever the clusters are called", () => {
    fc.assert(
      fc.property(row, row, ids, (a, b, clusters) => {
        fc.pre(new Set(clusters).size > 1);
        const found = bootstrapDifference({ a, b, clusters }, resampling(1));
        const renamed = clusters.map((id) => `item ${9 - id}`);
        expect(bootstrapDifference({ a, b, clusters: renamed }, resampling(1))).toEqual(found);
      }),
    );
  });

  it("estimates what the unclustered methods estimate, and its ends hold it", () => {
    fc.assert(
      fc.property(row, row, ids, (cross, within, clusters) => {
        const rates = { cross, within, null: 0 };
        const found = bootstrapRatio({ ...rates, clusters }, resampling(2));
        fc.pre(found.kind === "value");
        const plain = pairedRatio(rates, 0.95);
        expect(plain.kind === "value" && plain.value).toBeCloseTo(value(found).value, 12);
        expect(value(found).low).toBeLessThan(value(found).value);
        expect(value(found).high).toBeGreaterThan(value(found).value);
      }),
    );
  });

  it("takes a constant null: a row of misses and 0 are the same", () => {
    const rows = { cross: "110011", within: "111111", clusters: each(6) };
    expect(bootstrapRatio({ ...rows, null: 0 }, resampling(3))).toEqual(
      bootstrapRatio({ ...rows, null: "000000" }, resampling(3)),
    );
  });

  it("agrees with the delta method and the score where every trial is a cluster", () => {
    const [cross = "", within = "", control = ""] = drawRows(
      stream(4, "rows"),
      600,
      [0.7, 0.8, 0.2],
    );
    const clusters = each(600);
    const rates: PairedRates = { cross, within, null: control };
    const plain = pairedRatio(rates, 0.95);
    if (plain.kind === "undefined") throw new Error(plain.reason);
    const found = value(bootstrapRatio({ ...rates, clusters }, resampling(4, 4000)));
    // an end at .95 of 4000 draws errs by √(.95·.05/4000)/.103 = .033 standard errors (.103: density at 1.645); three
    // of these, and .1 for what skew leaves at n = 600
    const bound = 0.2 * plain.standardError;
    expect(Math.abs(found.low - plain.low)).toBeLessThan(bound);
    expect(Math.abs(found.high - plain.high)).toBeLessThan(bound);
    const rows = { a: cross, b: within };
    const score = pairedDifferenceInterval(countDiscordance(rows), 0.95);
    if (score.kind === "undefined") throw new Error(score.reason);
    const difference = value(bootstrapDifference({ ...rows, clusters }, resampling(5, 4000)));
    const width = (score.high - score.low) / (2 * normalQuantile(0.95));
    expect(Math.abs(difference.low - score.low)).toBeLessThan(0.2 * width);
    expect(Math.abs(difference.high - score.high)).toBeLessThan(0.2 * width);
  });

  it("does not call agreement on every trial certainty: one cluster of mean size is the least", () => {
    const ones = "1".repeat(120);
    const clusters = each(120).map((i) => Math.floor(i / 3));
    const found = value(
      bootstrapRatio({ cross: ones, within: ones, null: 0, clusters }, resampling(6)),
    );
    expect(found).toMatchObject({ value: 1, n: 120, clusters: 40, draws: 200 });
    expect(found.low).toBeCloseTo(1 - normalQuantile(0.95) / 40, 12);
    expect(found.high).toBeCloseTo(1 + normalQuantile(0.95) / 40, 12);
  });

  it("draws 2000 times unless asked otherwise", () => {
    const { confidence, rng } = resampling(7);
    const found = bootstrapDifference({ a: "10", b: "01", clusters: [0, 1] }, { confidence, rng });
    expect(found).toMatchObject({ draws: 2000 });
  });

  it("is undefined, with a reason, for one cluster, for no effect and for an effect that some draws lose", () => {
    const reason = (found: Bootstrapped): string =>
      found.kind === "undefined" ? found.reason : "";
    const one = bootstrapDifference({ a: "11", b: "10", clusters: [5, 5] }, resampling(8));
    expect(reason(one)).toBe("1 clusters: drawing again needs 2");
    const empty = bootstrapDifference({ a: "", b: "", clusters: [] }, resampling(8));
    expect(reason(empty)).toBe("0 clusters: drawing again needs 2");
    const flat = { cross: "11", within: "00", null: 0, clusters: [0, 1] };
    expect(reason(bootstrapRatio(flat, resampling(8)))).toBe(
      "the target's own effect is not above its null",
    );
    const weak = { cross: "1000", within: "1000", null: 0, clusters: each(4) };
    expect(reason(bootstrapRatio(weak, resampling(8)))).toMatch(
      /^in \d+ of 200 draws the target's own effect is not above its null$/,
    );
  });

  it("counts draws without an effect as infinite on both sides", () => {
    // 16 hits of the target against 10 of the null on other trials: an effect of 6, lost in one draw of ten or so
    const within = "1".repeat(16) + "0".repeat(8);
    const control = "0".repeat(14) + "1".repeat(10);
    const cross = "1".repeat(14) + "0".repeat(10);
    const [draws, confidence] = [400, 0.75];
    const rows = { cross, within, null: control, clusters: each(24) };
    const found = value(bootstrapRatio(rows, { ...resampling(10, draws), confidence }));
    // the same draws by the letter
    const rng = stream(10, "bootstrap");
    const hits = (row: string, trials: readonly number[]): number =>
      trials.filter((trial) => row[trial] === "1").length;
    const drawn = Array.from({ length: draws }, () => {
      const trials = each(24).map(() => Math.floor(rng.next() * 24));
      const effect = hits(within, trials) - hits(control, trials);
      return effect > 0 ? (hits(cross, trials) - hits(control, trials)) / effect : undefined;
    });
    expect(drawn.filter((ratio) => ratio === undefined).length).toBeGreaterThan(10);
    const end = (infinity: number, share: number): number => {
      const sorted = drawn.map((ratio) => ratio ?? infinity).sort((x, y) => x - y);
      const at = share * (draws - 1);
      const below = sorted[Math.floor(at)]!;
      return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below);
    };
    expect(found.low).toBeCloseTo(end(Number.NEGATIVE_INFINITY, 1 - confidence), 12);
    expect(found.high).toBeCloseTo(end(Number.POSITIVE_INFINITY, confidence), 12);
    expect(bootstrapRatio(rows, resampling(10, draws)).kind).toBe("undefined");
  });

  it("refuses rows and clusters of unequal length, and draws or confidence that are none", () => {
    const rows = { a: "11", b: "10", clusters: [0, 1] };
    expect(() => bootstrapDifference({ ...rows, clusters: [0] }, resampling(9))).toThrow(
      "clusters of 1 trials for rows of 2",
    );
    expect(() => bootstrapDifference({ ...rows, b: "1" }, resampling(9))).toThrow(
      "paired rows of 2 and 1 trials",
    );
    expect(() => bootstrapDifference(rows, resampling(9, 0))).toThrow("0 draws");
    expect(() => bootstrapDifference(rows, { ...resampling(9), confidence: 0.5 })).toThrow(
      "confidence 0.5",
    );
  });
});

describe("coverage where trials share items", () => {
  const [RUNS, DRAWS] = [500, 150];
  // 60 items of 5 trials; trials of an item agree as if .7² = .49 of them were one: variance 1 + 4·.49 = 3 times as large
  const shape = { clusters: 60, size: 5, copied: 0.7 };
  /**
   * Three errors of the simulation, and what percentile ends lack: 60 items give (1 − 1/60) of the variance (.002 of
   * confidence), 150 draws put an end at rank .95 ± 1/150, skew of order 1/√60 on each end.
   */
  const BOUND = threeErrors(0.95, RUNS) + 0.002 + 0.007 + 0.01;
  const rng = stream(61, "clustered rows");
  const ratios = Array.from({ length: RUNS }, () => {
    const { rows, ids: clusters } = drawClustered(rng, shape, [0.66, 0.8, 0.1]);
    const [cross = "", within = "", control = ""] = rows;
    return { cross, within, null: control, clusters };
  });
  // .56 / .7
  const TRUTH = 0.8;
  const share = (held: readonly boolean[]): number => held.filter((is) => is).length / held.length;
  const holds = (ends: readonly { low: number; high: number }[], truth: number): number[] => [
    share(ends.map(({ low }) => low <= truth)),
    share(ends.map(({ high }) => high >= truth)),
  ];

  it("each end of the ratio covers the truth 95 % of the time", () => {
    const found = ratios.map((r, i) => value(bootstrapRatio(r, resampling(i, DRAWS))));
    for (const covered of holds(found, TRUTH)) {
      expect(Math.abs(covered - 0.95)).toBeLessThan(BOUND);
    }
  });

  it("each end of the difference covers the truth 95 % of the time", () => {
    const found = ratios.map(({ cross, within, clusters }, i) =>
      value(bootstrapDifference({ a: cross, b: within, clusters }, resampling(i, DRAWS))),
    );
    for (const covered of holds(found, -0.14)) {
      expect(Math.abs(covered - 0.95)).toBeLessThan(BOUND);
    }
  });

  it("catches trials drawn one by one, and the plain interval: both forget the items (planted faults)", () => {
    const single = ratios
      .slice(0, 200)
      .map((r, i) => value(bootstrapRatio({ ...r, clusters: each(300) }, resampling(i, 100))));
    const plain = ratios.map((r) => {
      const found = pairedRatio(r, 0.95);
      if (found.kind === "undefined") throw new Error(found.reason);
      return found;
    });
    for (const covered of [...holds(single, TRUTH), ...holds(plain, TRUTH)]) {
      // 1.645 / √3 = .95 standard errors: 83 %
      expect(covered).toBeLessThan(0.95 - BOUND);
    }
  });
});
