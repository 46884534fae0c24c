/**
 * @file How many rows (one patched prompt each) a cell runs through each model: a table beside the code that runs them,
 * for estimates before a run. `test/measure/cell-rows.test.ts` counts the rows of measured cells against it.
 */
import type { LearningOptions } from "../align/learner.js";
import { SCOUT_TRIALS } from "./cell.js";
import type { FurtherOptions } from "./cell-input.js";
import { IDENTITY_PROMPTS } from "./identity-guard.js";
import { SIDES, type Side } from "./measures.js";
import { CURVE_TRIALS } from "./size-curve.js";

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
  readonly learning: Pick<LearningOptions, "pairsPerStep" | "validateEvery">;
  /** Whether a cross direction falls short, so that steering is looked for (`steering-room.ts`). */
  readonly fallsShort: boolean;
  readonly further: FurtherOptions;
}

/** Rows through one model. */
export interface Rows {
  readonly forward: number;
  readonly gradient: number;
}

/** One part of a cell, as rows through one target. */
interface Part {
  readonly name: string;
  /** Whether it is run, and for this target. @defaultValue a live target */
  readonly when?: (size: CellSize, target: Side) => boolean;
  readonly rows: (size: CellSize) => Rows;
}

const forward = (rows: number): Rows => ({ forward: rows, gradient: 0 });
const isLive = ({ alive }: CellSize, target: Side): boolean => alive.includes(target);
const anyLive = ({ alive }: CellSize): boolean => alive.length > 0;
const withControls = (size: CellSize, target: Side): boolean =>
  size.further.controls && isLive(size, target);

/** In the order of a cell; both models, where nothing else is said, are sources of every live target. */
const PARTS: readonly Part[] = [
  {
    name: "own states put back",
    when: () => true,
    rows: ({ trials }) => forward(Math.min(IDENTITY_PROMPTS, trials)),
  },
  {
    name: "whole swap, first trials",
    when: () => true,
    rows: ({ trials }) => forward(Math.min(SCOUT_TRIALS, trials)),
  },
  {
    name: "whole swap, all trials",
    when: (size) => anyLive(size) && size.trials > SCOUT_TRIALS,
    rows: ({ trials }) => forward(trials),
  },
  {
    name: "whole swap from model to model",
    when: ({ alive, sameWidth }) => alive.length === SIDES.length && sameWidth,
    rows: ({ trials }) => forward(trials),
  },
  {
    name: "closed form", // into a dead model too, aligned to the live one
    when: anyLive,
    rows: ({ trials }) => forward(SIDES.length * trials),
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
    rows: ({ alive, sizes, trials }) =>
      forward(alive.length * sizes * Math.min(CURVE_TRIALS, trials)),
  },
  {
    name: "behaviour only",
    when: (size, target) => withControls(size, target) && size.fallsShort,
    rows: controlRows,
  },
  { name: "shuffled labels", when: withControls, rows: controlRows },
  {
    name: "untrained source",
    when: (size, target) => withControls(size, target) && size.alive.length === SIDES.length,
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
  const validations = 1 + Math.ceil(steps / learning.validateEvery); // before the first step and after the last one too
  return {
    forward: validations * sources * validation,
    gradient: steps * sources * learning.pairsPerStep,
  };
}

/** A further learning, and its trials. */
function controlRows(size: CellSize): Rows {
  return add(learningRows(size), forward(size.alive.length * size.trials));
}

function add(a: Rows, b: Rows): Rows {
  return { forward: a.forward + b.forward, gradient: a.gradient + b.gradient };
}

function times(n: number, rows: Rows): Rows {
  return { forward: n * rows.forward, gradient: n * rows.gradient };
}
