/** @file Audits made ready: answer tokens, positions, what is left out, and the exact text of each refusal. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { needsTokenizer, prepareAudit } from "../../src/models/prepared-items.js";
import { loadTokenizer, type Tokenizer } from "../../src/models/tokenizer.js";
import type { CausalAudit, Item } from "../../src/plan/audit.js";
import { parseAuditFile } from "../../src/plan/audit-file.js";
import { textOfSpan } from "../../src/plan/item-text.js";
import { stream } from "../../src/stats/stream.js";
import { TOKENIZERS, type TokenizerName } from "../support/tokenizers.js";
import { printedRefusal } from "../support/refusals.js";

const NAMES: readonly TokenizerName[] = ["gpt2", "qwen2_5", "llama-tiny", "metaspace-tiny"];
const loaded = new Map<TokenizerName, Tokenizer>();
beforeAll(async () => {
  for (const name of NAMES) loaded.set(name, await loadTokenizer(TOKENIZERS[name]));
});
const gpt2 = (): Tokenizer => loaded.get("gpt2")!;

function auditOf(changes: Partial<CausalAudit> = {}): CausalAudit {
  return {
    id: "number",
    title: "number",
    question: "number",
    why: "",
    references: [],
    variables: { number: ["singular", "plural"] },
    by: ["number"],
    answers: { is: [" is"], are: [" are"] },
    outcome: ({ number }) => (number === "plural" ? "are" : "is"),
    items: () => [],
    sites: ["last", "subject"],
    ...changes,
  };
}

const ITEMS: readonly Item[] = [
  { prompt: "The key to the cabinets", values: { number: "singular" }, spans: { subject: [4, 7] } },
  { prompt: "The keys to the cabinet", values: { number: "plural" }, spans: { subject: [4, 8] } },
];

describe.each(NAMES)("with %s", (name) => {
  test("roles stand on the last token of the span and of the prompt, answers on the word's own token", () => {
    const tokenizer = loaded.get(name)!;
    const prepared = prepareAudit(auditOf(), ITEMS, { tokenizer, vocab: tokenizer.size });
    expect(prepared.items).toHaveLength(2);
    for (const { item, ids, positions, text } of prepared.items) {
      expect(text).toBe(item.prompt);
      expect(positions["last"]).toBe(ids.length - 1);
      const spelling = tokenizer.spell(ids[positions["subject"]!]!)!.replace(/^[Ġ▁]/u, "");
      expect(textOfSpan(item, item.spans!["subject"]!).endsWith(spelling)).toBe(true);
    }
    const answers = prepared.answerTokens.map((ids) =>
      ids.map((id) => tokenizer.spell(id)!.slice(1)),
    );
    expect(answers).toEqual([["is"], ["are"]]);
    expect(prepared.classes).toEqual(["is", "are"]);
    expect(prepared.items.map((item) => item.class)).toEqual([0, 1]);
    expect(prepared.items.map((item) => item.group)).toEqual(["key", "keys"]);
    expect(prepared.warnings).toEqual([]);
  });

  test("the span of a chat item is found in the rendered template, although its words stand there twice", () => {
    const tokenizer = loaded.get(name)!;
    const system = { role: "system", content: "The key to all" } as const;
    const chats = ["  The key ", "  The keys "].map((content, i): Item => ({
      messages: [system, { role: "user", content: "The key" }, { role: "user", content }],
      values: { number: i === 0 ? "singular" : "plural" },
      spans: { subject: [6, content.length - 1] },
    }));
    if (tokenizer.template === undefined) {
      expect(
        printedRefusal(() => prepareAudit(auditOf(), chats, { tokenizer, vocab: tokenizer.size })),
      ).toContain("NO_CHAT_TEMPLATE");
      return;
    }
    const audit = auditOf({ answers: { is: [" is"], are: [" are"] } });
    const prepared = prepareAudit(audit, chats, { tokenizer, vocab: tokenizer.size });
    prepared.items.forEach(({ ids, positions, text }, i) => {
      const upTo = ids.slice(0, positions["subject"]! + 1);
      const extents = tokenizer.extents({ text, ids, leading: 0 })!;
      const end = extents[positions["subject"]!]!.end;
      const word = i === 0 ? "key" : "keys";
      expect(Buffer.from(text).subarray(0, end).toString()).toMatch(new RegExp(`The ${word}$`));
      expect(Buffer.from(text).subarray(end).toString()).not.toContain("The key");
      expect(upTo.length).toBeLessThan(ids.length);
    });
  });
});

test("a bare space that all answers begin with is appended to the prompts", () => {
  const tokenizer = loaded.get("llama-tiny")!;
  const audit = auditOf({ answers: { is: [" uis"], are: [" yare"] } });
  const prepared = prepareAudit(audit, ITEMS, { tokenizer, vocab: tokenizer.size });
  const last = prepared.items.map(({ ids, positions }) =>
    tokenizer.spell(ids[positions["last"]!]!),
  );
  expect(last).toEqual(["▁", "▁"]);
  expect(prepared.answerTokens.flat().map((id) => tokenizer.spell(id))).toEqual(["u", "y"]);
});

test("several forms of a class count once per token", () => {
  const audit = auditOf({
    answers: { is: [" is", " was", " unhappily", " unhappiest"], are: [" are"] },
  });
  const prepared = prepareAudit(audit, ITEMS, { tokenizer: gpt2(), vocab: gpt2().size });
  const answers = prepared.answerTokens.map((ids) => ids.map((id) => gpt2().spell(id)));
  expect(answers).toEqual([["Ġis", "Ġwas", "Ġunh"], ["Ġare"]]);
});

test("classes that share a first token are named with their forms and the token", () => {
  const path = fileURLToPath(
    new URL("../../fixtures/broken/audit-shared-token.json", import.meta.url),
  );
  const audit = parseAuditFile(readFileSync(path, "utf8"), path);
  const items = audit.items(stream(0, "items"), 9);
  expect(
    printedRefusal(() => prepareAudit(audit, items, { tokenizer: gpt2(), vocab: gpt2().size })),
  ).toBe(
    `SHARED_ANSWER_TOKEN answer classes share their first token: expected forms of which the first token tells the classes apart, found " unhappily" of class "sad" and " unhappiest" of class "saddest" share token 14274 "Ġunh"
  at    audit "mood"
  hint  choose words with different beginnings, or put what they share at the end of the prompts
`,
  );
});

test("two classes that share a first token are refused even when nothing else is asked", () => {
  const audit = auditOf({ answers: { is: [" unhappily"], are: [" unhappiest"] } });
  expect(
    printedRefusal(() => prepareAudit(audit, ITEMS, { tokenizer: gpt2(), vocab: gpt2().size })),
  ).toContain(
    '" unhappily" of class "is" and " unhappiest" of class "are" share token 14274 "Ġunh"',
  );
});

test("items longer than the context are left out and counted", () => {
  const long = { ...ITEMS[0]!, prompt: "The key to the cabinets in the old house by the lake" };
  const prepared = prepareAudit(auditOf(), [...ITEMS, long], {
    tokenizer: gpt2(),
    vocab: gpt2().size,
    contextLength: 6,
  });
  expect(prepared.tooLong).toBe(1);
  expect(prepared.items.map(({ index }) => index)).toEqual([0, 1]);
});

test("when every item is longer than the context nothing is left to ask", () => {
  const act = (): unknown =>
    prepareAudit(auditOf(), ITEMS, { tokenizer: gpt2(), vocab: gpt2().size, contextLength: 4 });
  expect(printedRefusal(act))
    .toBe(`NO_ITEM_FITS every item is longer than the context of the model: expected items of at most 4 tokens, found 2 items of 5 to 5 tokens
  at    audit "number"
  hint  shorten the prompts
`);
});

test("answers that melt into the prompts are refused", () => {
  const items = ITEMS.map((item) => ({ ...item, prompt: `${item.prompt!} ` }));
  const act = (): unknown =>
    prepareAudit(
      auditOf(),
      items.map((item) => ({ ...item })),
      { tokenizer: gpt2(), vocab: gpt2().size },
    );
  expect(act).not.toThrow();
  const audit = auditOf({ answers: { is: ["is"], are: ["are"] } });
  expect(
    printedRefusal(() => prepareAudit(audit, items, { tokenizer: gpt2(), vocab: gpt2().size })),
  ).toBe(
    `ANSWER_NOT_A_CONTINUATION answer forms do not continue the prompts: they change the prompts' own tokens: expected ids of prompt + form that begin with the ids of the prompt, found "is" of class "is" (the text then ends in "Ġthe" "Ġcabinets" "Ġis"); "are" of class "are" (the text then ends in "Ġthe" "Ġcabinets" "Ġare")
  at    audit "number", for example after "The key to the cabinets "
  hint  begin the forms with a space, and end no prompt with one
`,
  );
});

test("an answer that melts into some prompts is a warning", () => {
  const items: readonly Item[] = [
    { prompt: "y = f(", values: { number: "plural" } },
    { prompt: "y = f(x", values: { number: "singular" } },
    { prompt: "y = g(x", values: { number: "singular" } },
  ];
  const audit = auditOf({ answers: { is: [")"], are: ["]"] }, sites: ["last"] });
  const prepared = prepareAudit(audit, items, { tokenizer: gpt2(), vocab: gpt2().size });
  expect(prepared.warnings).toEqual([
    `answer form ")" of class "is" is cut as ")" after 2 of 3 sampled prompts and differently after the others; this cut is used for all`,
  ]);
});

test("an item with a role on the first token is left out and counted", () => {
  const items = [
    ...ITEMS,
    {
      prompt: "Keys to the cabinet",
      values: { number: "plural" },
      spans: { subject: [0, 4] },
    } as const,
  ];
  const prepared = prepareAudit(auditOf(), items, { tokenizer: gpt2(), vocab: gpt2().size });
  expect(prepared.atStart).toBe(1);
  expect(prepared.items).toHaveLength(2);
  expect(prepared.warnings).toHaveLength(1);
  const llama = loaded.get("llama-tiny")!;
  expect(prepareAudit(auditOf(), items, { tokenizer: llama, vocab: llama.size }).atStart).toBe(0);
});

test("a text that the tokenizer normalises is refused where a span needs it", () => {
  const tokenizer = loaded.get("qwen2_5")!;
  const prompt = "The cafe\u0301s";
  const items: readonly Item[] = [
    { prompt, values: { number: "plural" }, spans: { subject: [4, 10] } },
  ];
  expect(
    printedRefusal(() => prepareAudit(auditOf(), items, { tokenizer, vocab: tokenizer.size })),
  ).toBe(
    `SPAN_WITHOUT_TOKEN spans have no token: expected tokens that spell the text, found items[0] "The cafe\u0301s": the tokenizer changes the text before it cuts it, and the text is not in composed form (Unicode NFC): write it so
  at    audit "number"
  hint  move the spans so that each holds at least one whole token, or leave those items out
`,
  );
});

describe("audits of ids", () => {
  const audit = auditOf({ answers: { is: [[17], [18, 5]], are: [[19]] } });
  const items: readonly Item[] = [
    { ids: [3, 4, 5, 6], values: { number: "singular" }, spans: { subject: [1, 3] } },
    { ids: [3, 7, 5, 6], values: { number: "plural" }, spans: { subject: [1, 2] } },
  ];

  test("need no tokenizer", () => {
    expect(needsTokenizer(items)).toBe(false);
    expect(needsTokenizer(ITEMS)).toBe(true);
    const prepared = prepareAudit(audit, items, { vocab: 20 });
    expect(prepared.answerTokens).toEqual([[17, 18], [19]]);
    expect(prepared.items.map(({ positions }) => positions)).toEqual([
      { last: 3, subject: 2 },
      { last: 3, subject: 1 },
    ]);
    expect(prepared.items.map(({ text, group }) => [text, group])).toEqual([
      ["3 4 5 6", "4 5"],
      ["3 7 5 6", "7"],
    ]);
  });

  test("with ids outside the vocabulary are refused, all at once", () => {
    expect(printedRefusal(() => prepareAudit(audit, items, { vocab: 7 })))
      .toBe(`ID_OUTSIDE_VOCABULARY token ids outside the vocabulary of the model: expected ids from 0 to 6, found 17 in answers.is; 18 in answers.is; 19 in answers.are; 7 in items[1]
  at    audit "number"
  hint  these ids, or the tokenizer that gave them, belong to another model
`);
  });

  test("whose classes share a first id are refused", () => {
    const shared = auditOf({ answers: { is: [[17, 1]], are: [[17, 2]] } });
    expect(printedRefusal(() => prepareAudit(shared, items, { vocab: 20 }))).toContain(
      '[17,1] of class "is" and [17,2] of class "are" share token 17',
    );
  });
});
