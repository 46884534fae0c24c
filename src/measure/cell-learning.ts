/** @file From a cell to a learning problem: the closed-form start, the natural states, and the report of how it went. */
import type { LearningPairs, LearningTarget } from "../align/learner.js";
import { rotation, type AlignmentMap } from "../align/maps/alignment-map.js";
import { ORTHOGONAL_FORM } from "../align/maps/linear.js";
import { masLearner } from "../align/mas.js";
import { missingGroups } from "../align/natural-states.js";
import { invariant, PlanError, present } from "../errors.js";
import type { Matrix } from "../numeric/matrix.js";
import { i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { cellName, type CellProgress } from "./cell-input.js";
import type { TableContext } from "./controls.js";
import {
  distinct,
  ENDS,
  naturalnessOf,
  type DirectionMaps,
  type MapsByDirection,
  type Subspaces,
} from "./interventions.js";
import { aloneLearning, learningsOf, type MapChoice, type MethodLearning } from "./map-choice.js";
import {
  DIRECTIONS,
  type Direction,
  type Learning,
  type LearningPart,
  type Side,
} from "./measures.js";
import { bySide } from "./site.js";
import { learnTransfer, type LearnedTransfer, type TransferParts } from "./transfer-learning.js";

/** What learning gave: maps of the trained directions, and the report. */
export interface LearnedCell {
  readonly maps: MapsByDirection;
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
  /** Each model within itself, whatever the method. @defaultValue false */
  readonly alone?: boolean;
  /** Names the learning in errors and progress. @defaultValue "learning" */
  readonly phase?: CellProgress["phase"];
  /** λ, where it is not the cell's own. */
  readonly naturalness?: number;
  /** Most steps, where they are not the cell's own. */
  readonly steps?: number;
}

/**
 * Learns the maps of the models that take part, by the method of the cell.
 *
 * @throws {@link PlanError} when a counterfactual has no natural example in the train split.
 */
export async function learnCell(context: TableContext, parts: LearningParts): Promise<LearnedCell> {
  const { input, site } = context;
  const { maps: choice } = input.options;
  assertNaturalExamples(context);
  const { targets, sources = [], random } = parts;
  const learnings =
    parts.alone === true
      ? targets.map((side) => aloneLearning(choice, side))
      : learningsOf(choice, { targets, sources });
  const found: LearnedPart[] = [];
  for (const [i, learning] of learnings.entries()) {
    const own = i === 0 ? random : random.fork(`learning/${i}`);
    found.push(await learnPart(context, learning, { ...parts, random: own }));
  }
  const maps: MapsByDirection = Object.fromEntries(found.flatMap(({ maps: own }) => own));
  const [first, ...others] = found;
  invariant(first !== undefined, "a learning");
  return {
    maps,
    learning: {
      trained: targets,
      ...first.report,
      ...(others.length > 0 && {
        others: others.map(({ directions, report }) => ({ directions, ...report })),
      }),
      naturalness: measureDistances(context, maps),
      sigma: bySide((side) => site.states(side).normalisation.sigma),
    },
  };
}

/** What one learning of a method gave. */
interface LearnedPart {
  readonly maps: readonly (readonly [Direction, DirectionMaps])[];
  readonly directions: readonly Direction[];
  readonly report: Omit<LearningPart, "directions">;
}

async function learnPart(
  context: TableContext,
  learning: MethodLearning,
  { start, random, phase = "learning", ...given }: LearningParts,
): Promise<LearnedPart> {
  const { learning: options, maps: choice } = context.input.options;
  const { naturalness = options.naturalness, steps = options.steps } = given;
  const learn = isOfRotations(choice, learning) ? learnRotations : learnTransfer;
  const { maps, ...report } = await learn(context, {
    ...{ learning, start, random, phase },
    options: { ...options, naturalness, steps },
  });
  const ways = learning.gives.map((d): readonly [Direction, DirectionMaps] => {
    const from = present(maps[ENDS[d].source], `map of the source of ${d}`);
    const into = present(maps[ENDS[d].target], `map of the target of ${d}`);
    return [d, { from, into, rest: learning.rest }];
  });
  return { maps: ways, directions: learning.gives, report };
}

/** Rotations that are learned from behaviour alone, with the rest kept: what the learners of `align/learner.ts` are for. */
function isOfRotations(
  { form, learnsSize, isJoint }: MapChoice,
  { models, targets, rest, weight }: MethodLearning,
): boolean {
  const isBehaviour = targets.every((target) =>
    models.every((_, s) => {
      const { behaviour, latent } = weight(s, models.indexOf(target));
      return behaviour === 1 && latent === 0;
    }),
  );
  return form === ORTHOGONAL_FORM && !learnsSize && !isJoint && rest === "kept" && isBehaviour;
}

async function learnRotations(
  context: TableContext,
  { learning: { models, targets }, start, random, phase, options }: TransferParts,
): Promise<LearnedTransfer> {
  const { input, site, run } = context;
  const learned = await (input.learner ?? masLearner).learn({
    name: `${cellName(input.key)}, ${run.table} table, ${phase}`,
    models: models.map((side) => ({
      states: site.states(side),
      start: need(start, side),
      ...(targets.includes(side) && { target: targetOf(context, side) }),
    })),
    pairs: { train: run.train, validation: run.validation },
    ...{ options, random, signal: input.signal },
    onStep: (report) => input.onProgress?.({ table: run.table, phase, ...report }),
  });
  const maps = models.map((side, i): [Side, AlignmentMap] => [
    side,
    rotation(present(learned.subspaces[i], `subspace of ${side}`)),
  ]);
  const { steps, bestStep, validationLossNats } = learned;
  return { maps: Object.fromEntries(maps), steps, bestStep, validationLossNats };
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
  maps: MapsByDirection,
): Learning["naturalness"] {
  return Object.fromEntries(
    DIRECTIONS.flatMap((d) => {
      const own = maps[d];
      if (own === undefined) return [];
      return [[d, naturalnessOf(site, ENDS[d], { maps: own, trials: run.test })]];
    }),
  );
}

function need(subspaces: Subspaces, side: Side): Matrix {
  const subspace = subspaces[side];
  invariant(subspace !== undefined, `subspace of ${side}`);
  return subspace;
}

/** Every group that a pair starts from or leads to needs natural states in the train split, in order to be judged. */
function assertNaturalExamples({ input, site, run, blocks = [] }: TableContext): void {
  const { train, causal } = input;
  const runs = [run, ...blocks.map((block) => block.run)];
  const sets = runs.flatMap((each) => [each.train, each.validation, each.test]);
  const groups = sets.flatMap(({ group, target }) => [
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
