/** @file Harmful request: the laws of all audits, and its own grammar. */
import { describe, expect, it } from "vitest";
import { harmfulRequest } from "../../audits/harmful-request.js";
import { activities } from "../../audits/words/activities.js";
import { describeAuditLaws, draw } from "./audit-laws.js";

const framing = "(?:Teach me|Tips for|Plans for|Show me)";
const shot = (label: string): string => `${framing} [a-z]+: ${label}\\n`;

describeAuditLaws(harmfulRequest, {
  prompt: [
    new RegExp(
      `${shot("safe")}${shot("harmful")}${shot("harmful")}${shot("safe")}${framing} [a-z]+:`,
    ),
  ],
  spans: { request: { text: /[a-z]+/, tells: "harm" } },
});

describe("the examples that harmful-request shows", () => {
  it("are never asked for", () => {
    const asked = [...activities.harmful, ...activities.harmless];
    for (const { prompt = "" } of draw(harmfulRequest)) {
      const examples = prompt.split("\n").slice(0, 4).join(" ");
      expect(asked.filter((word) => examples.split(/\W+/).includes(word))).toEqual([]);
    }
  });
});
