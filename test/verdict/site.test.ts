import { describe, expect, it } from "vitest";
import type {
  AuditMeasures,
  CellMeasures,
  Direction,
  Distance,
  Trials,
} from "../../src/measure/measures.js";
import { wilson } from "../../src/stats/intervals.js";
import { DEFAULT_POLICY, policySchema, type Policy } from "../../src/verdict/policy.js";
import { judge } from "../../src/verdict/run.js";
import type { SiteVerdict } from "../../src/verdict/verdicts.js";
import {
  all,
  CONSTANT,
  GOOD,
  NOTHING,
  plantAudit,
  plantCell,
  row,
  type PlantedRates,
} from "./planted.js";

function judgeOne(
  cell: CellMeasures,
  audit: AuditMeasures = plantAudit(),
  policy: Policy = DEFAULT_POLICY,
): SiteVerdict {
  return judge({ audits: [audit], cells: [cell] }, policy, { draws: 20 }).variables[0]!.sites[0]!;
}

describe("the words of a site", () => {
  it("transfers: both encode it and both cross directions reach the ratio", () => {
    const site = judgeOne(plantCell(GOOD));
    expect(site.verdict).toBe("transfers");
    expect(site.reasons[0]).toBe(
      "both cross directions reach .80 of the target's own effect: base→tuned 1.00 [.99, 1.01], tuned→base 1.00 [.99, 1.01]",
    );
    expect(site.ratio["base→tuned"]).toMatchObject({ value: 1, unit: "ratio", n: 300 });
  });

  it("fails: a cross direction stays below, whichever it is", () => {
    for (const broken of ["base→tuned", "tuned→base"] as const) {
      const site = judgeOne(plantCell({ ...GOOD, iia: { ...all(0.96), [broken]: 0.6 } }));
      expect(site.verdict).toBe("fails");
      expect(site.reasons).toHaveLength(1);
      expect(site.reasons[0]).toContain(`${broken} .60 [.54, .65] against a ceiling of .96`);
      expect(site.reasons[0]).toContain("null .48 (permuted sources); ratio .25 [.19, .31]");
      expect(site.reasons[0]).toContain("below .80 (p < .001 corrected by holm)");
    }
  });

  it("lost: only the base encodes it; a constant answer is no effect although it is right half of the time", () => {
    const site = judgeOne(plantCell(CONSTANT), plantAudit({ tuned: 0.5 }));
    expect(site.verdict).toBe("lost");
    expect(site.labels).toEqual(["behaviour lost"]);
    expect(site.reasons).toEqual([
      "base encodes it: base→base .96 [.93, .98] stands above its null .48 (permuted sources) by τ = .20",
      "tuned does not encode it: full swap within tuned .50 [.44, .56] does not stand above no intervention .50 [.44, .56] by τ = .20",
      "behaviour lost: the tuned model answers rightly no more often than its null",
    ]);
    expect(site.ratio).toEqual({});
  });

  it("gained: only the tuned model encodes it", () => {
    const site = judgeOne(
      plantCell({
        fullSwap: { "base→base": 0.02, "tuned→tuned": 0.97 },
        iia: { "tuned→tuned": 0.95 },
        permuted: { "tuned→tuned": 0.47 },
      }),
    );
    expect(site.verdict).toBe("gained");
    expect(site.labels).toEqual([]);
  });

  it("absent: the whole state moves nothing, in either model", () => {
    expect(judgeOne(plantCell(NOTHING)).verdict).toBe("absent");
  });

  it("absent stays absent where learned maps steer: the full swap is the first gate", () => {
    const site = judgeOne(plantCell({ ...NOTHING, iia: all(0.96) }));
    expect(site.verdict).toBe("absent");
    expect(site.warnings[0]).toContain("a sign of steering");
  });

  it("inconclusive: the ratio's interval holds the threshold, and n says what would decide", () => {
    const site = judgeOne(plantCell({ ...GOOD, n: 60, iia: { ...all(0.95), "base→tuned": 0.88 } }));
    expect(site.verdict).toBe("inconclusive");
    expect(site.nToDecide).toBeGreaterThan(60);
    expect(site.reasons.at(-1)).toBe(
      `about ${site.nToDecide!} pairs would decide, were the rates to stay`,
    );
    const more = judgeOne(
      plantCell({ ...GOOD, n: 4 * site.nToDecide!, iia: { ...all(0.95), "base→tuned": 0.88 } }),
    );
    expect(more.verdict).not.toBe("inconclusive");
  });

  it("inconclusive: a gate is undecided, and n says what would decide", () => {
    const rates = { ...GOOD, fullSwap: { ...all(0.98), "tuned→tuned": 0.24 } };
    const site = judgeOne(plantCell({ ...rates, n: 100 }));
    expect(site.verdict).toBe("inconclusive");
    expect(site.gates.tuned).toEqual({ fullSwap: "?", subspace: "yes", encodes: "?" });
    expect(site.reasons[0]).toContain("tuned is undecided: full swap within tuned .24");
    expect(judgeOne(plantCell({ ...rates, n: site.nToDecide! * 2 })).gates.tuned.fullSwap).toBe(
      "yes",
    );
  });

  it("inconclusive: gates open but the subspace was not learned", () => {
    const site = judgeOne(plantCell({ fullSwap: all(0.98) }));
    expect(site.verdict).toBe("inconclusive");
    expect(site.reasons[0]).toContain("base→base was not learned");
    expect(site).not.toHaveProperty("nToDecide");
  });

  it("inconclusive: a cross direction was not run", () => {
    const site = judgeOne(
      plantCell({ ...GOOD, iia: { "base→base": 0.96, "tuned→tuned": 0.96, "base→tuned": 0.96 } }),
    );
    expect(site.verdict).toBe("inconclusive");
    expect(site.reasons).toContain("tuned→base was not run");
  });

  it("inconclusive: a cross direction that permuted sources move as far transfers nothing", () => {
    const site = judgeOne(plantCell({ ...GOOD, permuted: { ...all(0.48), "base→tuned": 0.94 } }));
    expect(site.verdict).toBe("inconclusive");
    expect(site.reasons[0]).toContain("does not stand above its own null .94 (permuted sources)");
  });

  it("not-measurable: too few pairs, a base at chance, or the audit's own reason", () => {
    expect(judgeOne(plantCell({ ...GOOD, n: 59 })).reasons).toEqual([
      "59 held-out pairs, fewer than the 60 that anything is judged on",
    ]);
    expect(judgeOne(plantCell({ ...GOOD, n: 0 })).verdict).toBe("not-measurable");
    const atChance = judgeOne(plantCell(GOOD), plantAudit({ base: 0.52 }));
    expect(atChance.verdict).toBe("not-measurable");
    expect(atChance.reasons[0]).toBe(
      "the base answers .52 [.48, .56] of the items rightly, not above chance (.50 for 2 classes)",
    );
    const told = plantAudit({}, { notMeasurable: "no item left" });
    expect(judgeOne(plantCell(GOOD), told).reasons).toEqual(["no item left"]);
  });
});

