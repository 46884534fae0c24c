/** @file Users' audit files: what a good one becomes, and the exact text for bad ones. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseAuditFile } from "../../src/plan/audit-file.js";
import { auditJsonSchema } from "../../src/plan/audit-schema.js";
import { groupOf } from "../../src/plan/item-text.js";
import { stream } from "../../src/stats/stream.js";
import { printedRefusal } from "../support/refusals.js";

/** Any JSON object of a test. */
type Json = Record<string, unknown>;

const item = (prompt: string, number: string, more: Json = {}): Json => ({
  prompt,
  values: { number },
  ...more,
});

const good: Json = {
  schema: "mas-audit/audit@1",
  id: "number",
  title: "number of the subject",
  variables: { number: ["singular", "plural"] },
  answers: { is: [" is", " was"], are: [" are"] },
  outcome: { by: ["number"], table: { singular: "is", plural: "are" } },
  items: [
    item("The key", "singular", { spans: { subject: [4, 7] } }),
    item("The keys", "plural", { spans: { subject: [4, 8] } }),
  ],
};

const plain = [item("The key", "singular"), item("The keys", "plural")];

const parse = (changes: Json): string =>
  printedRefusal(() => parseAuditFile(JSON.stringify({ ...good, ...changes }), "number.json"));

function fixture(name: string): string {
  const path = fileURLToPath(new URL(`../../fixtures/broken/${name}`, import.meta.url));
  return readFileSync(path, "utf8");
}

describe("a good file", () => {
  const audit = parseAuditFile(JSON.stringify(good), "number.json");

  test("answers by its table", () => {
    expect(audit.outcome({ number: "plural" })).toBe("are");
    expect(audit.by).toEqual(["number"]);
  });

  test("has a site for the last token and for every span", () => {
    expect(audit.sites).toEqual(["last", "subject"]);
  });

  test("has defaults for what it does not say", () => {
    expect(audit).toMatchObject({ question: "number of the subject", why: "", references: [] });
  });

  test("groups items by the text of their spans", () => {
    expect(audit.items(stream(0, "items"), 9).map(groupOf)).toEqual(["key", "keys"]);
  });

  test("gives the same items for the same stream, distinct and in the order of the file", () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      item(`Word ${i}`, i % 2 ? "plural" : "singular"),
    );
    const larger = parseAuditFile(JSON.stringify({ ...good, items: many }), "x.json");
    const drawn = larger.items(stream(3, "items"), 10);
    expect(drawn).toEqual(larger.items(stream(3, "items"), 10));
    expect(drawn).not.toEqual(larger.items(stream(4, "items"), 10));
    const places = drawn.map(({ prompt }) => Number(prompt?.slice(5)));
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
    expect(places).toHaveLength(10);
  });

  test("may hold ids, whole numbers as values and two variables", () => {
    const table = { "1|a": "low", "1|b": "high", "2|a": "high", "2|b": "low" };
    const ids = parseAuditFile(
      JSON.stringify({
        ...good,
        variables: { n: [1, 2], letter: ["a", "b"] },
        answers: { low: [[17]], high: [[18], [19, 20]] },
        outcome: { by: ["n", "letter"], table },
        items: [
          { ids: [5, 6, 7], values: { n: 1, letter: "a" }, spans: { first: [1, 2] } },
          { ids: [5, 7, 7], values: { n: 2, letter: "a" }, spans: { first: [1, 2] } },
        ],
      }),
      "ids.json",
    );
    expect(ids.outcome({ n: 2, letter: "b" })).toBe("low");
    expect(ids.items(stream(0, "items"), 9).map(groupOf)).toEqual(["6", "7"]);
    expect(ids.answers).toEqual({ low: [[17]], high: [[18], [19, 20]] });
  });

  test("counts spans in characters, not in UTF-16 units", () => {
    const items = [
      item("🙂 key", "singular", { spans: { subject: [2, 5] } }),
      item("🙂 keys", "plural", { spans: { subject: [2, 6] } }),
    ];
    const emoji = parseAuditFile(JSON.stringify({ ...good, items }), "emoji.json");
    expect(emoji.items(stream(0, "items"), 9).map(groupOf)).toEqual(["key", "keys"]);
  });
});

