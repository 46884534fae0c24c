/**
 * @file How many rows (one patched prompt each) a cell runs through each model: a table beside the code that runs them,
 * for estimates before a run. `test/measure/cell-rows.test.ts` counts the rows of measured cells against it.
 */
import { countPairs } from "../align/descent.js";
import type { BatchOptions, LearningOptions } from "../align/learner.js";
import type { FurtherOptions } from "./cell-input.js";
import { IDENTITY_PROMPTS } from "./identity-guard.js";
import { SIDES, type Side } from "./measures.js";
import { FIRST_TRIALS } from "./table-run.js";

/** What the rows of a cell depend on. One answer table; a tuned model's own comes on top. */
export interface CellSize {
  /** Models in which the whole swap moves the answer. */
  readonly alive: readonly Side[];
  /** Test pairs. */
  readonly trials: number;
  readonly validation: number;
  readonly isolation: number;
  /** Sizes of the curve of k. */
  readonly sizes: number;
  readonly sameWidth: boolean;
  /** Steps of each learning. */
  readonly steps: number;
  readonly learning: BatchOptions & Pick<LearningOptions, "validateEvery">;
  /** Whether a cross direction falls short, so that steering is looked for (`steering-room.ts`). */
  readonly fallsShort: boolean;
  readonly further: FurtherOptions;
}

/** Rows through one model. */
export interface Rows {
  readonly forward: number;
  readonly gradient: number;
  /** Rows whose answers a step carries on without running them, over all steps. */
  readonly carried: number;
}

/** One part of a cell, as rows through one target. */
interface Part {
  readonly name: string;
  /** Whether it is run, and for this target. @defaultValue a live target */
  readonly when?: (size: CellSize, target: Side) => boolean;
  readonly rows: (size: CellSize) => Rows;
}

const forward = (rows: number): Rows => ({ forward: rows, gradient: 0, carried: 0 });
const isLive = ({ alive }: CellSize, target: Side): boolean => alive.includes(target);
const anyLive = ({ alive }: CellSize): boolean => alive.length > 0;
const bothLive = ({ alive }: CellSize): boolean => alive.length === SIDES.length;
const first = ({ trials }: CellSize): number => Math.min(FIRST_TRIALS, trials);
const withControls = (size: CellSize, target: Side): boolean =>
  size.further.controls && isLive(size, target);

/** In the order of a cell; both models, where nothing else is said, are sources of every live target. */
const PARTS: readonly Part[] = [
  {
    name: "own states put back",
    when: () => true,
    rows: ({ trials }) => forward(Math.min(IDENTITY_PROMPTS, trials)),
  },
  { name: "whole swap, first trials", when: () => true, rows: (size) => forward(first(size)) },
  {
    name: "whole swap, the other trials",
    when: anyLive,
    rows: (size) => forward(size.trials - first(size)),
  },
  {
    name: "whole swap from model to model",
    when: (size) => bothLive(size) && size.sameWidth,
    rows: (size) => forward(first(size)),
  },
  {
    name: "closed form", // into a dead model too, aligned to the live one
    when: anyLive,
    rows: (size) => forward(SIDES.length * (bothLive(size) ? first(size) : size.trials)),
  },
  { name: "learning", rows: (size) => learningRows(size) },
  { name: "learned maps", rows: ({ alive, trials }) => forward(alive.length * trials) },
  { name: "permuted sources", rows: ({ alive, trials }) => forward(alive.length * trials) },
  { name: "random subspace", rows: ({ trials }) => forward(trials) },
  {
    name: "one basis for both",
    when: ({ alive, sameWidth }, target) =>
      target === "tuned" && alive.includes("base") && sameWidth,
    rows: ({ trials }) => forward(SIDES.length * trials),
  },
  { name: "isolation", rows: ({ alive, isolation }) => forward(alive.length * isolation) },
  {
    name: "curve of k",
    rows: (size) => forward(size.sizes * first(size)),
  },
  {
    name: "behaviour only",
    when: (size, target) => withControls(size, target) && size.fallsShort,
    rows: controlRows,
  },
  {
    name: "shuffled labels",
    when: withControls,
    rows: (size) => add(learningRows(size), forward(size.alive.length * first(size))),
  },
  {
    name: "untrained source",
    when: (size, target) => withControls(size, target) && bothLive(size),
    rows: (size) => add(learningRows(size, SIDES.length), forward(size.trials)),
  },
  { name: "repeats", rows: (size) => times(size.further.repeats, controlRows(size)) },
];

/** Rows through one model of a cell of this size. */
export function cellRows(size: CellSize, target: Side): Rows {
  return PARTS.filter(({ when = isLive }) => when(size, target))
    .map(({ rows }) => rows(size))
    .reduce(add, forward(0));
}

/** Rows of one learning through one of its targets, from `sources` models. */
function learningRows(size: CellSize, sources = size.alive.length): Rows {
  const { steps, validation, learning } = size;
  const pairs = countPairs(steps, learning);
  const validations = 1 + Math.ceil(steps / learning.validateEvery); // before the first step and after the last one too
  return {
    forward: validations * sources * validation,
    gradient: sources * pairs.run,
    carried: sources * pairs.seen,
  };
}

/** A further learning, and its trials. */
function controlRows(size: CellSize): Rows {
  return add(learningRows(size), forward(size.alive.length * size.trials));
}

function add(a: Rows, b: Rows): Rows {
  return {
    forward: a.forward + b.forward,
    gradient: a.gradient + b.gradient,
    carried: a.carried + b.carried,
  };
}

function times(n: number, rows: Rows): Rows {
  return { forward: n * rows.forward, gradient: n * rows.gradient, carried: n * rows.carried };
}
