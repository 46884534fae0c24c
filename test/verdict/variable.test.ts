import { describe, expect, it } from "vitest";
import type { CellMeasures } from "../../src/measure/measures.js";
import { DEFAULT_POLICY } from "../../src/verdict/policy.js";
import { judge } from "../../src/verdict/run.js";
import type { VariableVerdict } from "../../src/verdict/verdicts.js";
import {
  all,
  CONSTANT,
  GOOD,
  NOTHING,
  plantAudit,
  plantCell,
  type PlantedRates,
} from "./planted.js";

/** Sites as "role layer" → rates. */
type Sites = readonly (readonly [role: string, layer: number, rates: PlantedRates])[];

const FAILING: PlantedRates = { ...GOOD, iia: { ...all(0.96), "base→tuned": 0.5 } };
const GAINED: PlantedRates = {
  fullSwap: { "base→base": 0.02, "tuned→tuned": 0.97 },
  iia: { "tuned→tuned": 0.95 },
  permuted: { "tuned→tuned": 0.47 },
};
/** The tuned model behaves, but this place does not carry the variable any more. */
const GONE: PlantedRates = {
  fullSwap: { "base→base": 0.98, "tuned→tuned": 0.03 },
  iia: { "base→base": 0.96 },
  permuted: { "base→base": 0.48 },
};
/** Both encode it; the ratio's interval holds the threshold. */
const OPEN: PlantedRates = { ...GOOD, n: 60, iia: { ...all(0.95), "base→tuned": 0.88 } };
/** The base itself is undecided: a site at which the variable is handed over. */
const HANDOVER: PlantedRates = { fullSwap: all(0.34), iia: all(0.32), permuted: all(0.1) };

function judgeSites(
  sites: Sites,
  accuracy: { base?: number; tuned?: number } = {},
): VariableVerdict {
  const cells = sites.map(([role, layer, rates]): CellMeasures =>
    plantCell(rates, { role, layer }),
  );
  return judge({ audits: [plantAudit(accuracy)], cells }, DEFAULT_POLICY).variables[0]!;
}

const at = (role: string, layers: readonly number[], rates: PlantedRates): Sites =>
  layers.map((layer) => [role, layer, rates] as const);

