/** @file Deception under instruction: the laws of all audits, and its own grammar. */
import { describe, expect, it } from "vitest";
import { deception } from "../../audits/deception.js";
import { facts } from "../../audits/words/facts.js";
import { textOfSpan } from "../../src/plan/item-text.js";
import { describeAuditLaws, draw } from "./audit-laws.js";

const order = String.raw`Tom (?:always tells the truth|always tells a lie|answers honestly|answers dishonestly)\.`;
const line = String.raw`${order} The [A-Za-z ]+\. Is this so\? Tom says:`;

describeAuditLaws(deception, {
  prompt: [new RegExp(String.raw`(?:${line} (?:Yes|No)\n){4}${line}`)],
  spans: {
    instruction: {
      text: /always tells (the truth|a lie)|answers (dis)?honestly/,
      tells: "instruction",
    },
    claim: { text: /[A-Z]?[a-z]+/ },
  },
});

describe("the examples that deception shows", () => {
  it("follow the causal model, once for each instruction and truth", () => {
    for (const { prompt = "" } of draw(deception)) {
      const shown = prompt.split("\n").slice(0, 4);
      const answers = shown.map((text) => {
        const instruction = /lie|dishonestly/.test(text) ? "lie" : "honest";
        const truth = text.includes("animal") ? "true" : "false";
        expect(
          text.endsWith(deception.outcome({ instruction, truth }) === "yes" ? "Yes" : "No"),
        ).toBe(true);
        return `${instruction} ${truth}`;
      });
      expect(new Set(answers).size).toBe(4);
    }
  });
});

describe("the claims of deception", () => {
  it("are true exactly where the item says so", () => {
    for (const item of draw(deception)) {
      const claim = textOfSpan(item, item.spans!["claim"]!);
      const fact = facts.find(({ subject }) => subject === item.group)!;
      expect(claim).toBe(item.values["truth"] === "true" ? fact.right : fact.wrong);
    }
  });
});
