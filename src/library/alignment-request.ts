/**
 * @file What can be asked of `learnAlignment`, and the check of it: every mistake at once.
 */
import type { Continuation } from "../align/continuation.js";
import type { LearningOptions, LearningProblem } from "../align/learner.js";
import { missingGroups } from "../align/natural-states.js";
import { throwProblems, type Problem } from "../plan/problems.js";

/** Pairs of items: pair i patches item `target[i]` with what item `source[i]` says. */
export interface AlignmentPairs {
  /** `[pair]`, item. */
  readonly target: Int32Array;
  /** `[pair]`, item. */
  readonly source: Int32Array;
  /**
   * `[pair]`, the group that the patched state should look like: the counterfactual.
   *
   * @defaultValue the source's group
   */
  readonly group?: Int32Array;
}

/** One model that takes part. */
export interface AlignmentModel {
  /** `[item, dModel]`, row-major: the natural state of each item at the site. Rows are the same items in every model. */
  readonly states: Float32Array;
  /** The model above the site: any function with its gradient. */
  readonly continuation: Continuation;
  /**
   * `[pair]` of each split: the class that this model should answer.
   *
   * @defaultValue the counterfactual group of the pair: classes are groups
   */
  readonly labels?: { readonly train: Int32Array; readonly validation: Int32Array };
  /** `[k, dModel]`, orthonormal rows to start from; for all models or for none. @defaultValue the closed form */
  readonly start?: Float32Array;
}

/** What {@link learnAlignment} needs. */
export interface AlignmentRequest {
  /** One model (DAS), or two (MAS). */
  readonly models: readonly AlignmentModel[];
  /** `[item]`, from 0: items of one group say the same about everything that the answer depends on. */
  readonly groups: Int32Array;
  /**
   * `[group]`: groups with one number differ in the variable under test only. Needed where answers depend on several
   * variables. @defaultValue all groups together
   */
  readonly contrast?: Int32Array;
  /** Pairs to learn from, and pairs to choose the best step by; test pairs stay with the caller. */
  readonly pairs: { readonly train: AlignmentPairs; readonly validation: AlignmentPairs };
  /** Dimensions of each subspace. */
  readonly k: number;
  /** Seed of every random number. @defaultValue 0 */
  readonly seed?: number;
  /** What differs from the defaults of learning. @defaultValue none */
  readonly options?: Partial<LearningOptions>;
  /** Ends learning between two steps. */
  readonly signal?: AbortSignal;
  /** Called after each step. */
  readonly onStep?: LearningProblem["onStep"];
}

/** Rows of a start may differ from orthonormal ones by rounding to float32, summed over a row. */
const ORTHONORMAL = 1e-4;

/** @throws {@link PlanError} with every mistake. */
export function checkAlignmentRequest(request: AlignmentRequest): void {
  const problems = [
    ...shapeProblems(request),
    ...modelProblems(request),
    ...(["train", "validation"] as const).flatMap((split) => pairProblems(request, split)),
  ];
  if (problems.length === 0) problems.push(...groupProblems(request));
  throwProblems(problems, { kind: "plan", code: "ALIGNMENT_REQUEST", of: "learnAlignment" });
}

function shapeProblems({ models, groups, contrast, k, seed = 0 }: AlignmentRequest): Problem[] {
  const problems: Problem[] = [];
  const narrowest = Math.min(...models.map(({ continuation }) => continuation.dModel));
  if (models.length !== 1 && models.length !== 2)
    problems.push({ what: "models", expected: "one or two", found: String(models.length) });
  if (!Number.isInteger(k) || k < 1 || k > narrowest)
    problems.push({ what: "k", expected: `1 to ${narrowest}`, found: String(k) });
  if (!Number.isInteger(seed) || seed < 0)
    problems.push({ what: "seed", expected: "a whole number from 0", found: String(seed) });
  if (groups.some((group) => group < 0))
    problems.push({ what: "groups", expected: "numbers from 0", found: "a negative one" });
  const nGroups = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  if (contrast !== undefined && contrast.length !== nGroups)
    problems.push({
      ...{ what: "contrast", expected: `${nGroups} numbers, one per group` },
      found: String(contrast.length),
    });
  const started = models.filter(({ start }) => start !== undefined).length;
  if (started !== 0 && started !== models.length)
    problems.push({ what: "start", expected: "one for each model, or none", found: `${started}` });
  return problems;
}

