/** @file A prepared audit of made-up prompts, for tests that need token ids and positions and no language. */
import type { PreparedAudit } from "../../src/models/prepared-items.js";

/** Prompts of unequal length as a prepared audit of two classes, with the roles last, early (token 1) and first. */
export function promptsOf(lengths: readonly number[], vocab = 203): PreparedAudit {
  const items = lengths.map((length, index) => {
    const ids = Array.from({ length }, (_, t) => 3 + ((index * 31 + t * 17) % (vocab - 3)));
    const values = { v: index % 2 === 0 ? "a" : "b" };
    const positions = { last: length - 1, early: 1, first: 0 };
    return {
      index,
      item: { ids, values },
      text: "",
      ids,
      positions,
      group: String(index),
      class: index % 2,
    };
  });
  return {
    audit: {
      id: "tiny",
      title: "tiny",
      question: "tiny",
      why: "",
      references: [],
      variables: { v: ["a", "b"] },
      by: ["v"],
      answers: { a: [[5], [6]], b: [[7]] },
      outcome: ({ v }) => String(v),
      items: () => [],
      sites: ["last", "early"],
    },
    classes: ["a", "b"],
    answerTokens: [[5, 6], [7]],
    roles: ["last", "early"],
    items,
    tooLong: 0,
    atStart: 0,
    warnings: [],
  };
}
