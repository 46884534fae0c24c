/** @file Laws of arithmetic, examples worked by hand, and planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { arithmetic } from "../../../audits/numbers/arithmetic.js";
import type { TaskSequence, TaskState } from "../../../src/plan/sequence-task.js";
import { stream } from "../../../src/stats/stream.js";
import { refusalOf } from "../../support/refusals.js";
import { arithmeticReference } from "./arithmetic-reference.js";
import { describeTaskLaws, faultsOf, textOf } from "./task-laws.js";

const { letters } = arithmeticReference;

function sequence(text: string): TaskSequence {
  return {
    ids: Int32Array.from(text, (letter) => letters.indexOf(letter)),
    scored: Uint8Array.from(text, (_, at) => Number(arithmeticReference.isScored(text, at))),
  };
}

/** Three operations on 4: + 3 = 7, - 7 = 0, + 20 = 20. */
const TARGET = "<34+3=7,-7=0,+K=K>";

function tailOf(at: number, source: TaskState, seed = 1): string {
  const made = arithmetic.counterfactual({
    target: sequence(TARGET),
    at,
    source,
    variables: Object.keys(source),
    random: stream(seed, "tail"),
  });
  return textOf(arithmeticReference, made.ids).slice(at + 1);
}

describeTaskLaws(arithmetic, arithmeticReference);

describe("arithmetic", () => {
  it("gives the numbers the ids from 7 on", () => {
    expect(arithmetic.vocabulary).toEqual([
      ...["pad", "begin", "end", ",", "=", "+", "-"],
      ...Array.from({ length: 21 }, (_, value) => String(value)),
    ]);
  });

  it("draws 1 to 20 operations, and 0 to 20 to begin with, uniformly", () => {
    const random = stream(1, "n");
    const draws = Array.from({ length: 2100 }, () => arithmetic.sample(random).ids);
    const at = (place: number): Map<number, number> => {
      const counts = new Map<number, number>();
      for (const ids of draws) counts.set(ids[place]!, (counts.get(ids[place]!) ?? 0) + 1);
      return counts;
    };
    expect(at(1).size).toBe(20);
    expect(at(2).size).toBe(21);
    // 100 to 105 of each are expected, with a standard deviation below 10.3; five of them
    for (const count of at(1).values()) expect(Math.abs(count - 105)).toBeLessThan(52);
    for (const count of at(2).values()) expect(Math.abs(count - 100)).toBeLessThan(52);
  });

  it("draws either operator, and any operand that keeps the result in range, both bounds included", () => {
    const random = stream(1, "operands");
    const drawn = { "+": new Map<string, number>(), "-": new Map<string, number>() };
    const [at, variables, target] = [2, ["value"], sequence(TARGET)];
    for (let i = 0; i < 600; i++) {
      const request = { target, at, source: { value: 18 }, variables, random };
      const text = textOf(arithmeticReference, arithmetic.counterfactual(request).ids);
      const operands = drawn[text[3] as "+" | "-"];
      operands.set(text[4]!, (operands.get(text[4]!) ?? 0) + 1);
    }
    const total = (counts: Map<string, number>): number =>
      [...counts.values()].reduce((a, b) => a + b);
    // 300 of each sign are expected, with a standard deviation of 12.2; five of them
    expect(Math.abs(total(drawn["+"]) - 300)).toBeLessThan(62);
    expect([...drawn["+"].keys()].sort().join("")).toBe("012");
    expect([...drawn["-"].keys()].sort().join("")).toBe("0123456789ABCDEFGHI");
    // 100 of each are expected, with a standard deviation of about 9
    for (const count of drawn["+"].values()) expect(Math.abs(count - 100)).toBeLessThan(45);
  });

  it("holds the operations whose result is to come, and the result once it was said", () => {
    const states = arithmetic.states(sequence(TARGET).ids);
    expect(states.slice(0, 9)).toEqual([
      {},
      { remaining: 3 },
      { remaining: 3, value: 4 },
      { remaining: 3, value: 4 },
      { remaining: 3, value: 4 },
      { remaining: 3, value: 4 },
      { remaining: 2, value: 7 },
      { remaining: 2, value: 7 },
      { remaining: 2, value: 7 },
    ]);
  });

  it("goes on from another value for as many operations as before", () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(tailOf(7, { value: 20 }, seed)).toMatch(/^-.=.,[+-].=.>$/);
      expect(tailOf(7, { value: 0 }, seed)).toMatch(/^\+(.)=\1,[+-].=.>$/);
    }
  });

  it("goes on for another number of operations from the same value", () => {
    for (let seed = 0; seed < 20; seed++) {
      // the target stands at 0
      expect(tailOf(12, { remaining: 2 }, seed)).toMatch(/^\+(.)=\1,[+-].=.>$/);
    }
  });

  it("takes any count for a value, and no count of 0 for operations to come", () => {
    for (let count = 0; count <= 20; count++) expect(tailOf(2, { value: count })).toHaveLength(15);
    expect(refusalOf(() => tailOf(2, { remaining: 0 }))).toMatchObject({
      code: "TASK_INTERCHANGE",
      expected: "a whole number from 1 to 20",
      found: "0",
    });
  });

  it.each([1, 3, 4, 5, 6, 17])("refuses place %s, where a value could lead nowhere", (at) => {
    expect(refusalOf(() => tailOf(at, { value: 20 }))).toMatchObject({ code: "TASK_INTERCHANGE" });
  });

  it.each([
    ["a wrong result", "<14+3=8>", 6],
    ["a result that is too large", "<1K-0=K,+", 7],
    ["a plus where there is no room", "<1K+", 3],
    ["a minus where there is nothing to take", "<10-", 3],
    ["an operand that leads out of range", "<14-5", 4],
    ["an end that comes too early", "<24+3=7>", 7],
    ["a comma that comes too late", "<14+3=7,", 7],
    ["no operation at all", "<0", 1],
  ])("refuses a sequence with %s", (_, text, at) => {
    const refusal = refusalOf(() => arithmetic.states(sequence(text).ids));
    expect(refusal).toMatchObject({ code: "TASK_SEQUENCE", where: `token ${at}` });
  });
});

describe("a fault planted in arithmetic", () => {
  it("is told where a value is that of before its operation", () => {
    const task = {
      ...arithmetic,
      states: (ids: Int32Array) => [{}, ...arithmetic.states(ids).slice(0, -1)],
    };
    const law = "holds at each place what the whole sequence tells";
    expect(faultsOf(law, { task, reference: arithmeticReference })).not.toEqual([]);
  });

  it("is told where an operation too many remains", () => {
    const task = {
      ...arithmetic,
      counterfactual: ({ source, ...rest }: Parameters<typeof arithmetic.counterfactual>[0]) =>
        arithmetic.counterfactual({
          ...rest,
          source: { ...source, remaining: Math.min(20, source["remaining"]! + 1) },
        }),
    };
    const law = "goes on as the source, for all of its variables";
    expect(faultsOf(law, { task, reference: arithmeticReference })).not.toEqual([]);
  });

  it("is told where a result may be patched", () => {
    const task = {
      ...arithmetic,
      exchangeable: (of: TaskSequence, at: number) => arithmetic.exchangeable(of, at) || at === 6,
    };
    const law = "exchanges where its description says";
    expect(faultsOf(law, { task, reference: arithmeticReference })).not.toEqual([]);
  });
});
