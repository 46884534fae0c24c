/**
 * @file Tasks of counting: objects are shown, then a trigger, then as many responses as the rule of the task wants.
 *
 *     begin  demo^N  trigger  response^g(N)  end        N uniform on 1..20
 *
 * The number of objects of a sequence is no variable: no network can know it before the trigger. A counterfactual
 * that goes on among the objects draws another one, and where it is reached already the trigger follows at once.
 */
import { PlanError } from "../../src/errors.js";
import type { SequenceTask, TaskState } from "../../src/plan/sequence-task.js";
import {
  COUNTERS,
  DEMO,
  MOST,
  RESPONSE,
  valueOf,
  type Counter,
  type CounterName,
} from "./counters.js";
import { END, machineTask, type Emission, type Machine } from "./machine.js";
import { REFERENCES } from "./references.js";

/** One vocabulary for all of the family, so that its networks can be compared token by token. */
const VOCABULARY = ["pad", "begin", "end", "demo 0", "demo 1", "demo 2", "response", "trigger"];
const OBJECTS = [3, 4, 5];
const OBJECT = [3];
const ANSWER = 6;
const TRIGGER = 7;

/** How many responses the objects want. */
interface Rule {
  readonly text: string;
  /** Responses to n objects. */
  readonly answer: (n: number) => number;
  /** Whether the rule is applied again to what an interchange puts among the responses. */
  readonly settles: boolean;
}

const EACH: Rule = { text: "N", answer: (n) => n, settles: false };
const MODULO: Rule = { text: "N mod 4", answer: (n) => n % 4, settles: true };
/** A third of a whole number is never halfway, where languages round differently. */
const ROUNDING: Rule = {
  text: "3 round(N / 3)",
  answer: (n) => 3 * Math.round(n / 3),
  settles: false,
};

/** What makes one task of the family. */
interface CountingRow {
  readonly title: string;
  /** Token ids of objects; one is drawn at each place. */
  readonly demo: readonly number[];
  readonly response: number;
  readonly rule: Rule;
}

const ROWS = {
  "multi-object": {
    title: "As many responses as there were objects, of three kinds",
    demo: OBJECTS,
    response: ANSWER,
    rule: EACH,
  },
  "single-object": {
    title: "As many responses as there were objects, all of one kind",
    demo: OBJECT,
    response: ANSWER,
    rule: EACH,
  },
  "same-object": {
    title: "As many responses as there were objects, by the same token",
    demo: OBJECT,
    response: 3,
    rule: EACH,
  },
  "multi-object-modulo": {
    title: "As many responses as objects remain when fours are taken away",
    demo: OBJECTS,
    response: ANSWER,
    rule: MODULO,
  },
  "multi-object-rounding": {
    title: "As many responses as there were objects, to the nearest three",
    demo: OBJECTS,
    response: ANSWER,
    rule: ROUNDING,
  },
} as const satisfies Readonly<Record<string, CountingRow>>;

/** Name of a task of counting. */
export type CountingName = keyof typeof ROWS;

/** Names of the tasks of counting. */
export const COUNTING_NAMES = Object.keys(ROWS) as readonly CountingName[]; // the keys of a constant

/** Which task, and which symbolic model of it. */
export interface CountingChoice {
  readonly task: CountingName;
  /** @defaultValue `"up-down"` */
  readonly counter?: CounterName;
}

/** A task of counting, opened: what a counter that never errs needs to know of it. */
export interface Counting {
  readonly task: SequenceTask;
  readonly machine: Machine<TaskState>;
  readonly counter: Counter;
  /** Token ids of objects. */
  readonly demo: readonly number[];
  readonly response: number;
  /** After one more token, whatever it is: one that has no meaning in this phase changes nothing. */
  hear(state: TaskState, token: number): TaskState;
}

/**
 * A task of counting. Natural sequences do not depend on the counter, which decides what can be exchanged: each
 * alternative is a hypothesis of its own about what a network holds.
 *
 * @throws {@link PlanError} for a counter other than `"up-down"` where the rule is not g(N) = N: what such a counter does
 *   with a remainder or a rounded number was never said.
 */
export function countingTask(choice: CountingChoice): SequenceTask {
  return openCounting(choice).task;
}

/** {@link countingTask} with its parts. @throws {@link PlanError} as that does. */
export function openCounting({ task, counter: name = "up-down" }: CountingChoice): Counting {
  const row: CountingRow = ROWS[task];
  const counter = COUNTERS[name];
  if (name !== "up-down" && row.rule !== EACH) {
    throw new PlanError(`${task}: the symbolic model "${name}" knows nothing of its rule`, {
      code: "TASK_COUNTER",
      expected: 'the symbolic model "up-down", or a task with as many responses as objects',
      found: `"${name}" with ${row.rule.text} responses to N objects`,
    });
  }
  const hear = hearing(row, counter);
  const machine = countingMachine({ row, counter, hear });
  const exchangeable = new Set([...row.demo, row.response]);
  return {
    task: machineTask({
      id: name === "up-down" ? task : `${task}/${name}`,
      title: row.title,
      references: REFERENCES,
      vocabulary: VOCABULARY,
      machine,
      ranges: counter.ranges,
      isExchangeable: (ids, at) => exchangeable.has(ids[at] ?? END),
    }),
    machine,
    counter,
    demo: row.demo,
    response: row.response,
    hear,
  };
}

/** What each token does to a state, by phase: in same-object one token is an object before the trigger, a response after. */
function hearing({ demo, response, rule }: CountingRow, counter: Counter): Counting["hear"] {
  const inDemo = new Map([
    ...demo.map((token) => [token, counter.demo] as const),
    [TRIGGER, (state: TaskState) => counter.trigger(state, rule.answer)] as const,
  ]);
  const inResponse = new Map([[response, counter.response]]);
  return (state, token) => {
    const heard = valueOf(state, "phase") === DEMO ? inDemo : inResponse;
    return heard.get(token)?.(state) ?? state;
  };
}

/** What the machine of a row is made of. */
interface MachineParts {
  readonly row: CountingRow;
  readonly counter: Counter;
  readonly hear: Counting["hear"];
}

function countingMachine({ row, counter, hear }: MachineParts): Machine<TaskState> {
  const { demo, response, rule } = row;
  /** Whether a natural sequence may have this token next. */
  const isPossible = (state: TaskState, token: number): boolean => {
    if (valueOf(state, "phase") === RESPONSE) {
      return token === (counter.left(state) > 0 ? response : END);
    }
    const shown = counter.shown(state);
    return token === TRIGGER ? shown > 0 : shown < MOST && demo.includes(token);
  };
  const trigger: Emission = { token: TRIGGER, scored: false };
  const objects = demo.map((token): Emission => ({ token, scored: false }));
  const answer: Emission = { token: response, scored: true };
  return {
    start: counter.start,
    read: (state, token) => (isPossible(state, token) ? hear(state, token) : undefined),
    emitter: (random) => {
      const wanted = 1 + random.int(MOST);
      return (state) => {
        if (valueOf(state, "phase") === DEMO) {
          return counter.shown(state) >= wanted ? trigger : random.pick(objects);
        }
        const left = counter.left(state);
        return left > 0 ? answer : { token: END, scored: left === 0 };
      };
    },
    variablesOf: (state) => state,
    overwrite: (state, values) => {
      const next = { ...state, ...values };
      return rule.settles && next["phase"] === RESPONSE
        ? { ...next, count: rule.answer(valueOf(next, "count")) }
        : next;
    },
  };
}
