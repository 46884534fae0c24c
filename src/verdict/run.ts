/**
 * @file The whole run judged: a pure function from stored measures, a policy and a day to words.
 *
 * The rule of the run: `fail` where the verdict of any variable closes the gate (what the policy allows or waives is
 * left out of this question, and of nothing else); else `pass` where at least one variable transfers, has moved or is
 * excused (what stayed open is named in the reasons, and a policy may let it close the gate);
 * else `not-measurable` where no variable could be measured; else `inconclusive`: nothing was found broken, but
 * nothing was shown to transfer either.
 */
import { invariant, present } from "../errors.js";
import type { AuditMeasures, CellMeasures } from "../measure/measures.js";
import { judgeBehaviour, measureAccuracy, explainNotMeasurable } from "./behaviour.js";
import { correctClaims } from "./claims.js";
import { BOOTSTRAP_DRAWS } from "./paired-tests.js";
import { writeExcuses, writeHeld } from "./excuse-sentences.js";
import { findExcuses, withoutExcused } from "./excuses.js";
import type { Policy } from "./policy.js";
import { writeList } from "./sentences.js";
import { concludeSite, examineSite, type SiteEvidence } from "./site.js";
import { judgeVariable, type VariableEvidence } from "./variable.js";
import {
  VERDICT_WORDS,
  type Excuse,
  type RunVerdict,
  type RunWord,
  type SiteVerdict,
  type VariableVerdict,
  type VariableWord,
} from "./verdicts.js";

/** Everything a run measured. */
export interface RunMeasures {
  readonly audits: readonly AuditMeasures[];
  readonly cells: readonly CellMeasures[];
}

type VariableKey = Pick<AuditMeasures, "audit" | "variable">;

function isSameVariable(a: VariableKey, b: VariableKey): boolean {
  return a.audit === b.audit && a.variable === b.variable;
}

/** Order of sites: role, layer, k, seed; roles by code unit, so that no locale changes the bytes of a result. */
function compareCells({ cell: a }: CellMeasures, { cell: b }: CellMeasures): number {
  if (a.role !== b.role) return a.role < b.role ? -1 : 1;
  return a.layer - b.layer || a.k - b.k || a.seed - b.seed;
}

function checkCells({ audits, cells }: RunMeasures): void {
  const seen = new Set<string>();
  for (const { cell } of cells) {
    const { audit, variable, layer, role, k, seed } = cell;
    const address = JSON.stringify({ audit, variable, layer, role, k, seed });
    const isKnown = audits.some((known) => isSameVariable(known, cell));
    invariant(isKnown, `cell ${address} belongs to no audit of the run`);
    invariant(!seen.has(address), `cell ${address} was measured twice`);
    seen.add(address);
  }
}

/** Judges every cell: gates each, corrects the claims of all of them together, then gives the words. */
function judgeSites(
  evidence: readonly SiteEvidence[],
  { policy, draws }: { readonly policy: Policy; readonly draws: number },
): { readonly sites: readonly SiteVerdict[]; readonly claims: number } {
  const corrected = correctClaims(
    evidence.map(({ claims }) => claims),
    policy.multiplicity,
  );
  const total = corrected.flat().length;
  const sites = evidence.map((site, i) =>
    concludeSite(
      site,
      { claims: present(corrected[i], "claims of a cell"), total },
      { policy, draws },
    ),
  );
  return { sites, claims: total };
}

function gatherVariable(
  audit: AuditMeasures,
  found: { readonly evidence: readonly SiteEvidence[]; readonly sites: readonly SiteVerdict[] },
  policy: Policy,
): VariableEvidence {
  const places = found.evidence.flatMap((site, i) =>
    isSameVariable(site.cell.cell, audit) ? [i] : [],
  );
  const [first] = places.map((i) => present(found.evidence[i], "evidence of a site"));
  const notMeasurable = explainNotMeasurable(audit, policy);
  return {
    audit: audit.audit,
    variable: audit.variable,
    accuracy: measureAccuracy(audit, policy.confidence),
    sites: places.map((i) => present(found.sites[i], "verdict of a site")),
    behaviour: first === undefined ? "neither" : judgeBehaviour(audit, first.trials, policy),
    ...(notMeasurable === undefined ? {} : { notMeasurable }),
  };
}