test("an audit file with five mistakes lists all five", () => {
  const path = "fixtures/broken/audit-five-mistakes.json";
  expect(printedRefusal(() => parseAuditFile(fixture("audit-five-mistakes.json"), path))).toBe(
    FIVE,
  );
});

test("a syntax error has its line and column", () => {
  const path = "fixtures/broken/audit-syntax.json";
  expect(printedRefusal(() => parseAuditFile(fixture("audit-syntax.json"), path))).toBe(SYNTAX);
});

test("a file that ends too early says so", () => {
  const text = JSON.stringify(good).slice(0, -3);
  expect(printedRefusal(() => parseAuditFile(text, "cut.json"))).toContain(
    "found the end of the file",
  );
});

const FIVE = `AUDIT_FILE audit file: 5 mistakes
  anwsers: expected one of the keys schema, id, title, question, why, references, variables, answers, outcome, items, found the key "anwsers"; did you mean "answers"?
  outcome.table.plurall: expected values of "number" joined by "|", such as "singular", found the key "plurall"; did you mean "plural"?
  items[1].values.number: expected one of "singular", "plural", found "plual"; did you mean "plural"?
  items[2].spans.subject: expected [start, end] with start < end <= 11 characters, found [4, 12]
  items[3]: expected exactly one of prompt, messages and ids, found prompt and ids
  at    fixtures/broken/audit-five-mistakes.json
`;

const SYNTAX = `AUDIT_FILE_SYNTAX the audit file is not JSON: expected a value, found "] }"
  at    fixtures/broken/audit-syntax.json, line 5, column 50
  hint  correct this place; an editor that knows JSON marks it
`;