describe("a variable", () => {
  it("transfers wherever the base encodes it", () => {
    const found = judgeSites([
      ...at("focus", [0, 4, 8], GOOD),
      ...at("focus", [12, 16], NOTHING),
      ...at("last", [0, 4, 8], NOTHING),
      ...at("last", [12, 16], GOOD),
    ]);
    expect(found.verdict).toBe("transfers");
    expect(found.reasons[0]).toBe(
      "transfers wherever the base encodes it: layers 0–8 (role focus), layers 12–16 (role last)",
    );
  });

  it("transfers with the one inconclusive site of ten named", () => {
    const found = judgeSites([
      ...at("focus", [0, 1, 2, 3, 4, 5, 6, 7, 8], GOOD),
      ["focus", 9, OPEN],
    ]);
    expect(found.verdict).toBe("transfers");
    expect(found.reasons[0]).toBe("transfers at layers 0–8 (role focus)");
    expect(found.reasons.at(-1)).toBe(
      "inconclusive at layer 9 (role focus), some of which the base encodes",
    );
  });

  it("is inconclusive where half of the sites that the base encodes are open", () => {
    const found = judgeSites([
      ["focus", 0, GOOD],
      ["focus", 4, OPEN],
    ]);
    expect(found.verdict).toBe("inconclusive");
    expect(found.reasons.at(-1)).toBe(
      "inconclusive at layer 4 (role focus); transfers at layer 0 (role focus)",
    );
  });

  it("is not held back by hand-over sites at which the base itself is undecided", () => {
    const found = judgeSites([
      ["focus", 0, GOOD],
      ...at("focus", [4, 8], HANDOVER),
      ["last", 12, GOOD],
    ]);
    expect(found.verdict).toBe("transfers");
    expect(found.reasons.at(-1)).toBe("inconclusive at layers 4–8 (role focus)");
  });

  it("fails if any site fails, and tells the worst", () => {
    const found = judgeSites([
      ...at("focus", [0, 4], GOOD),
      ["focus", 8, FAILING],
      ["last", 12, GOOD],
    ]);
    expect(found.verdict).toBe("fails");
    expect(found.reasons[0]).toBe("fails at layer 8 (role focus)");
    expect(found.reasons[1]).toContain("layer 8 (role focus), n = 300: base→tuned .50 [.44, .56]");
  });

  it("is lost where the tuned model answers constantly, however well tuned→base reads", () => {
    const readable: PlantedRates = { ...CONSTANT, frozenBasis: { "tuned→base": 0.96 } };
    const found = judgeSites(
      [
        ...at("focus", [0, 4, 8, 12], readable),
        ["focus", 16, NOTHING],
        ...at("last", [0, 4, 8, 12, 16], NOTHING),
        ...at("last", [24, 28], CONSTANT),
      ],
      { tuned: 0.5 },
    );
    expect(found.verdict).toBe("lost");
    expect(found.labels).toEqual(["behaviour lost", "still readable"]);
    expect(found.reasons[0]).toBe(
      "lost at layers 0–12 (role focus), layers 24–28 (role last); transfers nowhere",
    );
    expect(found.reasons.at(-1)).toBe(
      "natural accuracy: base .97 [.95, .98], tuned .50 [.46, .54]",
    );
  });

  it("has moved where it is lost early and transfers later", () => {
    const found = judgeSites([["last", 2, GONE], ...at("last", [3, 4], GOOD)]);
    expect(found.verdict).toBe("moved");
    expect(found.sites[0]!.labels).toEqual(["moved"]);
    expect(found.sites[0]!.reasons.at(-1)).toBe(
      "moved: the tuned model encodes it at layer 3 (role last)",
    );
    expect(found.reasons[0]).toBe(
      "lost at layer 2 (role last); transfers at layers 3–4 (role last)",
    );
  });

  it("has moved where it is lost in one role and transfers in another of the same layer", () => {
    expect(
      judgeSites([
        ["focus", 4, GONE],
        ["last", 4, GOOD],
      ]).verdict,
    ).toBe("moved");
  });

  it("has moved where it leaves a place sooner than in the base and the behaviour is kept", () => {
    const found = judgeSites([...at("focus", [0, 4], GOOD), ["focus", 8, GONE]]);
    expect(found.verdict).toBe("moved");
    expect(found.reasons.slice(-2)).toEqual([
      "it leaves layer 8 (role focus) sooner than in the base, and the answers still follow it",
      "natural accuracy: base .97 [.95, .98], tuned .97 [.95, .98]",
    ]);
  });

  it("is lost where it transfers only earlier and the behaviour is not shown to be kept", () => {
    const found = judgeSites([...at("focus", [0, 4], GOOD), ["focus", 8, GONE]], { tuned: 0.75 });
    expect(found.verdict).toBe("lost");
    expect(found.reasons[0]).toBe(
      "lost at layer 8 (role focus); transfers only earlier, at layers 0–4 (role focus)",
    );
    expect(found.reasons.at(-1)).toContain("not shown to keep .80 of the base's effect");
  });

  it("is lost where the tuned answers are at their null, whatever a later site exchanges", () => {
    const found = judgeSites([...at("focus", [0, 4], CONSTANT), ["last", 8, GOOD]], { tuned: 0.5 });
    expect(found.verdict).toBe("lost");
    expect(found.reasons[0]).toBe(
      "lost at layers 0–4 (role focus), although it transfers at layer 8 (role last)",
    );
    expect(found.reasons.at(-1)).toContain("at its null, so nothing was recovered");
  });

  it("is neither lost nor moved where only a smaller k of the same place is", () => {
    const cells = [
      plantCell({ ...GOOD, iia: { ...all(0.96), "tuned→tuned": 0.4 } }, { k: 1 }),
      plantCell(GOOD, { k: 4 }),
    ];
    const run = judge({ audits: [plantAudit()], cells }, DEFAULT_POLICY);
    expect(run.variables[0]!.verdict).toBe("transfers");
  });

  it("is gained, absent or inconclusive where nothing stronger holds", () => {
    expect(
      judgeSites([
        ["last", 4, GAINED],
        ["last", 8, NOTHING],
      ]).verdict,
    ).toBe("gained");
    const absent = judgeSites(at("last", [4, 8], NOTHING));
    expect(absent.verdict).toBe("absent");
    expect(absent.reasons).toEqual(["neither model encodes it at layers 4–8 (role last)"]);
    expect(judgeSites([["last", 4, HANDOVER]]).verdict).toBe("inconclusive");
  });

  it("is not measurable without sites, or where the audit says so", () => {
    const none = judgeSites([]);
    expect(none.verdict).toBe("not-measurable");
    expect(none.reasons).toEqual(["no site was examined"]);
    const audits = [plantAudit({}, { notMeasurable: "the base answers 12 items rightly" })];
    const told = judge({ audits, cells: [] }, DEFAULT_POLICY);
    expect(told.variables[0]!.reasons).toEqual(["the base answers 12 items rightly"]);
    expect(told.verdict).toBe("not-measurable");
  });

  it("keeps behaviour lost apart from behaviour changed", () => {
    const own: PlantedRates = { ...GOOD, table: "own" };
    const inverted = { ...CONSTANT, fullSwap: { "base→base": 0.98, "tuned→tuned": 0.02 } };
    const cells = [
      plantCell([{ ...inverted, noIntervention: { tuned: 0.1 } }, own], { layer: 4 }),
      plantCell({ ...inverted, noIntervention: { tuned: 0.1 } }, { layer: 8 }),
    ];
    const audits = [plantAudit({ tuned: 0.1 })];
    const found = judge({ audits, cells }, DEFAULT_POLICY).variables[0]!;
    expect(found.sites.map(({ labels }) => labels)).toEqual([
      ["behaviour changed"],
      ["behaviour lost"],
    ]);
    expect(found.labels).toEqual(["behaviour changed"]);
  });

  it("has the same basis where all its sites have", () => {
    const same: PlantedRates = { ...GOOD, frozenBasis: all(0.95) };
    expect(judgeSites(at("last", [4, 8], same)).labels).toEqual(["same basis"]);
    expect(
      judgeSites([
        ["last", 4, same],
        ["last", 8, GOOD],
      ]).labels,
    ).toEqual([]);
  });
});
