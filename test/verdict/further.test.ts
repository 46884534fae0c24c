/** @file Figures, labels and tests beside the verdict of a site: they explain, and never decide. */
import { describe, expect, it } from "vitest";
import type { CellMeasures, FurtherMeasures } from "../../src/measure/measures.js";
import { DEFAULT_POLICY, policySchema, type Policy } from "../../src/verdict/policy.js";
import { judge } from "../../src/verdict/run.js";
import type { Measure, SiteVerdict } from "../../src/verdict/verdicts.js";
import { all, GOOD, plantAudit, plantCell, row } from "./planted.js";

const N = 300;
const NOTHING: FurtherMeasures = {
  bothRight: row(N, N),
  geometry: { dormantShare: {}, codeSize: {} },
  sizeCurve: { n: 100, points: [] },
  repeats: [],
};

/** Across at this rate, and at .97 within each model. */
function control(cross: number): NonNullable<FurtherMeasures["behaviourOnly"]> {
  const within = row(0.97 * N, N);
  const across = row(Math.round(cross * N), N);
  const iia = {
    "base→base": within,
    "base→tuned": across,
    "tuned→base": across,
    "tuned→tuned": within,
  };
  return { iia, steps: 60, bestStep: 40, naturalness: {} };
}

function siteOf(
  cell: CellMeasures,
  further: Partial<FurtherMeasures> = {},
  policy: Policy = DEFAULT_POLICY,
): SiteVerdict {
  const cells = [{ ...cell, further: { ...NOTHING, ...further } }];
  return judge({ audits: [plantAudit()], cells }, policy).variables[0]!.sites[0]!;
}

/** Both encode it, base→tuned is far below the ceiling, null .3. */
const FAILING = plantCell({
  ...GOOD,
  permuted: all(0.3),
  iia: { ...all(0.96), "base→tuned": 0.5 },
});

describe("steerable", () => {
  it("is a failing site whose behaviour-only maps reach the ratio in both cross directions", () => {
    const site = siteOf(FAILING, { behaviourOnly: control(0.97) });
    expect(site.verdict).toBe("fails");
    expect(site.labels).toContain("steerable");
    expect(site.reasons.join("; ")).toContain("on behaviour alone (λ = 0) base→tuned .97");
  });

  it("is not said where those maps stay low too, where they were not run, or where nothing fails", () => {
    expect(siteOf(FAILING, { behaviourOnly: control(0.5) }).labels).not.toContain("steerable");
    expect(siteOf(FAILING).labels).not.toContain("steerable");
    expect(siteOf(plantCell(GOOD), { behaviourOnly: control(0.97) }).labels).not.toContain(
      "steerable",
    );
  });

  it("never turns a failure into a pass", () => {
    expect(siteOf(FAILING, { behaviourOnly: control(1) }).verdict).toBe("fails");
  });
});

describe("entangled", () => {
  const isolation = (
    base: number,
    tuned: number,
    untouched = N,
  ): NonNullable<FurtherMeasures["isolation"]> => ({
    target: Array.from({ length: N }, (_, i) => i),
    source: Array.from({ length: N }, (_, i) => i + N),
    noIntervention: { base: row(N, N), tuned: row(untouched, N) },
    swapped: {
      "base→base": row(Math.round(base * N), N),
      "tuned→tuned": row(Math.round(tuned * N), N),
    },
  });

  it("is a swap that changes other answers in the tuned model and not in the base", () => {
    const site = siteOf(plantCell(GOOD), { isolation: isolation(0.98, 0.5) });
    expect(site.labels).toContain("entangled");
    expect(site.verdict).toBe("transfers");
    expect(site.further!.isolation!.n).toBe(N);
  });

  it("is not said where both models keep them, or the base does not", () => {
    for (const [base, tuned] of [
      [0.98, 0.97],
      [0.5, 0.5],
    ] as const) {
      const site = siteOf(plantCell(GOOD), { isolation: isolation(base, tuned) });
      expect(site.labels).not.toContain("entangled");
    }
  });

  it("warns where a swap within the base already carries more than the variable", () => {
    const { warnings } = siteOf(plantCell(GOOD), { isolation: isolation(0.5, 0.5) });
    expect(warnings.join()).toContain("the subspace carries more than this variable");
  });

  it("compares with what the tuned model answers there without a swap", () => {
    // the tuned model gets 60 % of these right by itself and keeps nearly all of them
    const site = siteOf(plantCell(GOOD), { isolation: isolation(0.98, 0.58, 0.6 * N) });
    expect(site.labels).not.toContain("entangled");
  });

  it("asks for the share that the policy names", () => {
    const lenient = policySchema.parse({ isolation: 0.3 });
    const site = siteOf(plantCell(GOOD), { isolation: isolation(0.98, 0.5) }, lenient);
    expect(site.labels).not.toContain("entangled");
  });
});