const CASES: readonly (readonly [what: string, changes: Json, line: string])[] = [
  [
    "another schema id is refused",
    { schema: "mas-audit/audit@2" },
    `AUDIT_FILE schema: expected "mas-audit/audit@1", found "mas-audit/audit@2"
  at    number.json
  hint  did you mean "mas-audit/audit@1"?
`,
  ],
  [
    "an empty list of items is refused",
    { items: [] },
    `AUDIT_FILE items: expected at least one item, found []
  at    number.json
`,
  ],
  [
    "a class that the table misspells has a suggestion",
    { outcome: { by: ["number"], table: { singular: "is", plural: "ar" } } },
    `AUDIT_FILE outcome.table.plural: expected one of the answer classes "is", "are", found "ar"
  at    number.json
  hint  did you mean "are"?
`,
  ],
  [
    "a class that no outcome gives is refused",
    { answers: { is: [" is"], are: [" are"], be: [" be"] } },
    `AUDIT_FILE answers.be: expected a class that the outcome table gives, found none of its entries gives "be"
  at    number.json
`,
  ],
  [
    "an outcome that never changes is refused",
    {
      answers: { is: [" is"] },
      outcome: { by: ["number"], table: { singular: "is", plural: "is" } },
    },
    `AUDIT_FILE outcome.table: expected at least two different outcomes, found always "is"
  at    number.json
  hint  where the outcome never changes, no swap can be seen
`,
  ],
  [
    "an incomplete table is refused",
    { outcome: { by: ["number"], table: { singular: "is" } }, answers: { is: [" is"] } },
    `AUDIT_FILE outcome.table: expected the keys "plural" too, found only "singular"
  at    number.json
`,
  ],
  [
    "an unknown variable in by has a suggestion",
    { outcome: { by: ["numbr"], table: { singular: "is", plural: "are" } } },
    `AUDIT_FILE outcome.by[0]: expected one of "number", found "numbr"
  at    number.json
  hint  did you mean "number"?
`,
  ],
  [
    "a variable that changes no outcome is refused",
    {
      variables: { number: ["singular", "plural"], tense: ["now", "then"] },
      outcome: {
        by: ["number", "tense"],
        table: {
          "singular|now": "is",
          "singular|then": "is",
          "plural|now": "are",
          "plural|then": "are",
        },
      },
      items: [
        { prompt: "a", values: { number: "singular", tense: "now" } },
        { prompt: "b", values: { number: "plural", tense: "now" } },
      ],
    },
    `AUDIT_FILE outcome.by[1]: expected a variable that changes the outcome, found the same outcome for all values of "tense"
  at    number.json
`,
  ],
  [
    "an item without a value of a variable is refused",
    { items: [...plain, { prompt: "x", values: {} }] },
    `AUDIT_FILE items[2].values.number: expected one of "singular", "plural", found nothing
  at    number.json
`,
  ],
  [
    "an item with a value of no variable is refused",
    { items: [...plain, { prompt: "x", values: { number: "plural", nubmer: "plural" } }] },
    `AUDIT_FILE items[2].values.nubmer: expected one of the variables "number", found the key "nubmer"
  at    number.json
  hint  did you mean "number"?
`,
  ],
  [
    "a span that only some items have is refused",
    {
      items: [
        ...plain,
        item("a cat", "singular"),
        item("The cats", "plural", { spans: { subject: [4, 8] } }),
      ],
    },
    `AUDIT_FILE items[3].spans.subject: expected the span "subject" in every item or in none, found it in 1 of 4
  at    number.json
`,
  ],
  [
    "an empty span is refused",
    {
      items: [...plain, item("The cats", "plural")]
        .map((x) => ({ ...x, spans: { s: [1, 1] } }))
        .slice(0, 2),
    },
    `AUDIT_FILE audit file: 2 mistakes
  items[0].spans.s: expected [start, end] with start < end <= 7 characters, found [1, 1]
  items[1].spans.s: expected [start, end] with start < end <= 8 characters, found [1, 1]
  at    number.json
`,
  ],
  [
    "a span called last is refused",
    { items: plain.map((x) => ({ ...x, spans: { last: [0, 1] } })) },
    `AUDIT_FILE audit file: 2 mistakes
  items[0].spans.last: expected a name other than "last", which is the last prompt token, found "last"
  items[1].spans.last: expected a name other than "last", which is the last prompt token, found "last"
  at    number.json
`,
  ],
  [
    "the same prompt with another value is refused",
    { items: [...plain, item("The key", "plural")] },
    `AUDIT_FILE items[2]: expected every prompt once, found "The key" as in items[0], with another value of "number"
  at    number.json
`,
  ],
  [
    "the same prompt with the same value is refused",
    { items: [...plain, item("The key", "singular")] },
    `AUDIT_FILE items[2]: expected every prompt once, found "The key" as in items[0], with the same values
  at    number.json
`,
  ],
  [
    "items of one outcome are refused",
    { items: [item("The key", "singular"), item("The cat", "singular")] },
    `AUDIT_FILE items: expected items of at least two outcomes, found only items that answer "is"
  at    number.json
  hint  where the outcome never changes, no swap can be seen
`,
  ],
  [
    "ids need id answers",
    {
      items: [
        { ids: [1], values: { number: "plural" } },
        { ids: [2], values: { number: "singular" } },
      ],
    },
    `AUDIT_FILE audit file: 2 mistakes
  items[0]: expected prompt or messages, found ids, while the answers are texts; items of ids need answers such as [[17]], items of text need texts
  items[1]: expected prompt or messages, found ids, while the answers are texts; items of ids need answers such as [[17]], items of text need texts
  at    number.json
`,
  ],
  [
    "id answers need ids",
    { answers: { is: [[1]], are: [[2]] } },
    `AUDIT_FILE audit file: 2 mistakes
  items[0]: expected ids, found text, while the answers are token ids; items of ids need answers such as [[17]], items of text need texts
  items[1]: expected ids, found text, while the answers are token ids; items of ids need answers such as [[17]], items of text need texts
  at    number.json
`,
  ],
  [
    "answers of both kinds are refused",
    { answers: { is: [" is"], are: [[2]] } },
    `AUDIT_FILE answers.are[0]: expected a text, as the forms before, found [2]
  at    number.json
`,
  ],
  [
    "a negative id is refused",
    { items: [...plain, { ids: [-1], values: { number: "plural" } }] },
    `AUDIT_FILE items[2].ids[0]: expected a whole number from 0 on, found -1
  at    number.json
`,
  ],
  [
    "messages in which no user asks before the assistant answers are refused",
    {
      items: plain.map((x, i) => ({
        values: x["values"],
        messages: [
          ...(i === 0 ? [] : [{ role: "system", content: x["prompt"] }]),
          { role: "assistant", content: "…" },
        ],
      })),
    },
    `AUDIT_FILE audit file: 2 mistakes
  items[0].messages[0].role: expected "user" before the first "assistant", found no message
  items[1].messages[0].role: expected "user" in the last message, or before a last "assistant" that begins the answer, found "system"
  at    number.json
`,
  ],
  [
    "an unknown role has the known ones beside it",
    {
      items: [
        ...plain,
        { messages: [{ role: "usr", content: "x" }], values: { number: "plural" } },
      ],
    },
    `AUDIT_FILE items[2].messages[0].role: expected "system", "user" or "assistant", found "usr"
  at    number.json
  hint  did you mean "user"?
`,
  ],
  [
    "an unknown key of an item has a suggestion",
    { items: [...plain, item("x", "plural", { span: {} })] },
    `AUDIT_FILE items[2].span: expected one of the keys prompt, messages, ids, values, spans, group, found the key "span"
  at    number.json
  hint  did you mean "spans"?
`,
  ],
  [
    "a value with the joining sign is refused",
    { variables: { number: ["singular", "plural", "a|b"] } },
    `AUDIT_FILE audit file: 2 mistakes
  variables.number[2]: expected a value without "|", found "a|b"
  outcome.table: expected the keys "a|b" too, found only "singular", "plural"
  at    number.json
`,
  ],
  [
    "a value that stands twice is refused",
    { variables: { number: ["singular", "plural", "plural"] } },
    `AUDIT_FILE variables.number[2]: expected every value once, found "plural", as in variables.number[1]
  at    number.json
`,
  ],
  [
    "a variable of one value is refused",
    { variables: { number: ["singular"] } },
    `AUDIT_FILE variables.number: expected at least two values, found ["singular"]
  at    number.json
`,
  ],
];

