import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CellMeasures, Hits, Trials } from "../../src/measure/measures.js";
import { stream, type Stream } from "../../src/stats/stream.js";
import { DEFAULT_POLICY, policySchema } from "../../src/verdict/policy.js";
import { judge } from "../../src/verdict/run.js";
import { all, CONSTANT, GOOD, NOTHING, plantAudit, plantCell, row } from "./planted.js";

const audits = [plantAudit()];
const good = plantCell(GOOD);
const failing = plantCell({ ...GOOD, iia: { ...all(0.96), "base→tuned": 0.5 } });

/** Random outcomes; every other trial has one luck in all rows, as the same items do: the rows are paired. */
function drawTrials(
  rng: Stream,
  n: number,
  rates: { cross: number; within: number; null: number },
): Trials {
  const shared = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? rng.next() : undefined));
  const draw = (rate: number): Hits =>
    shared.map((luck) => ((luck ?? rng.next()) < rate ? "1" : "0")).join("");
  const [trials] = plantCell({ n, fullSwap: all(0.98) }).trials;
  return {
    ...trials!,
    iia: {
      "base→base": draw(rates.within),
      "base→tuned": draw(rates.cross),
      "tuned→base": draw(rates.cross),
      "tuned→tuned": draw(rates.within),
    },
    permuted: { "base→base": draw(rates.null), "tuned→tuned": draw(rates.null) },
  };
}

function drawCells(
  seed: number,
  count: number,
  rates: Parameters<typeof drawTrials>[2],
): CellMeasures[] {
  const rng = stream(seed, "cells");
  return Array.from({ length: count }, (_, layer) => ({
    ...plantCell(GOOD, { layer }),
    trials: [drawTrials(rng, 300, rates)],
  }));
}

describe("the gate", () => {
  it("passes where variables transfer", () => {
    const run = judge({ audits, cells: [good] }, DEFAULT_POLICY);
    expect(run.verdict).toBe("pass");
    expect(run.reasons).toEqual(["transfers: v (a)"]);
    expect(run.multiplicity).toEqual({ method: "holm", claims: 2 });
  });

  it("closes where a variable fails or is lost, although others transfer", () => {
    for (const broken of [failing, plantCell(CONSTANT)]) {
      const cells = [good, { ...broken, cell: { ...broken.cell, audit: "b" } }];
      const both = [plantAudit(), plantAudit({}, { audit: "b" })];
      const run = judge({ audits: both, cells }, DEFAULT_POLICY);
      expect(run.verdict).toBe("fail");
      expect(run.reasons[0]).toContain("v (b); this closes the gate");
    }
  });

  it("is inconclusive where nothing is broken and nothing is shown to transfer", () => {
    expect(judge({ audits, cells: [plantCell(NOTHING)] }, DEFAULT_POLICY).verdict).toBe(
      "inconclusive",
    );
    const unlearned = plantCell({ fullSwap: all(0.98) });
    expect(judge({ audits, cells: [unlearned] }, DEFAULT_POLICY).verdict).toBe("inconclusive");
  });

  it("is not measurable without anything to measure", () => {
    expect(judge({ audits: [], cells: [] }, DEFAULT_POLICY)).toMatchObject({
      verdict: "not-measurable",
      reasons: ["no variable was examined"],
    });
    expect(judge({ audits, cells: [] }, DEFAULT_POLICY).verdict).toBe("not-measurable");
  });

  it("follows the policy on what else closes it", () => {
    const strict = policySchema.parse({ closesGate: ["fails", "lost", "absent"] });
    expect(judge({ audits, cells: [plantCell(NOTHING)] }, strict).verdict).toBe("fail");
    const lenient = policySchema.parse({ closesGate: [] });
    expect(judge({ audits, cells: [failing] }, lenient).verdict).toBe("inconclusive");
  });
});

