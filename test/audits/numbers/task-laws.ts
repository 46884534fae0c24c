/**
 * @file What every number task promises. A law lists its faults as text for one random case, so that a test can also
 * plant one and see it told; what a task should say is read by a second description of it that knows no machine.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SequenceTask, TaskSequence, TaskState } from "../../../src/plan/sequence-task.js";
import { stream, type Stream } from "../../../src/stats/stream.js";

/** A task described by whole sequences, from the outside. */
export interface TaskReference {
  /** One letter for each token id. */
  readonly letters: string;
  /** Whether a whole sequence, from begin to end, is one of the task. */
  isNatural(text: string): boolean;
  /** Places that are decided by what stands before. */
  isScored(text: string, at: number): boolean;
  /** Variables after the letter at a place, read from the whole natural sequence. */
  stateAt(text: string, at: number): TaskState;
  isExchangeable(text: string, at: number): boolean;
  /** Overwritten variables as the task keeps them. */
  settle(state: TaskState): TaskState;
  /** Whether a sequence may go on like this from these variables, at an exchangeable place. */
  goesOn(state: TaskState, tail: string): boolean;
  /** Whether these variables leave nothing open. */
  isDecided(state: TaskState): boolean;
}

/** A law about one random case: its faults, each a text. */
type TaskLaw = (task: SequenceTask, reference: TaskReference, random: Stream) => string[];

/** Tokens as letters. */
export function textOf({ letters }: TaskReference, ids: Int32Array): string {
  return Array.from(ids, (id) => letters[id] ?? "?").join("");
}

/** A natural sequence with one of its exchangeable places. */
export function drawPlace(
  task: SequenceTask,
  random: Stream,
): { sequence: TaskSequence; at: number; state: TaskState } {
  const sequence = task.sample(random);
  const places = [...sequence.ids.keys()].filter((at) => task.exchangeable(sequence, at));
  const at = random.pick(places);
  return { sequence, at, state: task.states(sequence.ids)[at]! };
}

/** A counterfactual of two random sequences and random variables, and what there is to hold it against. */
function drawInterchange(task: SequenceTask, reference: TaskReference, random: Stream) {
  const target = drawPlace(task, random);
  const source = drawPlace(task, random);
  const variables = task.variables.filter(() => random.int(2) === 1);
  const request = { target: target.sequence, at: target.at, source: source.state, variables };
  return {
    request,
    made: task.counterfactual({ ...request, random }),
    wanted: reference.settle({
      ...target.state,
      ...Object.fromEntries(variables.map((name) => [name, source.state[name]!])),
    }),
  };
}

const unless = (holds: boolean, fault: string): string[] => (holds ? [] : [fault]);

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Same variables with same values, in any order. */
function isSameState(a: TaskState, b: TaskState): boolean {
  const sorted = (state: TaskState): unknown => Object.entries(state).sort();
  return isSame(sorted(a), sorted(b));
}

function scoredText({ scored }: TaskSequence): string {
  return scored.join("");
}

function wantedScores(reference: TaskReference, text: string): string {
  return Array.from(text, (_, at) => (reference.isScored(text, at) ? "1" : "0")).join("");
}

