/** @file Grammar and laws of the audit `successor`, with planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { successor } from "../../audits/successor.js";
import { InvariantError } from "../../src/errors.js";
import { describeAuditLaws, draw, ITEM_LAWS, type AuditGrammar } from "./audit-laws.js";

const WORD = "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)";

const grammar: AuditGrammar = {
  prompt: [new RegExp(`(?:${WORD}, ${WORD}; ){4}${WORD},`)],
  spans: { number: { text: new RegExp(WORD), tells: "number" } },
};

describeAuditLaws(successor, grammar);

/** Counting written down a second time, by value and not by place. */
const VALUE = new Map(
  "one two three four five six seven eight nine ten eleven twelve"
    .split(" ")
    .map((word, i) => [word, i + 1]),
);

describe("the causal model of successor", () => {
  it("adds one", () => {
    for (const number of successor.variables["number"]!) {
      const next = successor.outcome({ number });
      expect(VALUE.get(next)).toBe(VALUE.get(String(number))! + 1);
    }
  });

  it("refuses the last number, which has no next one here, and what is no number", () => {
    for (const number of ["twelve", "Monday"]) {
      expect(() => successor.outcome({ number })).toThrow(InvariantError);
    }
  });
});

describe("the examples of successor", () => {
  it("are four right ones, all different, and show neither the question nor its answer", () => {
    for (const { group, values } of draw(successor)) {
      const pairs = [...group!.matchAll(/(\w+), (\w+);/g)].map(([, a, b]) => [a!, b!] as const);
      expect(pairs).toHaveLength(4);
      expect(new Set(pairs.map(([a]) => a)).size).toBe(4);
      for (const [a, b] of pairs) {
        expect(VALUE.get(b)).toBe(VALUE.get(a)! + 1);
        expect([values["number"], successor.outcome(values)]).not.toContain(a);
        expect(b).not.toBe(successor.outcome(values));
      }
    }
  });
});

describe("a fault planted in successor", () => {
  it("is told where one item is off by one", () => {
    const items = draw(successor);
    const law = ITEM_LAWS["gives a word one value only"]!;
    const wrong = items.map((item, i) => {
      if (i !== items.length - 1) return item;
      return { ...item, values: { number: item.values["number"] === "six" ? "seven" : "six" } };
    });
    expect(law(successor, items, grammar)).toEqual([]);
    expect(law(successor, wrong, grammar)).toHaveLength(1);
  });

  it("is told where a prompt ends in a space, which would melt into the answer", () => {
    const law =
      ITEM_LAWS[
        "ends where a word of the answer begins, at the beginning of the answer that it names"
      ]!;
    const [item] = draw(successor, { n: 1 });
    expect(law(successor, [item!], grammar)).toEqual([]);
    expect(law(successor, [{ ...item!, prompt: `${item!.prompt!} ` }], grammar)).toHaveLength(1);
  });
});
