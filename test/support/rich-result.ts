/**
 * @file The sample result with everything that may stand beside the learned maps: further measures, examples of failing
 * pairs with their prompts, and correlative figures. Judged by the real rule.
 */
import { failedTrials } from "../../src/measure/examples.js";
import {
  DIRECTIONS,
  type CellMeasures,
  type DirectedHits,
  type FurtherMeasures,
} from "../../src/measure/measures.js";
import { quotePrompts } from "../../src/report/prompts.js";
import type { Result } from "../../src/report/schema.js";
import { DEFAULT_POLICY } from "../../src/verdict/policy.js";
import { judge } from "../../src/verdict/run.js";
import { sampleResult } from "./sample-result.js";

/** `layers`: only these; all without. */
export function richResult(layers?: readonly number[]): Result {
  const result = sampleResult();
  const kept = result.cells.filter(({ cell }) => layers?.includes(cell.layer) ?? true);
  const cells = kept.map(enrich);
  const audits = result.audits.map((each) =>
    quotePrompts(each, cells, (item) => `The prompt of item ${item} <b>goes</b>`),
  );
  return { ...result, ...judge({ audits, cells }, DEFAULT_POLICY), audits, cells };
}

function enrich(cell: CellMeasures): CellMeasures {
  const figure = { measure: "linear CKA, debiased", n: 96, value: 0.9 - cell.cell.layer / 100 };
  const similarity = {
    linearCkaDebiased: figure,
    rsa: { measure: "RSA", n: 96, undefinedBecause: "all distances are equal" },
    procrustes: { ...figure, nFit: 180 },
  };
  const causal = cell.trials[0]!;
  if (cell.learning === undefined) return { ...cell, similarity };
  const examples = Object.fromEntries(
    Object.entries(causal.iia).map(([key, hits]) => {
      const answers = Int32Array.from(hits, Number);
      return [
        key,
        failedTrials({ answers, labels: answers.map(() => 1), classes: ["bad", "good"] }),
      ];
    }),
  );
  return { ...cell, similarity, examples, further: furtherOf(causal.iia, cell) };
}

function furtherOf(iia: DirectedHits, { trials, learning }: CellMeasures): FurtherMeasures {
  const { target, source, noIntervention } = trials[0]!;
  const first = Object.fromEntries(
    DIRECTIONS.flatMap((key) => (iia[key] === undefined ? [] : [[key, iia[key].slice(0, 100)]])),
  );
  const control = { iia, steps: 60, bestStep: 20, naturalness: learning!.naturalness };
  const untrained = { iia: noIntervention.base, steps: 60, bestStep: 0 };
  return {
    bothRight: "1".repeat(target.length),
    geometry: {
      principalAngles: [0.1, 0.4],
      dormantShare: { base: 0.01, tuned: 0.02 },
      codeSize: { base: 3, tuned: 3.1 },
    },
    sizeCurve: { n: 100, points: [1, 2, 4, 8].map((k) => ({ k, iia: first })) },
    isolation: { target, source, noIntervention, swapped: iia },
    behaviourOnly: control,
    shuffledLabels: { ...control, iia: first },
    untrainedSource: { base: untrained, tuned: untrained },
    repeats: [],
  };
}
