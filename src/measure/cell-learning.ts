/** @file From a cell to a learning problem: the closed-form start, the natural states, and the report of how it went. */
import { alignTo, ownSubspace, pairSubspaces } from "../align/closed-form.js";
import type { LearningPairs, LearningTarget } from "../align/learner.js";
import { masLearner } from "../align/mas.js";
import { missingGroups } from "../align/natural-states.js";
import { invariant, PlanError } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { cellName, type CellProgress } from "./cell-input.js";
import type { TableContext } from "./controls.js";
import {
  directionsAmong,
  distinct,
  ENDS,
  naturalnessOf,
  sidesOf,
  type Subspaces,
} from "./interventions.js";
import type { Direction, Distance, Learning, Side } from "./measures.js";
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

/** Who takes part in a learning, and from where it starts. */
export interface LearningParts {
  /** Models that are patched. */
  readonly targets: readonly Side[];
  /** Models that only give states. @defaultValue none */
  readonly sources?: readonly Side[];
  /** A subspace for each of them. */
  readonly start: Subspaces;
  readonly random: Stream;
  /** Names the learning in errors and progress. @defaultValue "learning" */
  readonly phase?: CellProgress["phase"];
  /** λ, where it is not the cell's own. */
  readonly naturalness?: number;
  /** Most steps, where they are not the cell's own. */
  readonly steps?: number;
}

/**
 * Learns the subspaces of the models that take part: MAS for two targets, DAS for one.
 *
 * @throws {@link PlanError} when a counterfactual has no natural example in the train split.
 */
export async function learnCell(
  context: TableContext,
  { targets, sources = [], start, random, phase = "learning", ...given }: LearningParts,
): Promise<LearnedCell> {
  const { input, site, run } = context;
  const { learning: options } = input.options;
  const { naturalness = options.naturalness, steps = options.steps } = given;
  assertNaturalExamples(context);
  const sides = [...targets, ...sources];
  const learned = await (input.learner ?? masLearner).learn({
    name: `${cellName(input.key)}, ${run.table} table, ${phase}`,
    models: sides.map((side) => ({
      states: site.states(side),
      start: need(start, side),
      ...(targets.includes(side) && { target: targetOf(context, side) }),
    })),
    pairs: { train: run.train, validation: run.validation },
    options: { ...options, naturalness, steps },
    random,
    signal: input.signal,
    onStep: (report) => input.onProgress?.({ table: run.table, phase, ...report }),
  });
  const subspaces = Object.fromEntries(sides.map((side, i) => [side, learned.subspaces[i]]));
  return {
    subspaces,
    learning: {
      trained: targets,
      steps: learned.steps,
      bestStep: learned.bestStep,
      validationLossNats: learned.validationLossNats,
      naturalness: measureDistances(context, subspaces, targets),
      sigma: bySide((side) => site.states(side).normalisation.sigma),
    },
  };
}

function targetOf({ input, site, run }: TableContext, side: Side): LearningTarget {
  const natural = site.natural(side);
  const unit = (pairs: LearningPairs): number => natural.unit(distinct(pairs.target));
  return {
    natural,
    continuation: input.sides[side].continuation,
    labels: { train: run.train.label[side], validation: run.validation.label[side] },
    unit: { train: unit(run.train), validation: unit(run.validation) },
  };
}

function measureDistances(
  { site, run }: TableContext,
  subspaces: Subspaces,
  targets: readonly Side[],
): Learning["naturalness"] {
  const distance = (d: Direction): Distance =>
    naturalnessOf(
      site,
      { from: need(subspaces, ENDS[d].source), into: need(subspaces, ENDS[d].target) },
      { ...ENDS[d], trials: run.test },
    );
  const directions = directionsAmong(sidesOf(subspaces)).filter((d) =>
    targets.includes(ENDS[d].target),
  );
  return Object.fromEntries(directions.map((d) => [d, distance(d)]));
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