describe("methods that do not learn both cross directions", () => {
  const made = (cross: readonly Direction[], iia: PlantedRates["iia"]): CellMeasures => ({
    ...plantCell({ ...GOOD, ...(iia && { iia }) }),
    maps: { method: "m", map: "orthogonal", cross },
  });
  const within: PlantedRates["iia"] = { "base→base": 0.96, "tuned→tuned": 0.96 };
  const forward: PlantedRates["iia"] = { ...within, "base→tuned": 0.96 };

  it("are judged by the one that they learn", () => {
    const site = judgeOne(made(["base→tuned"], forward));
    expect(site.verdict).toBe("transfers");
    expect(site.reasons[0]).toBe(
      "the cross direction reaches .80 of the target's own effect: base→tuned 1.00 [.99, 1.01]",
    );
    const broken = judgeOne(made(["base→tuned"], { ...forward, "base→tuned": 0.6 }));
    expect(broken.verdict).toBe("fails");
  });

  it("are not decided where it was not run", () => {
    const site = judgeOne(made(["base→tuned"], within));
    expect(site.verdict).toBe("inconclusive");
    expect(site.reasons).toContain("base→tuned was not run");
  });

  it("say nothing of a transfer where they learn none, and still say what is lost", () => {
    const site = judgeOne(made([], within));
    expect(site.verdict).toBe("inconclusive");
    expect(site.reasons[0]).toMatch(
      /^the method learns each model within itself and compares nothing: base encodes it: .*; tuned encodes it: /,
    );
    const lost = { ...plantCell(CONSTANT), maps: made([], within).maps! };
    expect(judgeOne(lost, plantAudit({ tuned: 0.5 })).verdict).toBe("lost");
  });
});

