/**
 * @file A cross direction against the target's own maps on the same trials: is it different, is it the same, and what
 * becomes of the ratio when trials share items? Beside the verdict; the rule reads the delta-method ratio alone.
 */
import type { CellKey, Direction, Trials } from "../measure/measures.js";
import { bootstrapRatio } from "../stats/bootstrap.js";
import { testEquivalence } from "../stats/equivalence.js";
import { mcnemar } from "../stats/mcnemar.js";
import { stream } from "../stats/stream.js";
import { measureRatio } from "./claims.js";
import { CROSS_DIRECTIONS, findCeiling, TARGET, type Ceiling } from "./figures.js";
import type { Policy } from "./policy.js";
import { writeConfidence } from "./sentences.js";
import type { Measure, PairedTest } from "./verdicts.js";

/**
 * Draws of the bootstrap of one ratio: the confidence of an end at .95 then errs by √(.95·.05/500) = .01, which is enough
 * beside a verdict and takes milliseconds per cell.
 */
export const BOOTSTRAP_DRAWS = 500;

/** The tests of both cross directions; a direction that was not run, or whose target was not learned, has none. */
export function testPairs(
  trials: Trials,
  { cell, draws }: { readonly cell: CellKey; readonly draws: number },
  policy: Policy,
): Readonly<Partial<Record<Direction, PairedTest>>> {
  const found: Partial<Record<Direction, PairedTest>> = {};
  for (const key of CROSS_DIRECTIONS) {
    const cross = trials.iia[key];
    const ceiling = findCeiling(trials, TARGET[key], policy);
    if (cross === undefined || ceiling === undefined) continue;
    const own = ceiling.hits;
    const { onlyA, onlyB, p } = mcnemar(cross, own);
    found[key] = {
      onlyCross: onlyA,
      onlyWithin: onlyB,
      p,
      difference: testDifference(cross, own, policy),
      clusteredRatio: drawRatio(trials, { key, cross, ceiling, cell, draws }, policy),
    };
  }
  return found;
}

/** Cross less within, with the claim that they differ by less than τ. */
function testDifference(
  cross: string,
  own: string,
  { tau, confidence }: Policy,
): PairedTest["difference"] {
  const test = testEquivalence({ a: cross, b: own }, { margin: tau, confidence });
  if (test.kind === "undefined") return { measure: test, margin: tau };
  return {
    measure: {
      kind: "value",
      value: test.difference,
      unit: "difference",
      n: test.n,
      interval: [test.low, test.high],
      method: `score interval of paired rates, each end one-sided ${writeConfidence(confidence)}`,
    },
    margin: tau,
    equivalenceP: test.p,
  };
}

function drawRatio(
  trials: Trials,
  {
    key,
    cross,
    ceiling,
    cell,
    draws,
  }: {
    readonly key: Direction;
    readonly cross: string;
    readonly ceiling: Ceiling;
    readonly cell: CellKey;
    readonly draws: number;
  },
  { confidence }: Policy,
): Measure {
  const { audit, variable, layer, role, k, seed } = cell;
  const name = JSON.stringify(["bootstrap", audit, variable, layer, role, k, key]);
  const found = bootstrapRatio(
    {
      cross,
      within: ceiling.hits,
      null: ceiling.null.hits,
      clusters: trials.target,
    },
    { confidence, draws, rng: stream(seed, name) },
  );
  if (found.kind === "undefined") return found;
  return measureRatio(found, confidence, `bootstrap over ${found.clusters} target items`);
}
