/**
 * @file One cell judged: gates first, then ratios, then a word, with its reasons.
 *
 * Two steps, because claims of failure are corrected over the whole run in between: {@link examineSite} gates the cell
 * and makes its claims, {@link concludeSite} gives the word once the claims are corrected.
 */
import { present } from "../errors.js";
import type { AuditMeasures, CellMeasures, Direction, Side, Trials } from "../measure/measures.js";
import { explainNotMeasurable, judgeBehaviour } from "./behaviour.js";
import { makeClaims, measureRatio, type Claim, type CorrectedClaim } from "./claims.js";
import {
  CROSS_DIRECTIONS,
  checkTrials,
  measureByDirection,
  measureControls,
  measureNulls,
} from "./figures.js";
import { gateSide } from "./gates.js";
import type { Policy } from "./policy.js";
import { decideSite, type Correction, type Decision } from "./site-decision.js";
import {
  labelChanged,
  labelReadable,
  labelSameBasis,
  labelScale,
  type ExplainedLabel,
} from "./site-labels.js";
import { labelEntangled, labelSteerable, warnFurther } from "./further-labels.js";
import { measureFurtherFigures } from "./further.js";
import { testPairs } from "./paired-tests.js";
import { collectWarnings } from "./site-warnings.js";
import type { Measure, OwnTableFigures, SideGates, SiteVerdict, SiteWord } from "./verdicts.js";

/** A cell after its gates, with the claims that it makes to the run. */
export interface SiteEvidence {
  readonly cell: CellMeasures;
  readonly audit: AuditMeasures;
  /** Trials of the causal table: the ones that decide. */
  readonly trials: Trials;
  readonly gates: Readonly<Record<Side, SideGates>>;
  /** Empty unless both models encode the variable here. */
  readonly claims: readonly Claim[];
  /** Why nothing can be measured here, if so. */
  readonly notMeasurable?: string;
}

const UNKNOWN: SideGates = { fullSwap: "?", encodes: "?" };

function explainTooFew(trials: Trials, policy: Policy): string | undefined {
  const n = trials.target.length;
  if (n >= policy.minPairs) return undefined;
  return `${n} held-out pairs, fewer than the ${policy.minPairs} that anything is judged on`;
}

/**
 * Gates a cell and makes its claims.
 *
 * @throws {@link InvariantError} when rows of outcomes do not belong to the same trials, or the causal table is missing.
 */
export function examineSite(
  cell: CellMeasures,
  audit: AuditMeasures,
  policy: Policy,
): SiteEvidence {
  cell.trials.forEach(checkTrials);
  const trials = present(
    cell.trials.find(({ table }) => table === "causal"),
    "the causal table of a cell",
  );
  const notMeasurable = explainNotMeasurable(audit, policy) ?? explainTooFew(trials, policy);
  if (notMeasurable !== undefined) {
    const gates = { base: UNKNOWN, tuned: UNKNOWN };
    return { cell, audit, trials, gates, claims: [], notMeasurable };
  }
  const gates = {
    base: gateSide(trials, "base", policy),
    tuned: gateSide(trials, "tuned", policy),
  };
  const isShared = gates.base.encodes === "yes" && gates.tuned.encodes === "yes";
  return { cell, audit, trials, gates, claims: isShared ? makeClaims(trials, policy) : [] };
}

function labelLost({ cell, audit, trials }: SiteEvidence, policy: Policy): ExplainedLabel[] {
  const changed = labelChanged(cell, policy);
  const fate = judgeBehaviour(audit, trials, policy);
  // below its null stands also a model that answers by another table; one that follows none has lost its behaviour
  const isBelow = fate === "not above" && followsNoTable(cell, policy);
  const isLost = changed.length === 0 && (fate === "lost" || isBelow);
  const lost: ExplainedLabel = {
    label: "behaviour lost",
    reason: "behaviour lost: the tuned model answers rightly no more often than its null",
  };
  return [...(isLost ? [lost] : []), ...changed, ...labelReadable(trials, policy)];
}