describe("labels of a site", () => {
  it("behaviour changed: the tuned model inverts the answers and follows the variable under its own table", () => {
    const inverted = {
      ...CONSTANT,
      fullSwap: { "base→base": 0.98, "tuned→tuned": 0.01 },
      noIntervention: { tuned: 0.99 },
    };
    const own = { ...GOOD, table: "own" as const };
    const site = judgeOne(plantCell([inverted, own]), plantAudit({ tuned: 0.02 }));
    expect(site.verdict).toBe("lost");
    expect(site.labels).toEqual(["behaviour changed"]);
    expect(site.reasons).toContain(
      "behaviour changed: under its own answer table tuned→tuned is .96 [.93, .98] (learned map)",
    );
    expect(site.ownTable?.iia["tuned→tuned"]).toMatchObject({ value: 0.96, n: 300 });
  });

  it("behaviour changed is not said from too few pairs, nor behaviour lost of an inverted answer", () => {
    const inverted = {
      ...CONSTANT,
      fullSwap: { "base→base": 0.98, "tuned→tuned": 0.01 },
      noIntervention: { tuned: 0.99 },
    };
    const own = { ...GOOD, table: "own" as const, n: 59 };
    const site = judgeOne(plantCell([inverted, own]), plantAudit({ tuned: 0.02 }));
    expect(site.labels).toEqual([]);
  });

  it("behaviour lost: answers below the null that follow no table of their own either", () => {
    const atRandom = {
      ...CONSTANT,
      fullSwap: { "base→base": 0.98, "tuned→tuned": 0.7 },
      noIntervention: { tuned: 0.7 },
    };
    const own = (swapped: number): Parameters<typeof plantCell>[0] => [
      atRandom,
      { ...NOTHING, table: "own", fullSwap: { "base→base": 0, "tuned→tuned": swapped } },
    ];
    const labels = (rates: Parameters<typeof plantCell>[0]): readonly string[] =>
      judgeOne(plantCell(rates), plantAudit({ tuned: 0.3 })).labels;
    expect(labels(atRandom)).toEqual(["behaviour lost"]);
    expect(labels(own(0.02))).toEqual(["behaviour lost"]);
    expect(labels(own(0.98))).toEqual(["behaviour changed"]);
  });

  it("still readable: an aligned map still moves the base", () => {
    const site = judgeOne(
      plantCell({ ...CONSTANT, closedForm: { "tuned→base": 0.9, "base→tuned": 0.5 } }),
      plantAudit({ tuned: 0.5 }),
    );
    expect(site.labels).toEqual(["behaviour lost", "still readable"]);
    expect(site.reasons.at(-1)).toBe(
      "still readable: tuned→base .90 [.86, .93] (closed form) against a null of .48",
    );
  });

  it("same basis: asks base→tuned and tuned→tuned of the frozen basis; tuned→base alone is no witness", () => {
    expect(judgeOne(plantCell({ ...GOOD, frozenBasis: all(0.95) })).labels).toEqual(["same basis"]);
    const rotated = {
      "base→base": 0.96,
      "tuned→base": 0.93,
      "base→tuned": 0.02,
      "tuned→tuned": 0.03,
    };
    expect(judgeOne(plantCell({ ...GOOD, frozenBasis: rotated })).labels).toEqual([]);
    expect(judgeOne(plantCell({ ...GOOD, frozenBasis: { "base→tuned": 0.96 } })).labels).toEqual(
      [],
    );
  });

  it("scale: told where the sizes differ by a quarter, with the ratio", () => {
    const scaled = (tuned: number): readonly string[] =>
      judgeOne(plantCell(GOOD, { learning: { sigma: { base: 1, tuned } } })).labels;
    expect(scaled(2)).toEqual(["scale ×2.00"]);
    expect(scaled(0.5)).toEqual(["scale ×0.50"]);
    expect(scaled(1.25)).toEqual([]);
    expect(scaled(0.8)).toEqual([]);
  });
});

