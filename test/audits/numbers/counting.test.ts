/** @file Laws of the tasks of counting, examples worked by hand, and planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { COUNTERS } from "../../../audits/numbers/counters.js";
import {
  COUNTING_NAMES,
  countingTask,
  openCounting,
  type CountingName,
} from "../../../audits/numbers/counting.js";
import { machineTask, type Machine } from "../../../audits/numbers/machine.js";
import type { SequenceTask, TaskSequence, TaskState } from "../../../src/plan/sequence-task.js";
import { stream } from "../../../src/stats/stream.js";
import { refusalOf } from "../../support/refusals.js";
import { countingReference } from "./counting-reference.js";
import { describeTaskLaws, drawPlace, faultsOf, TASK_LAWS, textOf } from "./task-laws.js";

const LETTERS = countingReference("multi-object").letters;

/** A sequence from its letters, scored after the trigger. */
function sequence(text: string): TaskSequence {
  return {
    ids: Int32Array.from(text, (letter) => LETTERS.indexOf(letter)),
    scored: Uint8Array.from(text, (_, at) => Number(at > text.indexOf("t"))),
  };
}

interface Swap {
  readonly target: string;
  readonly at: number;
  readonly source: TaskState;
  readonly variables?: readonly string[];
}

/** Letters and scores after the place of an interchange. */
function tailOf(task: SequenceTask, { target, at, source, variables }: Swap, seed = 1) {
  const made = task.counterfactual({
    target: sequence(target),
    at,
    source,
    variables: variables ?? Object.keys(source),
    random: stream(seed, "tail"),
  });
  return {
    tail: textOf(countingReference("multi-object"), made.ids).slice(at + 1),
    scores: made.scored.slice(at + 1).join(""),
  };
}

for (const name of COUNTING_NAMES) {
  describeTaskLaws(countingTask({ task: name }), countingReference(name));
}

describe("the number of objects", () => {
  it("is uniform on 1 to 20", () => {
    const random = stream(1, "n");
    const task = countingTask({ task: "single-object" });
    const counts = new Map<number, number>();
    for (let i = 0; i < 4000; i++) {
      const n = (task.sample(random).ids.length - 3) / 2;
      counts.set(n, (counts.get(n) ?? 0) + 1);
    }
    expect(counts.size).toBe(20);
    // 200 of each are expected, with a standard deviation of 13.8; five of them
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(69);
  });
});

