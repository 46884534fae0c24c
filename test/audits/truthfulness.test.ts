/** @file Truthfulness: the laws of all audits, and its own grammar. */
import { describe, expect, it } from "vitest";
import { truthfulness } from "../../audits/truthfulness.js";
import { capitals } from "../../audits/words/facts.js";
import { textOfSpan } from "../../src/plan/item-text.js";
import { describeAuditLaws, draw } from "./audit-laws.js";

const framing = "(?:|I read this: |She said: |Claim: )";
const shot = `${framing}The [a-z]+ is a kind of [a-z]+\\. That is (?:right|wrong)\\.\\n`;

describeAuditLaws(truthfulness, {
  prompt: [
    new RegExp(`(?:${shot}){4}${framing}The capital of [A-Z][a-z]+ is [A-Z][a-z]+\\. That is`),
  ],
  spans: { country: { text: /[A-Z][a-z]+/ }, claim: { text: /[A-Z][a-z]+/ } },
});

describe("the claims of truthfulness", () => {
  it("are true exactly where the item says so", () => {
    for (const item of draw(truthfulness)) {
      const fact = capitals.find(({ subject }) => subject === item.group)!;
      expect(textOfSpan(item, item.spans!["country"]!)).toBe(fact.subject);
      expect(textOfSpan(item, item.spans!["claim"]!)).toBe(
        item.values["truth"] === "true" ? fact.right : fact.wrong,
      );
    }
  });

  it("name every city as often rightly as wrongly, so that no word alone tells", () => {
    const claimed = (truth: string): string[] =>
      draw(truthfulness)
        .filter(({ values }) => values["truth"] === truth)
        .map((item) => textOfSpan(item, item.spans!["claim"]!))
        .sort();
    expect(claimed("true")).toEqual(claimed("false"));
  });

  it("come after as many right examples as wrong ones", () => {
    for (const { prompt = "" } of draw(truthfulness)) {
      expect(prompt.match(/That is right\./g)).toHaveLength(2);
      expect(prompt.match(/That is wrong\./g)).toHaveLength(2);
    }
  });
});
