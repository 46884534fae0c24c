/** @file Which maps a cell learns, and by what: MAS with rotations, unless something else is asked for. */
import { pairsOfOneStep, type LearningOptions } from "../align/learner.js";
import { MAP_FORMS } from "../align/maps/forms.js";
import type { MapForm } from "../align/maps/map.js";
import { ORTHOGONAL_FORM } from "../align/maps/linear.js";
import { METHODS, type MethodName } from "../align/transfer/method.js";
import type { TransferDirection, TransferProblem } from "../align/transfer/problem.js";
import { present } from "../errors.js";
import type { MapOptions } from "../plan/options.js";
import { directionsAmong, ENDS } from "./interventions.js";
import { SIDES, type Direction, type MapsMade, type Side } from "./measures.js";

/** What can be chosen about maps. */
export interface MapChoice {
  readonly method: MethodName;
  readonly form: MapForm;
  /** A model that may be recorded but not intervened on: maps into it are learned from its natural states (CLMAS). */
  readonly closed?: Side;
  /** Whether the number of exchanged coordinates is learned, up to k (Boundless DAS). */
  readonly learnsSize: boolean;
  /** Whether all variables of an audit are learned together, in blocks of their own. */
  readonly isJoint: boolean;
}

/** MAS with rotations. */
export const ROTATIONS: MapChoice = {
  method: "mas",
  form: ORTHOGONAL_FORM,
  learnsSize: false,
  isJoint: false,
};

/** The choice that options ask for. */
export function chooseMaps({ method, map, closed, learnSize, joint }: MapOptions): MapChoice {
  const form = MAP_FORMS.find(({ name }) => name === (map ?? ROTATIONS.form.name));
  return {
    method: method ?? ROTATIONS.method,
    form: present(form, `form ${map}`),
    ...(closed !== undefined && { closed }),
    learnsSize: learnSize === true,
    isJoint: joint === true,
  };
}

/** The choice as results record it, with the variables that were learned together; undefined for {@link ROTATIONS}. */
export function describeMaps(
  { method, form, closed, learnsSize, isJoint }: MapChoice,
  joint: readonly string[] = [],
): MapsMade | undefined {
  const isUsual = method === "mas" && form === ORTHOGONAL_FORM && closed === undefined;
  if (isUsual && !learnsSize && !isJoint) return undefined;
  return {
    ...{ method, map: form.name },
    ...(closed !== undefined && { closed }),
    ...(learnsSize && { learnsSize }),
    ...(METHODS[method].rest === "zero" && { dropsRest: true }),
    ...(isJoint && { joint }),
    cross: CROSS[method],
  };
}

/**
 * How many rows a learning runs, for estimates: what does not go by the learners of rotations runs every minibatch, and
 * `variables` that are learned together run one each, with the null block within a model only.
 */
export function batchesRun(
  { method, form, closed, learnsSize, isJoint }: MapChoice,
  learning: LearningOptions,
  variables: number,
): LearningOptions {
  const isKept = METHODS[method].rest === "kept" && form === ORTHOGONAL_FORM;
  if (isKept && closed === undefined && !learnsSize && !isJoint) return learning;
  const exchanges = isJoint ? variables + 0.5 : 1;
  const pairsPerBatch = exchanges * pairsOfOneStep(learning);
  return { ...learning, pairsPerBatch, stepsPerBatch: 1, batchesKept: 1 };
}

/** One learning of a method. */
export interface MethodLearning {
  /** In the order of the method: of stitching, the source first. */
  readonly models: readonly Side[];
  /** Models that answer when they are patched. */
  readonly targets: readonly Side[];
  /** Directions whose maps are taken from this learning. */
  readonly gives: readonly Direction[];
  readonly rest: TransferProblem["rest"];
  /** What a direction between `models`, by their places, is learned from. */
  readonly weight: (source: number, target: number) => TransferDirection["weight"];
}

/** Who takes part. */
export interface Participants {
  /** Models that are patched. */
  readonly targets: readonly Side[];
  /** Models that only give states. */
  readonly sources: readonly Side[];
}

/** Cross directions that each method learns maps for. */
const CROSS: Readonly<Record<MethodName, readonly Direction[]>> = {
  mas: ["base→tuned", "tuned→base"],
  das: [],
  unimas: ["base→tuned"],
  stitching: ["base→tuned", "tuned→base"],
  "latent-stitching": ["base→tuned", "tuned→base"],
};

/**
 * The learnings that a method consists of. MAS learns all directions at once. The others take what is within a model from
 * that model alone (the ceiling that a cross direction is held against), and each cross direction from a learning of its own;
 * UniMAS learns the tuned model together with what comes into it.
 */
export function learningsOf(choice: MapChoice, participants: Participants): MethodLearning[] {
  const { targets, sources } = participants;
  const models = [...targets, ...sources];
  if (choice.method === "mas") return [jointLearning(choice, { models, targets })];
  const cross = CROSS[choice.method]
    .filter((d) => targets.includes(ENDS[d].target) && models.includes(ENDS[d].source))
    .map((d) => crossLearning(choice, d));
  const given = cross.flatMap(({ gives }) => gives);
  const within =
    sources.length > 0 ? [] : targets.filter((side) => !given.includes(`${side}→${side}`));
  return [...cross, ...within.map((side) => aloneLearning(choice, side))];
}

/** Whether cross directions are learned from behaviour with the penalty beside it, so that leaving it out says something. */
export function weighsNaturalness({ method, closed }: MapChoice): boolean {
  return METHODS[method].rest === "kept" && closed === undefined;
}

/** Whether a method learns maps from the other model into `target`. */
export function learnsFromOther({ method }: MapChoice, target: Side): boolean {
  return CROSS[method].some((d) => ENDS[d].target === target);
}

/** A model within itself. */
export function aloneLearning(choice: MapChoice, side: Side): MethodLearning {
  return jointLearning(choice, { models: [side], targets: [side] });
}

/** Models whose map within themselves is learned together with the other model's. */
export function jointSides({ method }: MapChoice): readonly Side[] {
  if (method === "mas") return SIDES;
  return method === "unimas" ? ["tuned"] : [];
}

function jointLearning(
  { closed }: MapChoice,
  { models, targets }: Pick<MethodLearning, "models" | "targets">,
): MethodLearning {
  return {
    ...{ models, targets, rest: METHODS.mas.rest },
    gives: directionsAmong(models).filter((d) => targets.includes(ENDS[d].target)),
    weight: (source, target) =>
      METHODS.mas.weight({ source, target, isClosed: models[target] === closed }),
  };
}

function crossLearning({ method }: MapChoice, d: Direction): MethodLearning {
  const { source, target } = ENDS[d];
  return {
    models: [source, target],
    targets: [target],
    gives: method === "unimas" ? [d, `${target}→${target}`] : [d],
    rest: METHODS[method].rest,
    weight: (from, to) => METHODS[method].weight({ source: from, target: to, isClosed: false }),
  };
}
