/** @file Own answer tables, the causal index and the gate, by hand-made examples. */
import { describe, expect, it } from "vitest";
import { ownAnswerTable } from "../../src/measure/answer-table.js";
import { indexCausalModel } from "../../src/measure/causal-index.js";
import { GATE_DEFAULTS, isAlive } from "../../src/measure/gate.js";
import { counterfactualGroups, toPairSet } from "../../src/measure/pair-set.js";

const xor = {
  variables: { a: ["0", "1"], b: ["0", "1"], topic: ["x", "y"] },
  by: ["a", "b"],
  answers: { same: [" s"], different: [" d"] },
  outcome: (values: Readonly<Record<string, unknown>>) =>
    values["a"] === values["b"] ? "same" : "different",
};
const items = ["00", "01", "10", "11"].map((ab) => ({
  values: { a: ab[0]!, b: ab[1]!, topic: "x" },
}));
const causal = indexCausalModel(xor, "a", items);
const all = Int32Array.of(0, 1, 2, 3);

describe("indexCausalModel", () => {
  it("groups items by the outcome's variables only, and knows where a swap leads", () => {
    expect(causal.groupNames).toEqual(["0|0", "0|1", "1|0", "1|1"]);
    expect([...causal.group]).toEqual([0, 1, 2, 3]);
    expect([...causal.value]).toEqual([0, 0, 1, 1]);
    expect([...causal.answer]).toEqual([0, 1, 1, 0]);
    // a := 0 and a := 1, for each group
    expect([...causal.swapped]).toEqual([0, 2, 1, 3, 0, 2, 1, 3]);
  });

  it("gives each pair the group of its counterfactual", () => {
    const pairs = toPairSet([
      { target: 1, source: 3, label: 0 },
      { target: 2, source: 2, label: 1 },
    ]);
    expect([...counterfactualGroups(pairs, causal)]).toEqual([3, 2]);
  });

  it("refuses a value that the audit does not declare, naming the item", () => {
    const odd = [{ values: { a: "2", b: "0" } }];
    expect(() => indexCausalModel(xor, "a", odd)).toThrow('items[0]: "2" is not declared');
  });
});

describe("ownAnswerTable", () => {
  it("is the causal table where the model answers by it, ties included", () => {
    expect(ownAnswerTable(Int32Array.of(0, 1, 1, 0), all, causal).kind).toBe("causal");
    const twice = { ...causal, group: Int32Array.of(0, 0, 1, 2) };
    expect(ownAnswerTable(Int32Array.of(0, 1, 1, 1), all, twice).kind).toBe("causal");
  });

  it("is found where the answers are inverted", () => {
    expect(ownAnswerTable(Int32Array.of(1, 0, 0, 1), all, causal)).toEqual({
      kind: "own",
      answer: Int32Array.of(1, 0, 0, 1),
    });
  });

  it("is constant where one answer is given to everything", () => {
    expect(ownAnswerTable(Int32Array.of(1, 1, 1, 1), all, causal)).toEqual({
      kind: "constant",
      answer: 1,
    });
  });

  it("is incomplete, not guessed, where a group was never seen", () => {
    expect(ownAnswerTable(Int32Array.of(1, 0, 0, 1), all.slice(0, 3), causal)).toEqual({
      kind: "incomplete",
      groups: [3],
    });
  });
});

describe("isAlive", () => {
  const hits = (n: number): string => "1".repeat(n) + "0".repeat(300 - n);

  it("is decided by the upper Wilson end of the full swap less the rate without intervention", () => {
    // 46 of 300: upper end .1985; 47 of 300: .2021
    expect(isAlive({ fullSwap: hits(46), noIntervention: hits(0) }, GATE_DEFAULTS)).toBe(false);
    expect(isAlive({ fullSwap: hits(47), noIntervention: hits(0) }, GATE_DEFAULTS)).toBe(true);
    expect(isAlive({ fullSwap: hits(60), noIntervention: hits(30) }, GATE_DEFAULTS)).toBe(false);
  });

  it("has no answer without trials", () => {
    expect(() => isAlive({ fullSwap: "", noIntervention: "" }, GATE_DEFAULTS)).toThrow(
      "full-swap trials",
    );
  });
});
