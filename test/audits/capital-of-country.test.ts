/** @file Grammar and laws of the audit `capital-of-country`, with planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { capitalOfCountry } from "../../audits/capital-of-country.js";
import { InvariantError } from "../../src/errors.js";
import { describeAuditLaws, draw, ITEM_LAWS, type AuditGrammar } from "./audit-laws.js";

const COUNTRY = "(?:France|Germany|Italy|Spain|England|Japan|Russia|China|Egypt|Greece)";
const SPEAKER = "(?:My|Our|The|Her|His|Their) [a-z]+";

const grammar: AuditGrammar = {
  prompt: [
    new RegExp(`${SPEAKER} (?:learned|told us) that the capital of ${COUNTRY} is`),
    new RegExp(`${SPEAKER} lives in the capital of ${COUNTRY}, which is called`),
    new RegExp(`${SPEAKER} moved to the capital of ${COUNTRY}, the city of`),
    new RegExp(`${SPEAKER} flew to the capital of ${COUNTRY},`),
    new RegExp(`${SPEAKER} asked for a map of ${COUNTRY} and of its capital,`),
  ],
  spans: { country: { text: new RegExp(COUNTRY), tells: "country" } },
};

describeAuditLaws(capitalOfCountry, grammar);

describe("the causal model of capital-of-country", () => {
  it("knows the capitals as an atlas does", () => {
    const answers = capitalOfCountry.variables["country"]!.map((country) => [
      country,
      capitalOfCountry.outcome({ country }),
    ]);
    expect(answers).toEqual([
      ["France", "Paris"],
      ["Germany", "Berlin"],
      ["Italy", "Rome"],
      ["Spain", "Madrid"],
      ["England", "London"],
      ["Japan", "Tokyo"],
      ["Russia", "Moscow"],
      ["China", "Beijing"],
      ["Egypt", "Cairo"],
      ["Greece", "Athens"],
    ]);
  });

  it("refuses a country that it does not know", () => {
    expect(() => capitalOfCountry.outcome({ country: "Atlantis" })).toThrow(InvariantError);
  });

  it("asks for all countries in each of 72 frames, which are what is held out", () => {
    const byFrame = new Map<string, Set<unknown>>();
    for (const { group, values } of draw(capitalOfCountry)) {
      byFrame.set(group!, (byFrame.get(group!) ?? new Set()).add(values["country"]));
    }
    expect([...byFrame.values()].map(({ size }) => size)).toEqual(new Array(72).fill(10));
  });
});

describe("a fault planted in capital-of-country", () => {
  const items = draw(capitalOfCountry);

  it("is told where one item names another country than it shows", () => {
    const law = ITEM_LAWS["gives a word one value only"]!;
    const wrong = items.map((item, i) =>
      i === items.length - 1
        ? { ...item, values: { country: item.values["country"] === "Japan" ? "Cuba" : "Japan" } }
        : item,
    );
    expect(law(capitalOfCountry, items, grammar)).toEqual([]);
    expect(law(capitalOfCountry, wrong, grammar)).toHaveLength(1);
  });

  it("is told where a frame is asked twice about one country", () => {
    const law = ITEM_LAWS["asks nothing twice"]!;
    expect(law(capitalOfCountry, [...items, items[0]!], grammar)).toHaveLength(1);
  });
});