describe("an interchange, worked by hand,", () => {
  const multi = countingTask({ task: "multi-object" });

  it("sends objects into the responses that the source still had to give", () => {
    const swap = { target: "<abcatrrrr>", at: 2, source: { phase: 1, count: 3 } };
    expect(tailOf(multi, swap)).toEqual({ tail: "rrr>", scores: "1111" });
  });

  it("ends at once where the source had no response left", () => {
    const swap = { target: "<abcatrrrr>", at: 2, source: { phase: 1, count: 0 } };
    expect(tailOf(multi, swap)).toEqual({ tail: ">", scores: "1" });
  });

  it("takes the phase alone and keeps the count after the target's own token", () => {
    const swap = { target: "<abcatrrrr>", at: 2, source: { phase: 1 } };
    expect(tailOf(multi, swap)).toEqual({ tail: "rr>", scores: "111" });
  });

  it("sends responses back among the objects, where another number of them is drawn", () => {
    const swap = { target: "<abtrr>", at: 4, source: { phase: -1, count: 18 } };
    const tails = Array.from({ length: 200 }, (_, seed) => tailOf(multi, swap, seed));
    const more = new Map<number, number>();
    for (const { tail, scores } of tails) {
      const [, shown = "?", said = "?"] = /^([abc]*)t(r*)>$/.exec(tail) ?? [];
      expect(said.length).toBe(18 + shown.length);
      expect(scores).toBe("0".repeat(shown.length + 1) + "1".repeat(said.length + 1));
      more.set(shown.length, (more.get(shown.length) ?? 0) + 1);
    }
    // N is uniform on 1..20 and reached already in 18 of 20 cases: 180 expected, standard deviation 4.2
    expect([...more.keys()].sort()).toEqual([0, 1, 2]);
    expect(Math.abs(more.get(0)! - 180)).toBeLessThan(5 * 4.3);
  });

  it("reduces a count again that comes among the responses of the modulo task", () => {
    const modulo = countingTask({ task: "multi-object-modulo" });
    const swap = { target: "<aaaaatr>", at: 7, source: { count: 7 } };
    expect(tailOf(modulo, swap)).toEqual({ tail: "rrr>", scores: "1111" });
    const request = { ...swap, target: sequence(swap.target), variables: ["count"] };
    expect(modulo.exchanged(request)).toEqual({ phase: 1, count: 3 });
    expect(modulo.exchanged({ ...request, at: 2 })).toEqual({ phase: -1, count: 7 });
  });

  it("does not round a count again that comes among the responses of the rounding task", () => {
    const rounding = countingTask({ task: "multi-object-rounding" });
    const swap = { target: "<aatrrr>", at: 4, source: { count: 7 } };
    expect(tailOf(rounding, swap)).toEqual({ tail: "rrrrrrr>", scores: "11111111" });
  });

  it("knows the phase of one and the same token by what came before", () => {
    const same = countingTask({ task: "same-object" });
    expect(same.states(sequence("<aataa>").ids)).toEqual([
      { phase: -1, count: 0 },
      { phase: -1, count: 1 },
      { phase: -1, count: 2 },
      { phase: 1, count: 2 },
      { phase: 1, count: 1 },
      { phase: 1, count: 0 },
      {},
    ]);
    const swap = { target: "<aataa>", at: 4, source: { count: 4 } };
    expect(tailOf(same, swap)).toEqual({ tail: "aaaa>", scores: "11111" });
  });

  it("goes on as the target would where nothing is taken", () => {
    const swap = { target: "<abtrr>", at: 4, source: {} };
    expect(tailOf(multi, swap)).toEqual({ tail: "r>", scores: "11" });
  });
});

describe("an interchange between tasks", () => {
  it("takes any running value for a count, under the name that the target has for it", () => {
    const multi = countingTask({ task: "multi-object" });
    for (let value = 0; value <= 20; value++) {
      const swap = { target: "<abtrr>", at: 4, source: { count: value } };
      expect(tailOf(multi, swap).tail).toBe(`${"r".repeat(value)}>`);
    }
  });
});

