/** @file Made-up prompts of one length: ids that any vocabulary has, four answer classes, one focus token. */
import type { PreparedAudit } from "../../src/models/prepared-items.js";
import { stream } from "../../src/stats/stream.js";

/** Answer classes, and tokens that answer for each. */
const CLASSES = ["a", "b", "c", "d"] as const;
const FORMS = 2;
/** Answer tokens in all. */
export const ANSWERS = CLASSES.length * FORMS;

/** What the prompts should be like. */
export interface PromptSizes {
  readonly items: number;
  readonly tokens: number;
  /** Tokens from the patched one to the last. */
  readonly suffix: number;
  readonly vocab: number;
}

/** Prompts as a prepared audit with the one position role `site`; classes take turns. */
export function makePrompts({ items: n, tokens, suffix, vocab }: PromptSizes): PreparedAudit {
  const random = stream(0, "bench/prompts");
  const answerIds = random.shuffle(Array.from({ length: vocab }, (_, id) => id));
  const tokensOf = CLASSES.map((_, c) => answerIds.slice(c * FORMS, (c + 1) * FORMS));
  const items = Array.from({ length: n }, (_, index) => {
    const ids = Array.from({ length: tokens }, () => random.int(vocab));
    const at = index % CLASSES.length;
    const values = { v: CLASSES[at] ?? "a" };
    return {
      ...{ index, ids, text: "", group: String(index), class: at },
      item: { ids, values },
      positions: { site: tokens - suffix },
    };
  });
  return {
    audit: {
      ...{ id: "bench", title: "bench", question: "bench", why: "", references: [] },
      variables: { v: CLASSES },
      by: ["v"],
      answers: Object.fromEntries(
        CLASSES.map((name, c) => [name, (tokensOf[c] ?? []).map((id) => [id])]),
      ),
      outcome: ({ v }) => String(v),
      items: () => [],
      sites: ["site"],
    },
    classes: CLASSES,
    answerTokens: tokensOf,
    roles: ["site"],
    items,
    tooLong: 0,
    atStart: 0,
    warnings: [],
  };
}
