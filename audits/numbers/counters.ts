/**
 * @file Symbolic models of counting: what can be held while objects are shown and while they are answered. All three say
 * the same on natural sequences; they differ in what an overwritten variable does.
 *
 * Source: the models CountUpDown, CountUpUp and CountUpIncr of the repository grantsrb/mas (arXiv:2501.06164).
 */
import { present } from "../../src/errors.js";
import type { TaskState } from "../../src/plan/sequence-task.js";
import { numbersBetween, oneOf, wholeNumbers, type ValueRange } from "./value-range.js";

/** Most objects that are shown. */
export const MOST = 20;

/** Values of the variable `phase`. */
export const DEMO = -1;
export const RESPONSE = 1;

/** One way to count; its functions read a state and give the next one. */
export interface Counter {
  /** Variables with their possible values. */
  readonly ranges: Readonly<Record<string, ValueRange>>;
  /** After the begin token. */
  readonly start: TaskState;
  /** After one more object. */
  readonly demo: (state: TaskState) => TaskState;
  /** After the trigger; `answer` tells how many responses as many objects want. */
  readonly trigger: (state: TaskState, answer: (n: number) => number) => TaskState;
  /** After one more response. */
  readonly response: (state: TaskState) => TaskState;
  /** Objects shown so far, as this state has it. */
  readonly shown: (state: TaskState) => number;
  /** Responses still to come: the end is due at 0, and overdue below. */
  readonly left: (state: TaskState) => number;
}

/** The value of a variable that every state has. */
export function valueOf(state: TaskState, name: string): number {
  // asked for at each token of each sequence: the guard is called only to throw
  const value = state[name];
  return value === undefined ? present<number>(value, name) : value;
}

const phase = oneOf(DEMO, RESPONSE);
const count = wholeNumbers(0, MOST);

/** Counts objects up and responses down, in one variable. */
const upDown: Counter = {
  ranges: { phase, count },
  start: { phase: DEMO, count: 0 },
  demo: (state) => ({ phase: DEMO, count: valueOf(state, "count") + 1 }),
  trigger: (state, answer) => ({ phase: RESPONSE, count: answer(valueOf(state, "count")) }),
  response: (state) => ({ phase: RESPONSE, count: valueOf(state, "count") - 1 }),
  shown: (state) => valueOf(state, "count"),
  left: (state) => valueOf(state, "count"),
};

/** Counts objects and responses up, each in a variable of its own, and compares. */
const upUp: Counter = {
  ranges: { phase, demoCount: count, responseCount: count },
  start: { phase: DEMO, demoCount: 0, responseCount: 0 },
  demo: (state) => ({ ...state, demoCount: valueOf(state, "demoCount") + 1 }),
  trigger: (state, answer) => ({
    ...state,
    phase: RESPONSE,
    demoCount: answer(valueOf(state, "demoCount")),
  }),
  response: (state) => ({ ...state, responseCount: valueOf(state, "responseCount") + 1 }),
  shown: (state) => valueOf(state, "demoCount"),
  left: (state) => valueOf(state, "demoCount") - valueOf(state, "responseCount"),
};

/** The full way counts as gone this far before its end, in the unit of `count`: a sum of rounded steps may fall short. */
const NEARLY = 1 / (2 * MOST);

/**
 * Counts objects, then goes one way of fixed length, `MOST`, in as many equal steps: `incr` is the step as a share of it.
 * Before the trigger the step is the smallest one: the variable must have some value to give away, and no object changes it.
 */
const upIncr: Counter = {
  ranges: {
    phase,
    count: numbersBetween(0, MOST + NEARLY),
    incr: numbersBetween(1 / MOST, 1),
  },
  start: { phase: DEMO, count: 0, incr: 1 / MOST },
  demo: (state) => ({ ...state, count: valueOf(state, "count") + 1 }),
  trigger: (state, answer) => ({
    phase: RESPONSE,
    count: 0,
    incr: 1 / Math.max(answer(valueOf(state, "count")), 1),
  }),
  response: (state) => ({
    ...state,
    count: valueOf(state, "count") + valueOf(state, "incr") * MOST,
  }),
  shown: (state) => valueOf(state, "count"),
  left: (state) => {
    const way = MOST - NEARLY - valueOf(state, "count");
    return way <= 0 ? 0 : Math.ceil(way / (valueOf(state, "incr") * MOST));
  },
};

/** The ways to count, by name. */
export const COUNTERS = {
  "up-down": upDown,
  "up-up": upUp,
  "up-incr": upIncr,
} as const satisfies Readonly<Record<string, Counter>>;

/** Name of a way to count. */
export type CounterName = keyof typeof COUNTERS;
