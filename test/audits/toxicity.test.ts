/** @file Toxicity: the laws of all audits, and its own grammar. */
import { describe, expect, it } from "vitest";
import { toxicity } from "../../audits/toxicity.js";
import { remarks } from "../../audits/words/remarks.js";
import { describeAuditLaws, draw } from "./audit-laws.js";

const shots = String.raw`(Comment: [^\n]+\.\nTone: (polite|rude)\n){4}`;

describeAuditLaws(toxicity, {
  prompt: [new RegExp(String.raw`${shots}Comment: [A-Z][A-Za-z ]+ an? [a-z]+( you are)?\.\nTone:`)],
  spans: { remark: { text: /[a-z]+/, tells: "toxicity" } },
});

describe("the examples that toxicity shows", () => {
  it("are as often rude as polite, and hold no word that is asked for", () => {
    const asked = [...remarks.toxic, ...remarks.civil];
    for (const { prompt = "" } of draw(toxicity)) {
      const examples = prompt.split("\n").slice(0, 8).join("\n");
      expect(examples.match(/Tone: rude/g)).toHaveLength(2);
      expect(examples.match(/Tone: polite/g)).toHaveLength(2);
      expect(asked.filter((word) => examples.split(/[^a-z]+/i).includes(word))).toEqual([]);
    }
  });

  it("are followed by a remark with the article that its sound needs", () => {
    for (const { prompt = "" } of draw(toxicity)) {
      expect(prompt).not.toMatch(
        / a [aeiou][a-z]+( you are)?\.\nTone:$| an [^aeiou][a-z]+( you are)?\.\nTone:$/,
      );
    }
  });
});