test.each(CASES)("%s", (_, changes, line) => {
  expect(parse(changes)).toBe(line);
});

test("every missing key of an empty object is named", () => {
  const text = printedRefusal(() => parseAuditFile("{}", "empty.json"));
  for (const key of ["schema", "id", "title", "variables", "answers", "outcome", "items"]) {
    expect(text).toMatch(
      new RegExp(`\\b${key}: expected .*, found nothing \\(the key is missing\\)`),
    );
  }
});

test("a key that stands twice is a mistake, because the first would be lost", () => {
  const text = JSON.stringify(good).replace('"singular":"is"', '"singular":"are","singular":"is"');
  expect(printedRefusal(() => parseAuditFile(text, "twice.json"))).toContain(
    "outcome.table.singular: expected every key once, found it again in line 1",
  );
});

test("the JSON Schema requires what the parser requires", () => {
  const schema = auditJsonSchema();
  expect(schema["required"]).toEqual([
    "schema",
    "id",
    "title",
    "variables",
    "answers",
    "outcome",
    "items",
  ]);
  expect(schema["additionalProperties"]).toBe(false);
});

test("a chat may end with the beginning of the answer, empty or not, and the JSON Schema says what it means", () => {
  const items = ["", "<think>\n\n</think>\n\n"].map((content, i) => ({
    values: { number: i === 0 ? "singular" : "plural" },
    messages: [
      { role: "user", content: `The key ${i}` },
      { role: "assistant", content },
    ],
  }));
  const audit = parseAuditFile(JSON.stringify({ ...good, items }), "number.json");
  expect(
    audit.items(stream(0, "items"), 9).map(({ messages }) => messages?.at(-1)?.content),
  ).toEqual(expect.arrayContaining(["", "<think>\n\n</think>\n\n"]));
  expect(JSON.stringify(auditJsonSchema())).toContain("begins its answer");
});