function modelProblems({ models, groups, pairs, k }: AlignmentRequest): Problem[] {
  return models.flatMap(({ states, continuation, labels, start }, m) => {
    const problems: Problem[] = [];
    const say = (part: string, expected: string, found: string | number): void => {
      problems.push({ what: `models[${m}].${part}`, expected, found: String(found) });
    };
    const { dModel, nClasses } = continuation;
    const wanted = groups.length * dModel;
    if (states.length !== wanted)
      say("states", `${groups.length} items × ${dModel} = ${wanted} numbers`, states.length);
    if (start !== undefined && start.length !== k * dModel)
      say("start", `${k} × ${dModel} numbers`, start.length);
    else if (start !== undefined && departure(start, k) > ORTHONORMAL)
      say("start", "orthonormal rows", `rows that miss it by ${departure(start, k)}`);
    for (const split of ["train", "validation"] as const) {
      const given =
        labels?.[split] ??
        pairs[split].group ??
        pairs[split].source.map((item) => groups[item] ?? 0);
      const { length } = pairs[split].target;
      if (given.length !== length) say(`labels.${split}`, `${length}, one per pair`, given.length);
      const bad = given.find((label) => label < 0 || label >= nClasses);
      if (bad !== undefined) say(`labels.${split}`, `classes from 0 to ${nClasses - 1}`, bad);
    }
    return problems;
  });
}

function pairProblems(
  { groups, pairs }: AlignmentRequest,
  split: "train" | "validation",
): Problem[] {
  const problems: Problem[] = [];
  const say = (part: string, expected: string, found: string | number): void => {
    problems.push({ what: `pairs.${split}${part}`, expected, found: String(found) });
  };
  const { target, source, group } = pairs[split];
  if (target.length === 0) say("", "at least one pair", "none");
  if (source.length !== target.length) say(".source", `${target.length} items`, source.length);
  if (group !== undefined && group.length !== target.length)
    say(".group", `${target.length} groups`, group.length);
  const outside = (item: number): boolean => item < 0 || item >= groups.length;
  const bad = target.find(outside) ?? source.find(outside);
  if (bad !== undefined) say("", `items from 0 to ${groups.length - 1}`, bad);
  return problems;
}

/** Every group that a pair leads to, or starts from, needs natural states among the items of the train pairs. */
function groupProblems({ groups, pairs: { train, validation } }: AlignmentRequest): Problem[] {
  const items = Int32Array.from([...train.target, ...train.source]);
  const led = [train, validation].flatMap(({ target, source, group }) => [
    ...(group ?? source.map((item) => groups[item] ?? 0)),
    ...target.map((item) => groups[item] ?? 0),
  ]);
  const nGroups = groups.length;
  const missing = missingGroups(led, items, {
    group: groups,
    nGroups,
    contrast: new Int32Array(0),
  });
  if (missing.length === 0) return [];
  return [
    {
      what: "groups",
      expected: "an item in the train pairs for each group that a pair starts from or leads to",
      found: `none for group ${missing.slice(0, 8).join(", ")}`,
    },
  ];
}

/** Largest difference between P Pᵀ and the identity. */
function departure(start: Float32Array, k: number): number {
  const d = start.length / k;
  let worst = 0;
  for (let a = 0; a < k; a++) {
    for (let b = 0; b <= a; b++) {
      let product = a === b ? -1 : 0;
      for (let i = 0; i < d; i++) product += (start[a * d + i] ?? NaN) * (start[b * d + i] ?? NaN);
      worst = Math.max(worst, Math.abs(product));
    }
  }
  return worst;
}