/** Judges a variable, and asks what its policy excuses of it. */
function judgeWithExcuses(
  evidence: VariableEvidence,
  policy: Policy,
  today: string | undefined,
): VariableVerdict {
  const judged = judgeVariable(evidence, policy);
  const excuses = findExcuses(judged, policy, today);
  if (excuses.length === 0) return judged;
  const left = findLeft(evidence, { excuses, sites: judged.sites }, policy);
  const closes = left !== undefined && policy.closesGate.includes(left);
  return {
    ...judged,
    reasons: [...judged.reasons, ...writeExcuses({ excuses, sites: judged.sites }, left)],
    excuses,
    ...(closes ? {} : { isExcused: true }),
  };
}

/** The word of what is left of a variable without its excused sites; undefined where nothing is. */
function findLeft(
  evidence: VariableEvidence,
  {
    excuses,
    sites,
  }: { readonly excuses: readonly Excuse[]; readonly sites: readonly SiteVerdict[] },
  policy: Policy,
): VariableWord | undefined {
  if (excuses.some(({ kind, isWhole }) => isWhole && kind !== "expired")) return undefined;
  const left = withoutExcused(sites, excuses);
  // sites of the evidence: those of the verdict carry labels already
  const kept = evidence.sites.filter((_, i) => left.some((site) => site === sites[i]));
  if (kept.length === 0 && sites.length > 0) return undefined;
  return judgeVariable({ ...evidence, sites: kept }, policy).verdict;
}

function closesGate({ verdict, isExcused }: VariableVerdict, policy: Policy): boolean {
  return isExcused !== true && policy.closesGate.includes(verdict);
}

function findRunWord(variables: readonly VariableVerdict[], policy: Policy): RunWord {
  if (variables.some((variable) => closesGate(variable, policy))) return "fail";
  const isFine = ({ verdict, isExcused }: VariableVerdict): boolean =>
    isExcused === true || verdict === "transfers" || verdict === "moved";
  if (variables.some(isFine)) return "pass";
  return variables.every(({ verdict }) => verdict === "not-measurable")
    ? "not-measurable"
    : "inconclusive";
}

/** One sentence per word that occurred, in the order of the vocabulary: those that close the gate come with why. */
function explainRun(variables: readonly VariableVerdict[], policy: Policy): readonly string[] {
  if (variables.length === 0) return ["no variable was examined"];
  const counted = variables.filter(({ isExcused }) => isExcused !== true);
  const excused = variables.filter(({ isExcused }) => isExcused === true);
  const sentences = VERDICT_WORDS.flatMap((word) => {
    const called = counted.filter(({ verdict }) => verdict === word);
    if (called.length === 0) return [];
    const names = writeList(called.map(({ audit, variable }) => `${variable} (${audit})`));
    return [`${word}: ${names}${policy.closesGate.includes(word) ? "; this closes the gate" : ""}`];
  });
  const told = excused.map(
    (one) => `${one.verdict}: ${one.variable} (${one.audit}), ${writeHeld(one)}`,
  );
  return [...sentences, ...told];
}

/**
 * Judges a run: the same measures under another policy give other words, without running a model. `draws` belongs to
 * the bootstrapped intervals, which decide nothing. `today`, the day (UTC, `2026-03-04`) on which it is judged, tells
 * which waivers have expired; a policy without any needs none.
 *
 * @throws {@link InvariantError} when a cell belongs to no audit, was measured twice, or holds rows of different trials;
 *   and for waivers without a day.
 */
export function judge(
  measures: RunMeasures,
  policy: Policy,
  { draws = BOOTSTRAP_DRAWS, today }: { readonly draws?: number; readonly today?: string } = {},
): RunVerdict {
  checkCells(measures);
  const evidence = [...measures.cells].sort(compareCells).map((cell) => {
    const audit = measures.audits.find((known) => isSameVariable(known, cell.cell));
    return examineSite(cell, present(audit, "audit of a cell"), policy);
  });
  const { sites, claims } = judgeSites(evidence, { policy, draws });
  const variables = measures.audits.map((audit) =>
    judgeWithExcuses(gatherVariable(audit, { evidence, sites }, policy), policy, today),
  );
  return {
    verdict: findRunWord(variables, policy),
    reasons: explainRun(variables, policy),
    variables,
    multiplicity: { method: policy.multiplicity, claims },
    policy,
  };
}
