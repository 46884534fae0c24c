/**
 * @file What a number task accepts from a source, of its own or of another task, is told beforehand: `accepts` is true
 * exactly where `counterfactual` answers.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COUNTERS, type CounterName } from "../../../audits/numbers/counters.js";
import { countingTask } from "../../../audits/numbers/counting.js";
import { NUMBER_TASKS } from "../../../audits/numbers/index.js";
import { PlanError } from "../../../src/errors.js";
import type {
  Interchange,
  SequenceTask,
  TaskSequence,
  TaskState,
} from "../../../src/plan/sequence-task.js";
import { stream, type Stream } from "../../../src/stats/stream.js";

const END = 2;
const RUNS = 200;

const TASKS: readonly SequenceTask[] = [
  ...NUMBER_TASKS,
  ...(Object.keys(COUNTERS) as CounterName[])
    .filter((counter) => counter !== "up-down")
    .map((counter) => countingTask({ task: "multi-object", counter })),
];

function taskCalled(id: string): SequenceTask {
  return NUMBER_TASKS.find((task) => task.id === id)!;
}

type Asked = Omit<Interchange, "random">;

/** Whether the counterfactual is answered; any error other than a refusal passes on. */
function answers(task: SequenceTask, asked: Asked): boolean {
  const random = stream(0, "answers");
  try {
    const { ids, scored } = task.counterfactual({ ...asked, random });
    return ids.at(-1) === END && scored.length === ids.length;
  } catch (error) {
    if (error instanceof PlanError) return false;
    throw error;
  }
}

function placesOf(task: SequenceTask, sequence: TaskSequence): number[] {
  return [...sequence.ids.keys()].filter((at) => task.exchangeable(sequence, at));
}

/** States at the exchangeable places of natural sequences. */
function statesOf(task: SequenceTask, random: Stream, sequences: number): TaskState[] {
  return Array.from({ length: sequences }, () => task.sample(random)).flatMap((sequence) => {
    const states = task.states(sequence.ids);
    return placesOf(task, sequence).map((at) => states[at]!);
  });
}

/** Often 1, which any variable may be; else what some may be, or none. */
const value = fc.oneof(
  { arbitrary: fc.constant(1), weight: 3 },
  { arbitrary: fc.integer({ min: -1, max: 21 }), weight: 3 },
  { arbitrary: fc.constantFrom(0.05, 0.5, 2.5, NaN, Infinity), weight: 1 },
);

/** Mostly natural targets at exchangeable places; some with a token replaced, some at another place or at none. */
const asked = (task: SequenceTask): fc.Arbitrary<Asked> =>
  fc
    .record({
      seed: fc.nat(),
      place: fc.nat(999),
      shift: fc.constantFrom(0, 0, 0, 0, 0, 1, -100, 100, 0.5),
      spoil: fc.oneof(
        { arbitrary: fc.constant(undefined), weight: 4 },
        { arbitrary: fc.tuple(fc.nat(999), fc.nat(task.vocabulary.length)), weight: 1 },
      ),
      values: fc.array(value, { minLength: 3, maxLength: 3 }),
      absent: fc.constantFrom("", "", ...task.variables),
      taken: fc.subarray([...task.variables]),
      unknown: fc.constantFrom([], [], [], ["nothing"]),
    })
    .map(({ seed, place, shift, spoil, values, absent, taken, unknown }) => {
      const sequence = task.sample(stream(seed, "target"));
      const ids = sequence.ids.slice();
      if (spoil !== undefined) ids[spoil[0] % ids.length] = spoil[1];
      const places = placesOf(task, sequence);
      const held = task.variables.map((name, i) => [name, values[i]!] as const);
      return {
        target: { ids, scored: sequence.scored },
        at: places[place % places.length]! + shift,
        source: Object.fromEntries(held.filter(([name]) => name !== absent)),
        variables: [...taken, ...unknown],
      };
    });

describe.each(TASKS.map((task) => [task.id, task] as const))("%s", (_, task) => {
  it("accepts exactly what it answers", () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(asked(task), (interchange) => {
        const accepted = task.accepts(interchange);
        seen[`${accepted}`]++;
        expect(accepted).toBe(answers(task, interchange));
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(RUNS / 10);
  });

  it("accepts every state of its own at every exchangeable place", () => {
    const random = stream(5, task.id);
    const target = task.sample(random);
    for (const source of statesOf(task, random, 3)) {
      for (const at of placesOf(task, target)) {
        expect(task.accepts({ target, at, source, variables: task.variables })).toBe(true);
      }
    }
  });

  it("refuses a target that is not natural up to the place, and reads nothing after it", () => {
    const target = task.sample(stream(6, task.id));
    const at = placesOf(task, target)[1]!;
    const interchange = { at, source: {}, variables: [] };
    const { scored } = target;
    const before = { ids: target.ids.with(1, END), scored };
    const after = { ids: target.ids.with(at + 1, 99), scored };
    expect(task.accepts({ ...interchange, target: before })).toBe(false);
    expect(task.accepts({ ...interchange, target: after })).toBe(true);
  });
});

describe("between arithmetic and counting", () => {
  const arithmetic = taskCalled("arithmetic");
  const counting = taskCalled("multi-object");
  const random = stream(7, "between");
  const counted = Array.from({ length: 21 }, (_, count) => count);

  /** Counts that are accepted for a variable, at each exchangeable place the same ones. */
  function accepted(task: SequenceTask, name: string, further: TaskState = {}): number[] {
    const places = Array.from({ length: 10 }, () => task.sample(random)).flatMap((target) =>
      placesOf(task, target).map((at) => ({ target, at })),
    );
    return counted.filter((count) => {
      const source = { ...further, [name]: count };
      const told = places.map((place) =>
        task.accepts({ ...place, source, variables: Object.keys(source) }),
      );
      expect(new Set(told).size).toBe(1);
      return told[0];
    });
  }

  it.each([{}, { phase: -1 }, { phase: 1 }])(
    "a count may be any running value, 0 in either phase among them (%o)",
    (phase) => {
      expect(accepted(counting, "count", phase)).toEqual(counted);
    },
  );

  it("a running value may be any count", () => {
    expect(accepted(arithmetic, "value")).toEqual(counted);
  });

  it("operations left may be any count but 0: at these places one comes next", () => {
    expect(accepted(arithmetic, "remaining")).toEqual(counted.slice(1));
  });

  it("what the sources have is what is accepted, but for the count 0 as operations left", () => {
    const values = (task: SequenceTask, name: string): Set<number> =>
      new Set(statesOf(task, random, 60).map((state) => state[name]!));
    expect(values(arithmetic, "value")).toEqual(new Set(counted));
    expect(values(arithmetic, "remaining")).toEqual(new Set(counted.slice(1)));
    expect(values(counting, "count")).toEqual(new Set(counted));
  });
});
