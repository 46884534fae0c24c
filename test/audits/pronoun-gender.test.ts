/** @file Grammar and laws of the audit `pronoun-gender`, with planted faults that the laws notice. */
import { describe, expect, it } from "vitest";
import { pronounGender } from "../../audits/pronoun-gender.js";
import { people } from "../../audits/words/people.js";
import { describeAuditLaws, draw, ITEM_LAWS, type AuditGrammar } from "./audit-laws.js";

const grammar: AuditGrammar = {
  prompt: [
    /(Yesterday|After work|When the phone rang,|Last night|In the morning|On Monday|At dinner|Last week) ((the [a-z]+)|[A-Z][a-z]+) (stayed at home because|went to bed because|said that|was so tired that|called to say that|was late because|told us that|was happy because)/,
    /Everyone knew that ((the [a-z]+)|[A-Z][a-z]+) was proud because/,
    /After the storm ((the [a-z]+)|[A-Z][a-z]+) could not sleep because/,
  ],
  spans: { person: { text: /[A-Z]?[a-z]+/, tells: "gender" } },
};

describeAuditLaws(pronounGender, grammar);

describe("the words of pronoun-gender", () => {
  it("are as many names and as many nouns of each gender, each once", () => {
    const { female, male } = people;
    expect(female.names.length).toBe(male.names.length);
    expect(female.nouns.length).toBe(male.nouns.length);
    const all = Object.values(people).flatMap(({ names, nouns }) => [...names, ...nouns]);
    expect(new Set(all).size).toBe(all.length);
  });

  it("put the article before nouns and never before names", () => {
    for (const { prompt, group } of draw(pronounGender)) {
      expect(prompt!.includes(`the ${group!} `)).toBe(/^[a-z]/.test(group!));
    }
  });
});

describe("a fault planted in pronoun-gender", () => {
  const items = draw(pronounGender);

  it("is told where one person of another gender is mixed in", () => {
    const wrong = items.map((item, i) =>
      i === 0
        ? { ...item, values: { gender: item.values["gender"] === "male" ? "female" : "male" } }
        : item,
    );
    const law = ITEM_LAWS["gives a word one value only"]!;
    expect(law(pronounGender, items, grammar)).toEqual([]);
    // at least the changed item, or (where it came first) all others of its word
    expect(law(pronounGender, wrong, grammar).length).toBeGreaterThan(0);
  });

  it("is told where a span is one character off", () => {
    const [start, end] = items[0]!.spans!["person"]!;
    const wrong = [{ ...items[0]!, spans: { person: [start - 1, end] as const } }];
    const law = ITEM_LAWS["marks by each span the words that it names"]!;
    expect(law(pronounGender, wrong, grammar)).toHaveLength(1);
  });
});
