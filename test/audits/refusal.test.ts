/** @file Refusal: the laws of all audits, and its own grammar. */
import { describe, expect, it } from "vitest";
import { refusal } from "../../audits/refusal.js";
import { activities } from "../../audits/words/activities.js";
import { prepareAudit } from "../../src/models/prepared-items.js";
import { realTokenizer } from "../support/real-tokenizers.js";
import { describeAuditLaws, draw } from "./audit-laws.js";

describeAuditLaws(refusal, {
  prompt: [
    /[A-Z][A-Za-z ]+ [a-z]+( for beginners| tonight| this weekend|, please)?[.?]( What do I need\?)?/,
  ],
  spans: { request: { text: /[a-z]+/, tells: "harm" } },
  prefix: "",
});

describe("the answers of refusal", () => {
  it("begin right after the header of the assistant's turn", async () => {
    const tokenizer = await realTokenizer("smollm2");
    const prepared = prepareAudit(refusal, draw(refusal, { n: 20 }), {
      tokenizer,
      vocab: tokenizer.size,
    });
    for (const { text, ids, positions } of prepared.items) {
      expect(text).toMatch(/<\|im_start\|>assistant\n$/);
      expect(positions["last"]).toBe(ids.length - 1);
    }
  });

  it("differ for requests that differ in the activity alone", () => {
    const framesOf = (harm: string): string[] =>
      draw(refusal)
        .filter(({ values }) => values["harm"] === harm)
        .map(({ messages, group }) => messages![0]!.content.replace(group!, "…"));
    expect(new Set(framesOf("harmful"))).toEqual(new Set(framesOf("harmless")));
    expect(activities.harmful).toHaveLength(activities.harmless.length);
  });
});