describe("a refusal", () => {
  const multi = countingTask({ task: "multi-object" });
  const ask = (swap: Partial<Swap>) =>
    refusalOf(() => tailOf(multi, { target: "<abtrr>", at: 1, source: { count: 1 }, ...swap }));

  it.each([
    [21, "21"],
    [-1, "-1"],
    [1.5, "1.5"],
    [NaN, "NaN"],
  ])("meets a count of %s", (count, found) => {
    expect(ask({ source: { count } })).toMatchObject({
      code: "TASK_INTERCHANGE",
      expected: "a whole number from 0 to 20",
      found,
    });
  });

  it("meets a value that is not there, and no other one", () => {
    expect(ask({ source: { phase: 1 }, variables: ["count"] })).toMatchObject({
      message: 'variable "count"',
      found: "no value",
    });
  });

  it("meets a phase between the two", () => {
    expect(ask({ source: { phase: 0 } })).toMatchObject({ expected: "-1 or 1", found: "0" });
  });

  it("meets a variable of another task, and knows one that was meant", () => {
    expect(ask({ source: { value: 3 } })).toMatchObject({ expected: '"phase", "count"' });
    expect(ask({ source: { counts: 3 } })).toMatchObject({ hint: 'did you mean "count"?' });
  });

  it.each([
    [0, '"begin"'],
    [3, '"trigger"'],
    [6, '"end"'],
    [7, "no token"],
    [0.5, "no token"],
  ])("meets place %s", (at, found) => {
    expect(ask({ at })).toMatchObject({ code: "TASK_INTERCHANGE", found });
  });

  it("tells all mistakes at once", () => {
    expect(ask({ at: 0, source: { count: 21, phase: 2 } }).message).toContain("3 mistakes");
  });

  it.each([
    ["without a begin token", "ab", 0],
    ["with a trigger before any object", "<t", 1],
    ["with more objects than there are", `<${"a".repeat(21)}`, 21],
    ["with a response before the trigger", "<ar", 2],
    ["with too few responses", "<aatr>", 5],
    ["with too many responses", "<atrr", 4],
    ["that goes on after its end", "<atr>a", 5],
    ["with padding inside", "<a_tr>", 2],
  ])("meets a sequence %s", (_, text, at) => {
    const refusal = refusalOf(() => multi.states(sequence(text).ids));
    expect(refusal).toMatchObject({ code: "TASK_SEQUENCE", where: `token ${at}` });
  });

  it("meets a token id outside the vocabulary", () => {
    const refusal = refusalOf(() => multi.states(Int32Array.of(1, 8)));
    expect(refusal).toMatchObject({ code: "TASK_SEQUENCE", found: "8" });
  });

  it("meets an alternative symbolic model for a task whose rule it does not know", () => {
    const refusal = refusalOf(() =>
      countingTask({ task: "multi-object-modulo", counter: "up-incr" }),
    );
    expect(refusal).toMatchObject({ code: "TASK_COUNTER" });
  });
});

describe("symbolic models of one task", () => {
  const [upDown, upUp, upIncr] = (["up-down", "up-up", "up-incr"] as const).map((counter) =>
    countingTask({ task: "multi-object", counter }),
  ) as [SequenceTask, SequenceTask, SequenceTask];

  it("say the same on natural sequences, and where all variables are taken", () => {
    for (let seed = 0; seed < 20; seed++) {
      const made = [upDown, upUp, upIncr].map((task) => {
        const random = stream(seed, "models");
        const { sequence: target, at } = drawPlace(task, random);
        const { sequence: other, state: source } = drawPlace(task, random);
        const { variables } = task;
        return [target, other, task.counterfactual({ target, at, source, variables, random })];
      });
      expect(made[1]).toEqual(made[0]);
      expect(made[2]).toEqual(made[0]);
    }
  });

  it("tell of their variables", () => {
    const { ids } = sequence("<abtrr>");
    expect(upUp.states(ids)[4]).toEqual({ phase: 1, demoCount: 2, responseCount: 1 });
    expect(upIncr.states(ids)[4]).toEqual({ phase: 1, count: 10, incr: 1 / 2 });
  });

  it("that count objects and responses apart end unscored where there were too many already", () => {
    const swap = { target: "<abcatrrrr>", at: 8, source: { demoCount: 2 } };
    expect(tailOf(upUp, swap)).toEqual({ tail: ">", scores: "0" });
    expect(tailOf(upUp, { ...swap, at: 7 })).toEqual({ tail: ">", scores: "1" });
    expect(tailOf(upUp, { ...swap, at: 6 })).toEqual({ tail: "r>", scores: "11" });
  });

  it("that go in equal steps take another step for the rest of the way", () => {
    // halfway by two steps of a quarter; the other half in steps of a tenth is five more
    const swap = { target: "<abcatrrrr>", at: 7, source: { incr: 1 / 10 } };
    expect(tailOf(upIncr, swap)).toEqual({ tail: "rrrrr>", scores: "111111" });
  });
});