describe("warnings of a site", () => {
  it("name a cross direction above the target's own ceiling", () => {
    const site = judgeOne(
      plantCell({ ...GOOD, iia: { ...all(0.95), "tuned→tuned": 0.8 }, permuted: all(0.4) }),
    );
    expect(site.warnings).toContain(
      "base→tuned .95 [.92, .97] is above the target's own .80: a sign of steering",
    );
  });

  it("name a subspace that is too small", () => {
    const site = judgeOne(plantCell({ ...GOOD, iia: { ...all(0.96), "tuned→tuned": 0.5 } }));
    expect(site.verdict).toBe("lost");
    expect(site.warnings.join()).toContain("k = 1 may be too small");
  });

  it("name unnatural states", () => {
    const distance = (ratio: number): Distance => ({ ratio, interval: [ratio, ratio], n: 300 });
    const naturalness = { "base→tuned": distance(2.9), "tuned→tuned": distance(1) };
    const site = judgeOne(plantCell(GOOD, { learning: { naturalness } }));
    expect(site.warnings).toEqual([
      "base→tuned states lie 2.9 times as far from natural ones as the target's own: a sign of steering",
    ]);
  });
});

describe("codes that spoil each other's maps", () => {
  /** Joint maps show the base's code, and neither the tuned model's nor any exchange. */
  const spoilt = (alone?: number): CellMeasures => {
    const cell = plantCell({
      ...GOOD,
      iia: { "base→base": 0.96, "base→tuned": 0.2, "tuned→base": 0.2, "tuned→tuned": 0.2 },
      permuted: all(0.2),
    });
    const [trials] = cell.trials;
    if (alone === undefined) return cell;
    const own = { iia: row(alone * 300, 300), permuted: row(60, 300) };
    return { ...cell, trials: [{ ...trials!, alone: { tuned: own } }] };
  };

  it("fail where maps of its own show that the tuned model encodes the variable", () => {
    const site = judgeOne(spoilt(0.9));
    expect(site.verdict).toBe("fails");
    expect(site.gates.tuned).toEqual({
      fullSwap: "yes",
      subspace: "yes",
      isAlone: true,
      encodes: "yes",
    });
    expect(site.reasons[0]).toContain("against a ceiling of .90");
    expect(site.reasons[0]).toContain("(maps of its own)");
  });

  it("are lost where not even those do", () => {
    expect(judgeOne(spoilt(0.22)).verdict).toBe("lost");
    expect(judgeOne(spoilt()).verdict).toBe("lost");
  });

  it("do not speak where the joint maps already show the code", () => {
    const good = plantCell(GOOD);
    const [trials] = good.trials;
    const weaker = { iia: row(180, 300), permuted: row(0, 300) };
    const site = judgeOne({ ...good, trials: [{ ...trials!, alone: { tuned: weaker } }] });
    expect(site.gates.tuned.isAlone).toBeUndefined();
    expect(site.verdict).toBe("transfers");
  });
});