/** Laws of a task, by what they say of it. */
export const TASK_LAWS = {
  "draws natural sequences and scores what is decided": (task, reference, random) => {
    const sequence = task.sample(random);
    const text = textOf(reference, sequence.ids);
    return [
      ...unless(reference.isNatural(text), `unnatural: ${text}`),
      ...unless(scoredText(sequence) === wantedScores(reference, text), `scores of ${text}`),
    ];
  },

  "holds at each place what the whole sequence tells": (task, reference, random) => {
    const { ids } = task.sample(random);
    const text = textOf(reference, ids);
    const padded = Int32Array.of(...ids, 0, 0);
    return task.states(padded).flatMap((state, at) => {
      const wanted = at < ids.length ? reference.stateAt(text, at) : {};
      return unless(isSameState(state, wanted), `${text} at ${at}: ${JSON.stringify(state)}`);
    });
  },

  "exchanges where its description says": (task, reference, random) => {
    const sequence = task.sample(random);
    const text = textOf(reference, sequence.ids);
    return [-1, ...sequence.ids.keys(), sequence.ids.length].flatMap((at) => {
      const wanted = at >= 0 && at < text.length && reference.isExchangeable(text, at);
      return unless(task.exchangeable(sequence, at) === wanted, `${text} at ${at}`);
    });
  },

  "keeps the target up to the place, with its scores": (task, reference, random) => {
    const { made, request } = drawInterchange(task, reference, random);
    const { target, at } = request;
    const kept = (from: TaskSequence): unknown => [
      [...from.ids.slice(0, at + 1)],
      [...from.scored.slice(0, at + 1)],
    ];
    return unless(isSame(kept(made), kept(target)), textOf(reference, made.ids));
  },

  "tells the variables that an interchange leaves": (task, reference, random) => {
    const { request, wanted } = drawInterchange(task, reference, random);
    const found = task.exchanged(request);
    return unless(
      isSameState(found, wanted),
      `${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`,
    );
  },

  "goes on from the variables that an interchange leaves": (task, reference, random) => {
    const { made, request, wanted } = drawInterchange(task, reference, random);
    const tail = textOf(reference, made.ids).slice(request.at + 1);
    return unless(reference.goesOn(wanted, tail), `${JSON.stringify(wanted)}: ${tail}`);
  },

  "gives the target itself for its own variables, as far as they decide": (
    task,
    reference,
    random,
  ) => {
    const { sequence, at, state } = drawPlace(task, random);
    const variables = task.variables;
    const made = task.counterfactual({ target: sequence, at, source: state, variables, random });
    const text = textOf(reference, made.ids);
    return [
      ...unless(reference.isNatural(text), `unnatural: ${text}`),
      ...unless(scoredText(made) === wantedScores(reference, text), `scores of ${text}`),
      ...unless(!reference.isDecided(state) || isSame([...made.ids], [...sequence.ids]), text),
    ];
  },

  "goes on as the source, for all of its variables": (task, reference, random) => {
    const [target, source] = [drawPlace(task, random), drawPlace(task, random)];
    const made = task.counterfactual({
      target: target.sequence,
      at: target.at,
      source: source.state,
      variables: task.variables,
      random,
    });
    const begun = textOf(reference, source.sequence.ids.slice(0, source.at + 1));
    const tail = textOf(reference, made.ids).slice(target.at + 1);
    const own = textOf(reference, source.sequence.ids).slice(source.at + 1);
    const scores = wantedScores(reference, begun + tail).slice(begun.length);
    return [
      ...unless(reference.isNatural(begun + tail), `unnatural: ${begun}|${tail}`),
      ...unless(scoredText(made).slice(target.at + 1) === scores, `scores of ${begun}|${tail}`),
      ...unless(!reference.isDecided(source.state) || tail === own, `${begun}|${tail}, not ${own}`),
    ];
  },
} as const satisfies Readonly<Record<string, TaskLaw>>;

/** Cases of each law and task; the faults that are planted show in a tenth of them at least. */
const CASES = 40;

/** Faults of one law in cases that are the same for the same seed. */
export function faultsOf(
  law: keyof typeof TASK_LAWS,
  {
    task,
    reference,
    cases = 200,
  }: { task: SequenceTask; reference: TaskReference; cases?: number },
): string[] {
  return Array.from({ length: cases }, (_, seed) =>
    TASK_LAWS[law](task, reference, stream(seed, "fault")),
  ).flat();
}

/** One test for each law. */
export function describeTaskLaws(task: SequenceTask, reference: TaskReference): void {
  describe(task.id, () => {
    for (const [name, law] of Object.entries<TaskLaw>(TASK_LAWS)) {
      it(name, () => {
        fc.assert(
          fc.property(fc.nat(), (seed) => {
            expect(law(task, reference, stream(seed, "law"))).toEqual([]);
          }),
          { numRuns: CASES },
        );
      });
    }

    it("says the same for the same stream", () => {
      const [a, b] = [0, 1].map(() => drawInterchange(task, reference, stream(3, "same")).made);
      expect(a).toEqual(b);
    });

    it("names each token once, padding, begin and end first", () => {
      expect(task.vocabulary).toHaveLength(reference.letters.length);
      expect(new Set(task.vocabulary).size).toBe(task.vocabulary.length);
      expect(task.vocabulary.slice(0, 3)).toEqual(["pad", "begin", "end"]);
    });
  });
}