describe("a fault planted in counting", () => {
  type Law = keyof typeof TASK_LAWS;

  /** A task whose machine is changed. */
  function changed(
    name: CountingName,
    change: (machine: Machine<TaskState>) => Partial<Machine<TaskState>>,
  ): SequenceTask {
    const { task, machine } = openCounting({ task: name });
    return machineTask({
      ...task,
      machine: { ...machine, ...change(machine) },
      ranges: COUNTERS["up-down"].ranges,
      isExchangeable: (ids, at) => task.exchangeable({ ids, scored: new Uint8Array() }, at),
    });
  }

  const multi = countingTask({ task: "multi-object" });

  const FAULTS: readonly (readonly [string, Law, CountingName, SequenceTask])[] = [
    [
      "the modulo rule is not applied again",
      "goes on from the variables that an interchange leaves",
      "multi-object-modulo",
      changed("multi-object-modulo", () => ({
        overwrite: (state, values) => ({ ...state, ...values }),
      })),
    ],
    [
      "variables are those before a token",
      "holds at each place what the whole sequence tells",
      "multi-object",
      {
        ...multi,
        states: (ids) => [{ phase: -1, count: 0 }, ...multi.states(ids).slice(0, -1)],
      },
    ],
    [
      "the target keeps what it held before its token",
      "goes on from the variables that an interchange leaves",
      "multi-object",
      {
        ...multi,
        counterfactual: (interchange) => {
          const { target, at, source, variables } = interchange;
          const taken = Object.fromEntries(variables.map((name) => [name, source[name]!]));
          const before = { ...multi.states(target.ids)[at - 1], ...taken };
          return multi.counterfactual({
            ...interchange,
            source: before,
            variables: multi.variables,
          });
        },
      },
    ],
    [
      "the target's token at the place is another one",
      "keeps the target up to the place, with its scores",
      "multi-object",
      {
        ...multi,
        counterfactual: (interchange) => {
          const made = multi.counterfactual(interchange);
          const ids = made.ids.slice();
          ids[interchange.at] = 7;
          return { ...made, ids };
        },
      },
    ],
    [
      "responses before the place are not scored",
      "keeps the target up to the place, with its scores",
      "multi-object",
      {
        ...multi,
        counterfactual: (interchange) => {
          const made = multi.counterfactual(interchange);
          return { ...made, scored: made.scored.map((s, at) => (at <= interchange.at ? 0 : s)) };
        },
      },
    ],
    [
      "the trigger is scored",
      "draws natural sequences and scores what is decided",
      "multi-object",
      changed("multi-object", (machine) => ({
        emitter: (random) => {
          const emit = machine.emitter(random);
          return (state) => {
            const { token, scored } = emit(state);
            return { token, scored: scored || token === 7 };
          };
        },
      })),
    ],
    [
      "the trigger may be patched",
      "exchanges where its description says",
      "multi-object",
      {
        ...multi,
        exchangeable: (of, at) => multi.exchangeable(of, at) || of.ids[at] === 7,
      },
    ],
    [
      "a rounded number is rounded as a remainder",
      "draws natural sequences and scores what is decided",
      "multi-object-rounding",
      countingTask({ task: "multi-object-modulo" }),
    ],
    [
      "source and target are confused",
      "goes on as the source, for all of its variables",
      "multi-object",
      { ...multi, counterfactual: (of) => multi.counterfactual({ ...of, variables: [] }) },
    ],
    [
      "a response of the target's own is lost",
      "gives the target itself for its own variables, as far as they decide",
      "multi-object",
      changed("multi-object", () => ({
        overwrite: (state, values) => {
          const next = { ...state, ...values };
          return { ...next, count: Math.max(0, next["count"]! - 1) };
        },
      })),
    ],
    [
      "what is told is not what is done",
      "tells the variables that an interchange leaves",
      "multi-object-modulo",
      {
        ...countingTask({ task: "multi-object-modulo" }),
        exchanged: (of) => multi.exchanged(of),
      },
    ],
  ];

  it.each(FAULTS)("is told where %s", (_, law, name, task) => {
    expect(faultsOf(law, { task, reference: countingReference(name) })).not.toEqual([]);
  });
});
