/**
 * @file Measures with known truth: rows of outcomes with exact rates, nested so that every trial is paired.
 */
import {
  DIRECTIONS,
  type AuditMeasures,
  type CellKey,
  type CellMeasures,
  type Direction,
  type Hits,
  type Learning,
  type Side,
  type Trials,
} from "../../src/measure/measures.js";

/** A row of n outcomes of which the first `hits` succeed. */
export function row(hits: number, n: number): Hits {
  return "1".repeat(hits) + "0".repeat(n - hits);
}

type Rates = Readonly<Partial<Record<Direction, number>>>;

/** Rates of one table of trials, shares; what is absent was not run. */
export interface PlantedRates {
  readonly n?: number;
  readonly table?: Trials["table"];
  readonly fullSwap?: Rates;
  readonly noIntervention?: Readonly<Partial<Record<Side, number>>>;
  readonly iia?: Rates;
  readonly permuted?: Rates;
  readonly randomSubspace?: Rates;
  readonly closedForm?: Rates;
  readonly frozenBasis?: Rates;
}

export const all = (rate: number): Rates =>
  Object.fromEntries(DIRECTIONS.map((direction) => [direction, rate]));

/** Trials with these rates. */
function plantTrials(rates: PlantedRates): Trials {
  const n = rates.n ?? 300;
  const rows = (wanted: Rates = {}): Partial<Record<Direction, Hits>> =>
    Object.fromEntries(
      Object.entries(wanted).map(([key, rate]) => [key, row(Math.round(rate * n), n)]),
    );
  const untouched = (side: Side): Hits =>
    row(Math.round((rates.noIntervention?.[side] ?? 0) * n), n);
  return {
    table: rates.table ?? "causal",
    target: Array.from({ length: n }, (_, i) => i),
    source: Array.from({ length: n }, (_, i) => (i + 1) % n),
    fullSwap: rows(rates.fullSwap),
    noIntervention: { base: untouched("base"), tuned: untouched("tuned") },
    iia: rows(rates.iia),
    permuted: rows(rates.permuted),
    randomSubspace: rows(rates.randomSubspace),
    closedForm: rows(rates.closedForm),
    frozenBasis: rows(rates.frozenBasis),
  };
}

/** Rates of a binary variable that is shared and exchanged in full. */
export const GOOD: PlantedRates = {
  fullSwap: all(0.98),
  iia: all(0.96),
  permuted: all(0.48),
  randomSubspace: all(0.01),
};

/** The tuned model answers constantly: nothing moves it, half of the counterfactuals are its answer anyway. */
export const CONSTANT: PlantedRates = {
  fullSwap: { "base→base": 0.98, "tuned→tuned": 0.5 },
  noIntervention: { tuned: 0.5 },
  iia: { "base→base": 0.96 },
  permuted: { "base→base": 0.48 },
  randomSubspace: { "base→base": 0.01 },
};

/** Nothing moves either model here. */
export const NOTHING: PlantedRates = { fullSwap: { "base→base": 0.01, "tuned→tuned": 0.02 } };

/** A cell with these rates at this address. */
export function plantCell(
  rates: PlantedRates | readonly PlantedRates[],
  more: Partial<CellKey> & { readonly learning?: Partial<Learning> } = {},
): CellMeasures {
  const { learning, ...key } = more;
  const tables = Array.isArray(rates)
    ? (rates as readonly PlantedRates[])
    : [rates as PlantedRates];
  return {
    cell: { audit: "a", variable: "v", layer: 4, role: "last", k: 1, seed: 0, ...key },
    dModel: { base: 64, tuned: 64 },
    trials: tables.map(plantTrials),
    learning: {
      trained: ["base", "tuned"],
      steps: 60,
      bestStep: 40,
      validationLossNats: [0.3],
      naturalness: {},
      sigma: { base: 1, tuned: 1 },
      ...learning,
    },
  };
}

/** An audit of a binary variable with these natural accuracies over 500 items. */
export function plantAudit(
  accuracy: Partial<Record<Side, number>> = {},
  more: Partial<AuditMeasures> = {},
): AuditMeasures {
  const share = (side: Side): AuditMeasures["natural"][Side] => ({
    accuracy: { hits: Math.round((accuracy[side] ?? 0.97) * 500), n: 500 },
    answerMass: 0.5,
  });
  return {
    audit: "a",
    title: "t",
    question: "q",
    variable: "v",
    classes: ["x", "y"],
    items: {
      ...{ generated: 500, tooLong: 0, baseRight: 485, tunedRight: 485, bothRight: 480 },
      ...{ train: 200, validation: 80, test: 200, heldOut: "item" },
    },
    natural: { base: share("base"), tuned: share("tuned") },
    ...more,
  };
}