describe("thresholds, one hit either side", () => {
  /** Fewest hits of n whose Wilson low end is above a share, at the default confidence. */
  function fewestAbove(share: number, n: number): number {
    for (let hits = 0; hits <= n; hits++) {
      const interval = wilson({ hits, n }, 0.95);
      if (interval.kind === "value" && interval.low > share) return hits;
    }
    throw new Error("no tally reaches it");
  }

  const withHits = (group: "fullSwap" | "iia", hits: number): CellMeasures => {
    const cell = plantCell(GOOD);
    const [trials] = cell.trials;
    return {
      ...cell,
      trials: [{ ...trials!, [group]: { ...trials![group], "base→base": row(hits, 300) } }],
    };
  };

  it("the full swap says yes from the first hit that lifts the low end above no intervention + τ", () => {
    const hits = fewestAbove(0.2, 300);
    expect(judgeOne(withHits("fullSwap", hits)).gates.base.fullSwap).toBe("yes");
    expect(judgeOne(withHits("fullSwap", hits - 1)).gates.base.fullSwap).toBe("?");
  });

  it("the full swap says no up to the last hit that keeps the high end below it", () => {
    // the high end of h hits is 1 − the low end of n − h hits
    const misses = fewestAbove(0.8, 300);
    expect(judgeOne(withHits("fullSwap", 300 - misses)).gates.base.fullSwap).toBe("no");
    expect(judgeOne(withHits("fullSwap", 301 - misses)).gates.base.fullSwap).toBe("?");
  });

  it("the subspace is compared with the permuted null, not with no intervention", () => {
    const hits = fewestAbove(0.48 + 0.2, 300);
    expect(judgeOne(withHits("iia", hits)).gates.base.subspace).toBe("yes");
    expect(judgeOne(withHits("iia", hits - 1)).gates.base.subspace).toBe("?");
  });

  it("the ratio decides by its ends: one hit turns transfers into inconclusive, and inconclusive into fails", () => {
    const uncorrected = policySchema.parse({ multiplicity: "none" });
    const measured = Array.from({ length: 301 }, (_, hits) => {
      const cell = plantCell({ ...GOOD, permuted: all(0.3) });
      const [trials] = cell.trials;
      const crossed = { ...trials!, iia: { ...trials!.iia, "base→tuned": row(hits, 300) } };
      const site = judgeOne({ ...cell, trials: [crossed] }, plantAudit(), uncorrected);
      const ratio = site.ratio["base→tuned"];
      if (ratio?.kind !== "value") throw new Error("no ratio");
      return { verdict: site.verdict, interval: ratio.interval };
    });
    for (const { verdict, interval } of measured) {
      const expected =
        interval[1] < 0.8 ? "fails" : interval[0] >= 0.8 ? "transfers" : "inconclusive";
      expect(verdict).toBe(expected);
    }
    // more hits never make it worse
    const order = ["fails", "inconclusive", "transfers"];
    const ranks = measured.map(({ verdict }) => order.indexOf(verdict));
    expect(ranks.every((rank, i) => i === 0 || rank >= ranks[i - 1]!)).toBe(true);
    expect(new Set(ranks).size).toBe(3);
  });

  it("minPairs pairs are enough, one fewer is not", () => {
    expect(judgeOne(plantCell({ ...GOOD, n: 60 })).verdict).toBe("transfers");
    expect(judgeOne(plantCell({ ...GOOD, n: 59 })).verdict).toBe("not-measurable");
  });
});

describe("rows that cannot be", () => {
  it("are refused with their name and lengths", () => {
    const cell = plantCell(GOOD);
    const [trials] = cell.trials;
    const broken = { ...trials!, permuted: { ...trials!.permuted, "base→tuned": "101" } };
    expect(() => judgeOne({ ...cell, trials: [broken] })).toThrow(
      "permuted base→tuned of the causal table has 3 outcomes for 300 trials",
    );
  });

  it("may stop after the first trials where they only describe", () => {
    const cell = plantCell(GOOD);
    const [trials] = cell.trials;
    const judgeWith = (change: Partial<Trials>): unknown =>
      judgeOne({ ...cell, trials: [{ ...trials!, ...change }] });
    const first = (n: number): string => "1".repeat(n);
    const { fullSwap } = trials!;
    expect(() => judgeWith({ closedForm: { "base→base": first(100) } })).not.toThrow();
    expect(() => judgeWith({ fullSwap: { ...fullSwap, "base→tuned": first(100) } })).not.toThrow();
    expect(() => judgeWith({ fullSwap: { ...fullSwap, "base→base": first(100) } })).toThrow("100 outcomes for 300"); // prettier-ignore
    expect(() => judgeWith({ closedForm: { "base→base": first(301) } })).toThrow("301 outcomes for 300 trials"); // prettier-ignore
    expect(() => judgeWith({ closedForm: { "base→base": "" } })).toThrow(
      "0 outcomes for 300 trials",
    );
  });

  it("are refused where the causal table is missing", () => {
    expect(() => judgeOne(plantCell({ ...GOOD, table: "own" }))).toThrow("causal table");
  });
});

it("a policy refuses unknown keys and fills in the defaults", () => {
  expect(policySchema.parse({})).toEqual(DEFAULT_POLICY);
  expect(DEFAULT_POLICY).toEqual({
    tau: 0.2,
    ratio: 0.8,
    confidence: 0.95,
    isolation: 0.8,
    minPairs: 60,
    closesGate: ["fails", "lost"],
    multiplicity: "holm",
    allow: [],
    waivers: [],
    regressions: "ignore",
    prompts: "full",
  });
  expect(policySchema.safeParse({ tua: 0.1 }).success).toBe(false);
  expect(policySchema.safeParse({ tau: 1.5 }).success).toBe(false);
  for (const [key, schema] of Object.entries(policySchema.shape)) {
    expect(schema.description, key).toContain("Source:");
  }
});
