/** @file Grammar and laws of the audit `in-context-lookup`, with planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { inContextLookup } from "../../audits/in-context-lookup.js";
import type { Item } from "../../src/plan/audit.js";
import { describeAuditLaws, draw, ITEM_LAWS, type AuditGrammar } from "./audit-laws.js";

const THING = "(?:book|key|cup|hat|ball|pen|map|bag)";
const NAME = "[A-Z][a-z]+";

const grammar: AuditGrammar = {
  prompt: [new RegExp(`List: (${NAME} = ${THING}, ${NAME} = ${THING}, )\\1{3}${NAME} =`)],
  spans: { key: { text: new RegExp(NAME) } },
  leastGroups: 28, // pairs of names: each holds both of its names out
};

describeAuditLaws(inContextLookup, grammar);

/** The entries of a list, read from the prompt alone. */
function entriesOf({ prompt }: Item): readonly (readonly [string, string])[] {
  return [...prompt!.matchAll(/(\w+) = (\w+),/g)].map(([, key, thing]) => [key!, thing!] as const);
}

/** Items whose values are not what looking the key up gives. */
function wrongOnes(items: readonly Item[]): readonly Item[] {
  return items.filter((item) => {
    const entries = entriesOf(item);
    const key = /(\w+) =$/.exec(item.prompt!)![1];
    const at = entries.findIndex(([name]) => name === key);
    const slot = ["first", "second"][at];
    return entries[at]?.[1] !== item.values["value"] || slot !== item.values["slot"];
  });
}

describe("the lists of in-context-lookup", () => {
  const items = draw(inContextLookup);

  it("hold at the asked key what the item says, and a planted wrong item is told", () => {
    expect(wrongOnes(items)).toEqual([]);
    const [item] = items;
    const value = item!.values["value"] === "map" ? "pen" : "map";
    const slot = item!.values["slot"] === "first" ? "second" : "first";
    expect(wrongOnes([{ ...item!, values: { ...item!.values, value } }])).toHaveLength(1);
    expect(wrongOnes([{ ...item!, values: { ...item!.values, slot } }])).toHaveLength(1);
  });

  it("hold two people with two different things, the same four times", () => {
    for (const item of items) {
      const entries = entriesOf(item);
      expect(entries).toHaveLength(8);
      expect(new Set(entries.map(([key]) => key)).size).toBe(2);
      expect(new Set(entries.map(([, thing]) => thing)).size).toBe(2);
    }
  });

  it("use each person in one group only, so that people are held out", () => {
    const groups = new Map<string, string>();
    for (const item of items) {
      for (const [key] of entriesOf(item)) {
        expect(groups.get(key) ?? item.group).toBe(item.group);
        groups.set(key, item.group!);
      }
    }
    expect(groups.size).toBe(56);
  });
});

describe("a fault planted in in-context-lookup", () => {
  it("is told where the span marks the entry in the list and one character more", () => {
    const [item] = draw(inContextLookup, { n: 1 });
    const [start, end] = item!.spans!["key"]!;
    const law = ITEM_LAWS["marks by each span the words that it names"]!;
    const wrong = [{ ...item!, spans: { key: [start, end + 1] as const } }];
    expect(law(inContextLookup, [item!], grammar)).toEqual([]);
    expect(law(inContextLookup, wrong, grammar)).toHaveLength(1);
  });
});
