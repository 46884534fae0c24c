/** @file Grammar and laws of the audit `number-agreement`, with planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { numberAgreement } from "../../audits/number-agreement.js";
import { places, subjects } from "../../audits/words/nouns.js";
import { describeAuditLaws, draw, ITEM_LAWS, type AuditGrammar } from "./audit-laws.js";

const grammar: AuditGrammar = {
  prompt: [/The [a-z]+ (near|behind|beside) the [a-z]+/],
  spans: { subject: { text: /[a-z]+/, tells: "number" } },
};

describeAuditLaws(numberAgreement, grammar);

describe("the nouns of number-agreement", () => {
  it("are never both a subject and an attractor, and no singular is a plural", () => {
    const forms = [...subjects, ...places].flatMap(({ singular, plural }) => [singular, plural]);
    expect(new Set(forms).size).toBe(forms.length);
  });

  it("stand in the number that the item says, subject and attractor", () => {
    const numbers = new Map(
      [...subjects, ...places].flatMap(({ singular, plural }) => [
        [singular, "singular"] as const,
        [plural, "plural"] as const,
      ]),
    );
    for (const { prompt, values } of draw(numberAgreement)) {
      const [, subject, attractor] = /^The (\w+) \w+ the (\w+)$/.exec(prompt!)!;
      expect([numbers.get(subject!), numbers.get(attractor!)]).toEqual([
        values["number"],
        values["attractor"],
      ]);
    }
  });
});

describe("a fault planted in number-agreement", () => {
  const items = draw(numberAgreement, { n: 600 });

  it("is told where the verb would follow the attractor", () => {
    const law = ITEM_LAWS["gives a word one value only"]!;
    const wrong = items.map((item) => {
      const { number, attractor } = item.values;
      return { ...item, values: { number: attractor!, attractor: number! } };
    });
    expect(law(numberAgreement, items, grammar)).toEqual([]);
    expect(law(numberAgreement, wrong, grammar).length).toBeGreaterThan(0);
  });

  it("is told where one number of the subject is never asked for", () => {
    const law = ITEM_LAWS["gives every variable of every item a declared value, and uses each"]!;
    const singular = items.filter(({ values }) => values["number"] === "singular");
    expect(law(numberAgreement, items, grammar)).toEqual([]);
    expect(law(numberAgreement, singular, grammar)).toEqual(["no item with number = plural"]);
  });
});
