/** @file Grammar and laws of the audit `number-comparison`, with planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { numberComparison } from "../../audits/number-comparison.js";
import type { Item } from "../../src/plan/audit.js";
import { describeAuditLaws, draw, ITEM_LAWS, type AuditGrammar } from "./audit-laws.js";

const QUESTION = /Of (\d\d) and (\d\d), the first is$/;

const grammar: AuditGrammar = {
  prompt: [/(\d\d [<>] \d\d, ){3}\d\d [<>] \d\d\. Of \d\d and \d\d, the first is/],
  spans: { second: { text: /\d\d/ } },
};

describeAuditLaws(numberComparison, grammar);

/** Items whose value is not what their numbers say. */
function wrongOnes(items: readonly Item[]): readonly Item[] {
  return items.filter(({ prompt, values }) => {
    const [, first, second] = QUESTION.exec(prompt!)!;
    return (Number(first) > Number(second) ? "first" : "second") !== values["larger"];
  });
}

describe("the numbers of number-comparison", () => {
  const items = draw(numberComparison);

  it("are compared rightly in every item, and a planted wrong one is told", () => {
    expect(wrongOnes(items)).toEqual([]);
    const planted = { ...items[0]!, values: { larger: "first" } };
    const other = { ...items[0]!, values: { larger: "second" } };
    expect(wrongOnes([planted, other])).toHaveLength(1);
  });

  it("are shown with true signs, two of each, before the question", () => {
    for (const prompt of new Set(items.map((item) => item.prompt!.split(".")[0]!))) {
      const shown = [...prompt.matchAll(/(\d\d) ([<>]) (\d\d)/g)];
      for (const [, a, sign, b] of shown) expect(sign).toBe(Number(a) < Number(b) ? "<" : ">");
      expect(shown.filter(([, , sign]) => sign === "<")).toHaveLength(2);
      expect(shown).toHaveLength(4);
    }
  });

  it("are asked both ways round, so that no pair and no number tells the answer", () => {
    const ways = new Map<string, string[]>();
    for (const { prompt, values, group } of items) {
      const key = `${prompt!.split(".")[0]!} ${group!}`;
      ways.set(key, [...(ways.get(key) ?? []), String(values["larger"])]);
    }
    for (const way of ways.values()) expect(way.sort()).toEqual(["first", "second"]);
  });
});

describe("a fault planted in number-comparison", () => {
  it("is told where both ways round stand in different groups under one prompt", () => {
    const items = draw(numberComparison);
    const law =
      ITEM_LAWS[
        "shares no group and no prompt between train, validation and test, and has every class in each"
      ]!;
    const twice = items.flatMap((item) => [item, { ...item, group: `${item.group!} again` }]);
    expect(law(numberComparison, items, grammar)).toEqual([]);
    expect(law(numberComparison, twice, grammar).length).toBeGreaterThan(0);
  });
});