describe("an untrained source", () => {
  const from = (rate: number): NonNullable<FurtherMeasures["untrainedSource"]> => ({
    tuned: { iia: row(Math.round(rate * N), N), steps: 30, bestStep: 30 },
  });

  it("warns where it reaches the ratio, and is silent where it does not", () => {
    const warned = siteOf(plantCell(GOOD), { untrainedSource: from(0.96) });
    expect(warned.warnings.join()).toContain("a network with random weights reaches .96");
    expect(siteOf(plantCell(GOOD), { untrainedSource: from(0.6) }).warnings).toEqual([]);
  });
});

describe("figures beside the verdict", () => {
  it("are restricted to trials both models answer rightly where 60 remain, and absent below", () => {
    const site = siteOf(plantCell(GOOD), { bothRight: row(60, N) });
    expect(site.further!.bothRight!.n).toBe(60);
    expect(siteOf(plantCell(GOOD), { bothRight: row(59, N) }).further!.bothRight).toBeUndefined();
  });

  it("name the smallest k that reaches 95 % of the best of its direction", () => {
    const point = (k: number, hits: number): FurtherMeasures["sizeCurve"]["points"][number] => ({
      k,
      iia: { "base→base": row(hits, 100) },
    });
    const sizeCurve = { n: 100, points: [point(1, 40), point(2, 95), point(4, 100), point(8, 99)] };
    expect(siteOf(plantCell(GOOD), { sizeCurve }).further!.sizeCurve.smallest).toEqual({
      "base→base": 2,
    });
  });

  it("show the range over several learnings, the judged one among them", () => {
    const { spread } = siteOf(plantCell(GOOD), { repeats: [control(0.9), control(0.99)] }).further!;
    expect(spread!.learnings).toBe(3);
    expect(spread!.iia["base→tuned"]).toEqual([0.9, 0.99]);
  });

  it("compare the size of the codes, and say nothing where the base has none", () => {
    const sized = (base: number): number | undefined =>
      siteOf(plantCell(GOOD), {
        geometry: { dormantShare: {}, codeSize: { base, tuned: 3 } },
      }).further!.geometry.codeScale;
    expect(sized(1.5)).toBe(2);
    expect(sized(0)).toBeUndefined();
  });
});

describe("tests on the same trials", () => {
  const value = (measure: Measure): Extract<Measure, { kind: "value" }> => {
    if (measure.kind === "undefined") throw new Error(measure.reason);
    return measure;
  };

  it("tell a failing direction from one that agrees", () => {
    const { tests } = siteOf(FAILING);
    const [failing, good] = [tests["base→tuned"]!, tests["tuned→base"]!];
    expect(failing.p).toBeLessThan(1e-6);
    expect(failing.difference.equivalenceP).toBeGreaterThan(0.9);
    expect(good.difference.equivalenceP).toBeLessThan(0.001);
    expect(value(good.clusteredRatio).interval[0]).toBeGreaterThan(0.8);
  });

  it("have the ratio of the verdict as their centre", () => {
    const site = siteOf(FAILING);
    for (const key of ["base→tuned", "tuned→base"] as const) {
      // one estimate, two intervals: sums of a few hundred outcomes agree to rounding
      const difference =
        value(site.tests[key]!.clusteredRatio).value - value(site.ratio[key]!).value;
      expect(Math.abs(difference)).toBeLessThan(1e-12);
    }
  });

  it("are the same for the same measures", () => {
    expect(siteOf(FAILING).tests).toEqual(siteOf(FAILING).tests);
  });
});
