/** @file From a cell to a learning problem: the closed-form start, the natural states, and the report of how it went. */
import { alignTo, ownSubspace, pairSubspaces } from "../align/closed-form.js";
import type { LearningModel, LearningPairs } from "../align/learner.js";
import { masLearner } from "../align/mas.js";
import { missingGroups } from "../align/natural-states.js";
import { invariant, PlanError } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { cellName } from "./cell-input.js";
import type { TableContext } from "./controls.js";
import {
  directionsAmong,
  distinct,
  ENDS,
  naturalnessOf,
  sidesOf,
  type Subspaces,
} from "./interventions.js";
import type { Direction, Learning, Side } from "./measures.js";
import { bySide, type Site } from "./site.js";

/**
 * Closed-form subspaces. With both models alive they are paired; with one alive they are that model's own, and the
 * other's are aligned to it (absent where it has no code at all) for the trials of the closed form only.
 */
export function startSubspaces(
  site: Site,
  { alive, k, random }: { alive: readonly Side[]; k: number; random: Stream },
): Subspaces {
  const [live, other] = alive;
  invariant(live !== undefined, "a live model");
  if (other !== undefined) {
    const [base, tuned] = pairSubspaces(site.code("base"), site.code("tuned"), { k, random });
    return { base, tuned };
  }
  const dead: Side = live === "base" ? "tuned" : "base";
  const reference = site.code(live);
  const subspace = ownSubspace(reference, { k, random });
  const aligned = alignTo({ subspace, reference }, site.code(dead), random);
  return { [live]: subspace, ...(aligned && { [dead]: aligned }) };
}

/** What learning gave: subspaces of the trained models, and the report. */
export interface LearnedCell {
  readonly subspaces: Subspaces;
  readonly learning: Learning;
}

/**
 * Learns the subspaces of the models that are alive: MAS for both, DAS for one.
 *
 * @throws {@link PlanError} when a counterfactual has no natural example in the train split.
 */
export async function learnCell(
  context: TableContext,
  { alive, start, random }: { alive: readonly Side[]; start: Subspaces; random: Stream },
): Promise<LearnedCell> {
  const { input, site, run } = context;
  assertNaturalExamples(context);
  const learned = await (input.learner ?? masLearner).learn({
    name: `${cellName(input.key)}, ${run.table} table`,
    models: alive.map((side) => modelOf(context, side, start)),
    pairs: { train: run.train, validation: run.validation },
    options: input.options.learning,
    random,
    signal: input.signal,
    onStep: (report) => input.onProgress?.({ table: run.table, phase: "learning", ...report }),
  });
  const subspaces = Object.fromEntries(alive.map((side, i) => [side, learned.subspaces[i]]));
  return {
    subspaces,
    learning: {
      trained: alive,
      steps: learned.steps,
      bestStep: learned.bestStep,
      validationLossNats: learned.validationLossNats,
      naturalness: naturalness(context, subspaces),
      sigma: bySide((side) => site.states(side).normalisation.sigma),
    },
  };
}

function modelOf({ input, site, run }: TableContext, side: Side, start: Subspaces): LearningModel {
  const natural = site.natural(side);
  const subspace = start[side];
  invariant(subspace !== undefined, `closed form of ${side}`);
  const unit = (pairs: LearningPairs): number => natural.unit(distinct(pairs.target));
  return {
    states: site.states(side),
    natural,
    continuation: input.sides[side].continuation,
    start: subspace,
    labels: { train: run.train.label[side], validation: run.validation.label[side] },
    unit: { train: unit(run.train), validation: unit(run.validation) },
  };
}

function naturalness(
  { site, run }: TableContext,
  subspaces: Subspaces,
): Partial<Record<Direction, number>> {
  const ratio = (d: Direction): number =>
    naturalnessOf(
      site,
      { from: need(subspaces, ENDS[d].source), into: need(subspaces, ENDS[d].target) },
      { ...ENDS[d], trials: run.test },
    );
  return Object.fromEntries(directionsAmong(sidesOf(subspaces)).map((d) => [d, ratio(d)]));
}

function need(subspaces: Subspaces, side: Side): Matrix {
  const subspace = subspaces[side];
  invariant(subspace !== undefined, `subspace of ${side}`);
  return subspace;
}

/** Every group that a pair starts from or leads to needs natural states in the train split, in order to be judged. */
function assertNaturalExamples({ input, site, run }: TableContext): void {
  const { train, causal } = input;
  const groups = [run.train, run.validation, run.test].flatMap(({ group, target }) => [
    ...group,
    ...target.map((item) => i32(causal.group, item)),
  ]);
  const missing = missingGroups(groups, train, site.grouping);
  if (missing.length === 0) return;
  const names = missing.map((group) => JSON.stringify(causal.groupNames[group]));
  throw new PlanError(`${names.length} combinations of values have no item to learn from`, {
    code: "EMPTY_GROUP",
    where: cellName(input.key),
    expected: "at least one train item for each combination that a counterfactual leads to",
    found: `none for ${names.slice(0, 8).join(", ")}`,
    hint: "add items with these values, or remove the values from the audit",
  });
}