/** Nothing moves the tuned model under a table of its own either; with too few pairs to say so, false. */
function followsNoTable(cell: CellMeasures, policy: Policy): boolean {
  const own = cell.trials.find(({ table }) => table === "own");
  if (own === undefined) return true;
  return own.target.length >= policy.minPairs && gateSide(own, "tuned", policy).fullSwap === "no";
}

function collectLabels(
  evidence: SiteEvidence,
  word: SiteWord,
  policy: Policy,
): readonly ExplainedLabel[] {
  if (word === "lost") return labelLost(evidence, policy);
  if (evidence.gates.base.encodes !== "yes" || evidence.gates.tuned.encodes !== "yes") return [];
  const { cell, trials } = evidence;
  return [
    ...(word === "fails" ? labelSteerable(cell, trials, policy) : []),
    ...labelEntangled(cell, policy),
    ...labelSameBasis(trials, policy),
    ...labelScale(cell),
  ];
}

function describeNeed(word: SiteWord, nToDecide: number | undefined): readonly string[] {
  if (word !== "inconclusive" || nToDecide === undefined) return [];
  return [`about ${nToDecide} pairs would decide, were the rates to stay`];
}

function measureOwnTable(
  cell: CellMeasures,
  { confidence }: Policy,
): { readonly ownTable?: OwnTableFigures } {
  const own = cell.trials.find(({ table }) => table === "own");
  if (own === undefined) return {};
  return {
    ownTable: {
      n: own.target.length,
      iia: measureByDirection(own.iia, confidence),
      null: measureNulls(own, confidence),
      controls: measureControls(own, confidence),
    },
  };
}

function byClaim<T>(
  claims: readonly CorrectedClaim[],
  figure: (claim: CorrectedClaim) => T,
): Readonly<Partial<Record<Direction, T>>> {
  const found: Partial<Record<Direction, T>> = {};
  for (const claim of claims) found[claim.direction] = figure(claim);
  return found;
}

/** Gives a cell its word, labels, reasons and figures, once the claims of the run are corrected. */
export function concludeSite(
  evidence: SiteEvidence,
  correction: Correction,
  { policy, draws }: { readonly policy: Policy; readonly draws: number },
): SiteVerdict {
  const { cell, trials, gates } = evidence;
  const facts = {
    trials,
    gates,
    cross: cell.maps?.cross ?? CROSS_DIRECTIONS,
    iia: measureByDirection(trials.iia, policy.confidence),
    controls: measureControls(trials, policy.confidence),
  };
  const { word, reasons, nToDecide }: Decision =
    evidence.notMeasurable === undefined
      ? decideSite(facts, correction, policy)
      : { word: "not-measurable", reasons: [evidence.notMeasurable] };
  const labels = collectLabels(evidence, word, policy);
  const { layer, role, k, seed } = cell.cell;
  const { confidence } = policy;
  const further = measureFurtherFigures(cell, trials, policy);
  const warnings = [
    ...collectWarnings({ cell, trials, gates }, policy),
    ...warnFurther(cell, trials, policy),
  ];
  return {
    ...{ layer, role, k, seed },
    verdict: word,
    labels: labels.map(({ label }) => label),
    reasons: [...reasons, ...labels.map(({ reason }) => reason), ...describeNeed(word, nToDecide)],
    warnings: word === "not-measurable" ? [] : warnings,
    n: trials.target.length,
    ...(nToDecide === undefined ? {} : { nToDecide }),
    gates,
    iia: facts.iia,
    null: measureNulls(trials, confidence),
    ratio: byClaim<Measure>(correction.claims, ({ ratio }) => measureRatio(ratio, confidence)),
    adjustedP: byClaim(correction.claims, ({ adjustedP }) => adjustedP),
    controls: facts.controls,
    ...(further && { further }),
    tests: word === "not-measurable" ? {} : testPairs(trials, { cell: cell.cell, draws }, policy),
    ...measureOwnTable(cell, policy),
  };
}
