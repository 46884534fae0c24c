/** @file The laws of audits themselves: each notices a fault that was planted against it. */
import { describe, expect, it } from "vitest";
import { AUDITS } from "../../audits/index.js";
import { sentiment } from "../../audits/sentiment.js";
import type { CausalAudit, Item } from "../../src/plan/audit.js";
import { realTokenizer } from "../support/real-tokenizers.js";
import { AUDIT_LAWS, draw, ITEM_LAWS, tokenFaults, type AuditGrammar } from "./audit-laws.js";

const GRAMMAR: AuditGrammar = {
  prompt: [/[A-Z][A-Za-z, ]+ very/],
  spans: { opinion: { text: /[a-z]+/, tells: "sentiment" } },
};

const items = draw(sentiment);

/** The items with the first one changed. */
function withFirst(change: Partial<Item>): readonly Item[] {
  return items.map((item, i) => (i === 0 ? { ...item, ...change } : item));
}

const first = items[0]!;
const [start, end] = first.spans!["opinion"]!;
const other = first.values["sentiment"] === "positive" ? "negative" : "positive";

const PLANTED: readonly [law: string, items: readonly Item[]][] = [
  ["has at least 600 items", items.slice(0, 599)],
  ["asks nothing twice", [...items, first]],
  ["writes every prompt by its grammar", withFirst({ prompt: `${first.prompt!} very` + "!" })],
  [
    "ends where a word of the answer begins, at the beginning of the answer that it names",
    withFirst({ prompt: `${first.prompt!} ` }),
  ],
  [
    "marks by each span the words that it names",
    withFirst({ spans: { opinion: [start - 1, end] } }),
  ],
  ["marks by each span the words that it names", withFirst({ spans: { thing: [start, end] } })],
  ["gives a word one value only", withFirst({ values: { sentiment: other } })],
  [
    "gives every variable of every item a declared value, and uses each",
    withFirst({ values: { sentiment: "mixed" } }),
  ],
  [
    "gives every variable of every item a declared value, and uses each",
    items.filter(({ values }) => values["sentiment"] === "positive"),
  ],
  [
    "shares no group and no prompt between train, validation and test, and has every class in each",
    items.map((item, i) => ({ ...item, prompt: i % 2 === 0 ? "The same" : item.prompt! })),
  ],
  [
    "shares no group and no prompt between train, validation and test, and has every class in each",
    items.map((item) => ({ ...item, group: "one" })),
  ],
  [
    "has enough groups of each answer to hold words out",
    items.map((item, i) => ({ ...item, group: String(i % 29) })),
  ],
];

describe("a law about items", () => {
  it.each(PLANTED)("notices a fault against: %s", (law, planted) => {
    expect(ITEM_LAWS[law]!(sentiment, items, GRAMMAR)).toEqual([]);
    expect(ITEM_LAWS[law]!(sentiment, planted, GRAMMAR)).not.toEqual([]);
  });

  it("has a planted fault, each of them", () => {
    expect(new Set(PLANTED.map(([law]) => law))).toEqual(new Set(Object.keys(ITEM_LAWS)));
  });
});

const BENT: readonly [law: string, change: Partial<CausalAudit>][] = [
  [
    "has an outcome for all combinations of values, and each answer is the outcome of one",
    { outcome: () => "happy" },
  ],
  [
    "has an outcome for all combinations of values, and each answer is the outcome of one",
    { outcome: () => "sad" },
  ],
  ["has an outcome that the variables under test decide, each of them, and no other", { by: [] }],
  [
    "has an outcome that the variables under test decide, each of them, and no other",
    { outcome: () => "happy" },
  ],
  [
    "answers with forms that begin a word and belong to one class",
    { answers: { happy: [" happy"], disappointed: [" happy"] } },
  ],
  [
    "answers with forms that begin a word and belong to one class",
    { answers: { happy: [" very happy"] } },
  ],
  ["names a position for each span, and the last token", { sites: ["last"] }],
  ["says what it asks, why it matters and where it comes from", { references: [] }],
  [
    "says what it asks, why it matters and where it comes from",
    { references: ["Somebody said so, long ago"] },
  ],
];

describe("a law about the causal model", () => {
  it.each(BENT)("notices a fault against: %s", (law, change) => {
    expect(AUDIT_LAWS[law]!(sentiment)).toEqual([]);
    expect(AUDIT_LAWS[law]!({ ...sentiment, ...change })).not.toEqual([]);
  });

  it("has a planted fault, each of them", () => {
    expect(new Set(BENT.map(([law]) => law))).toEqual(new Set(Object.keys(AUDIT_LAWS)));
  });
});

describe("the law about tokens", () => {
  const few = items.slice(0, 20);

  it("notices forms of a class that share their first token", async () => {
    const tokenizer = await realTokenizer("gpt2");
    const answers = { happy: [" unhappily", " unhappiest"], disappointed: [" upset"] };
    expect(tokenFaults(sentiment, few, tokenizer)).toEqual([]);
    expect(tokenFaults({ ...sentiment, answers }, few, tokenizer)).not.toEqual([]);
  });

  it("notices prompts that are too long", async () => {
    const tokenizer = await realTokenizer("gpt2");
    const long = few.map((item) => ({ ...item, prompt: item.prompt! + " very".repeat(256) }));
    expect(tokenFaults(sentiment, long, tokenizer)).not.toEqual([]);
  });
});

describe("the list of built-in audits", () => {
  it("holds every audit once", () => {
    const ids = AUDITS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([
        "refusal",
        "harmful-request",
        "toxicity",
        "truthfulness",
        "sycophancy",
        "deception",
        "sentiment",
      ]),
    );
  });
});