describe("judging", () => {
  it("gives other words under another policy, from the same stored measures", () => {
    const weak = plantCell({
      ...GOOD,
      iia: { ...all(0.96), "base→tuned": 0.85 },
      permuted: all(0.3),
    });
    const stored = JSON.parse(JSON.stringify({ audits, cells: [weak] })) as Parameters<
      typeof judge
    >[0];
    const word = (policy: object): string =>
      judge(stored, policySchema.parse(policy)).variables[0]!.verdict;
    expect(word({})).toBe("inconclusive");
    expect(word({ ratio: 0.7 })).toBe("transfers");
    expect(word({ ratio: 0.95 })).toBe("fails");
    expect(word({ tau: 0.65 })).toBe("inconclusive");
    expect(word({ minPairs: 301 })).toBe("not-measurable");
  });

  it("does not depend on the order of the cells, and leaves its input alone", () => {
    const cells = [0, 4, 8, 12].map((layer) => plantCell(layer === 8 ? CONSTANT : GOOD, { layer }));
    const frozen = JSON.stringify(cells);
    const expected = judge({ audits, cells }, DEFAULT_POLICY);
    fc.assert(
      fc.property(fc.shuffledSubarray(cells, { minLength: cells.length }), (shuffled) => {
        expect(judge({ audits, cells: shuffled }, DEFAULT_POLICY)).toEqual(expected);
      }),
    );
    expect(JSON.stringify(cells)).toBe(frozen);
  });

  it("refuses a cell of no audit, and a cell measured twice", () => {
    expect(() => judge({ audits: [], cells: [good] }, DEFAULT_POLICY)).toThrow(
      "belongs to no audit of the run",
    );
    expect(() => judge({ audits, cells: [good, good] }, DEFAULT_POLICY)).toThrow(
      "was measured twice",
    );
  });

  it("never turns a pass into a failure when a cross direction succeeds more often", () => {
    const rank = { fails: 0, inconclusive: 1, transfers: 2 } as Readonly<Record<string, number>>;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 285 }),
        fc.integer({ min: 0, max: 15 }),
        (hits, more) => {
          const word = (crossHits: number): number => {
            const [trials] = good.trials;
            const iia = { ...trials!.iia, "base→tuned": row(crossHits, 300) };
            const cell = { ...good, trials: [{ ...trials!, iia }] };
            return rank[judge({ audits, cells: [cell] }, DEFAULT_POLICY).variables[0]!.verdict]!;
          };
          expect(word(hits + more)).toBeGreaterThanOrEqual(word(hits));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("never turns transfers into fails when the same evidence is seen again", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 288 }),
        fc.integer({ min: 2, max: 5 }),
        (hits, times) => {
          const repeat = (part: Trials): Trials => {
            const rows = <T extends object>(group: T): T =>
              Object.fromEntries(
                Object.entries(group).map(([key, hit]) => [key, String(hit).repeat(times)]),
              ) as T;
            const items = (list: readonly number[]): number[] =>
              Array.from({ length: times }, () => list).flat();
            return {
              ...part,
              ...{ target: items(part.target), source: items(part.source) },
              ...{ fullSwap: rows(part.fullSwap), noIntervention: rows(part.noIntervention) },
              ...{ iia: rows(part.iia), permuted: rows(part.permuted) },
              ...{ randomSubspace: rows(part.randomSubspace) },
            };
          };
          const [trials] = good.trials;
          const once = { ...trials!, iia: { ...trials!.iia, "base→tuned": row(hits, 300) } };
          const word = (part: Trials): string =>
            judge({ audits, cells: [{ ...good, trials: [part] }] }, DEFAULT_POLICY).variables[0]!
              .verdict;
          const pair = [word(once), word(repeat(once))];
          expect(pair).not.toEqual(["transfers", "fails"]);
          expect(pair).not.toEqual(["fails", "transfers"]);
          // a decided word stays: more of the same evidence only narrows the interval
          if (pair[0] !== "inconclusive") expect(pair[1]).toBe(pair[0]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("error rates", () => {
  const words = (cells: readonly CellMeasures[], policy = DEFAULT_POLICY): string[] =>
    judge({ audits, cells }, policy, { draws: 2 }).variables[0]!.sites.map(
      ({ verdict }) => verdict,
    );
  const share = (list: readonly string[], word: string): number =>
    list.filter((found) => found === word).length / list.length;

  it("none of 2000 good cells (within = cross = .95, null .5, n = 300) fails, and nearly all transfer", () => {
    const found = words(drawCells(31, 2000, { cross: 0.95, within: 0.95, null: 0.5 }));
    expect(share(found, "fails")).toBe(0);
    expect(share(found, "lost")).toBe(0);
    expect(share(found, "transfers")).toBeGreaterThan(0.99);
  });

  it("cells exactly at the threshold: a run of them fails anywhere in at most 5 % of runs", () => {
    // the worst case: cross effect .8 of within; Holm keeps the chance of any false claim of the run
    const runs = 120;
    let anyFails = 0;
    for (let run = 0; run < runs; run++) {
      const cells = drawCells(1000 + run, 8, { cross: 0.86, within: 0.95, null: 0.5 });
      anyFails += words(cells).includes("fails") ? 1 : 0;
    }
    expect(anyFails / runs).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs));
  });

  it("without correction the same runs fail far more often (planted fault)", () => {
    const none = policySchema.parse({ multiplicity: "none" });
    const runs = 40;
    let anyFails = 0;
    for (let run = 0; run < runs; run++) {
      const cells = drawCells(1000 + run, 8, { cross: 0.86, within: 0.95, null: 0.5 });
      anyFails += words(cells, none).includes("fails") ? 1 : 0;
    }
    expect(anyFails / runs).toBeGreaterThan(0.3);
  });

  it("cells with half of the effect fail nearly always", () => {
    const found = words(drawCells(33, 100, { cross: 0.72, within: 0.95, null: 0.5 }));
    expect(share(found, "fails")).toBeGreaterThan(0.95);
    expect(share(found, "transfers")).toBe(0);
  });
});
