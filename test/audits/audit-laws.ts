/**
 * @file What every built-in audit promises, whatever it asks. Each law lists its faults as text, so that a test can
 * also plant one and see it told.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prepareAudit, type PreparedItem } from "../../src/models/prepared-items.js";
import type { Encoded, Tokenizer } from "../../src/models/tokenizer.js";
import type { Assignment, CausalAudit, Item } from "../../src/plan/audit.js";
import { groupOf, itemText, spanText, textOfSpan } from "../../src/plan/item-text.js";
import { PARTS, splitItems } from "../../src/plan/splits.js";
import { stream } from "../../src/stats/stream.js";
import { REAL_TOKENIZERS, realTokenizer } from "../support/real-tokenizers.js";

/** What an audit says of one of its spans. */
export interface SpanGrammar {
  /** All texts that the span may hold; anchored by the law. */
  readonly text: RegExp;
  /** Variable that this text alone decides: one text never stands for two of its values. */
  readonly tells?: string;
}

/** What an audit says of its items, written down a second time. */
export interface AuditGrammar {
  /** Every prompt (of a chat: its last user message) is one of these as a whole; anchored by the law. */
  readonly prompt: readonly RegExp[];
  readonly spans: Readonly<Record<string, SpanGrammar>>;
  /** Groups that each answer class needs at least, so that words are held out. @defaultValue 30 */
  readonly leastGroups?: number;
  /** How the chat ends, where the items are chats: the beginning of the answer. */
  readonly prefix?: string;
}

const ENOUGH = 600;
const EVERYTHING = 100_000;
const LONGEST_TOKENS = 256;
/** Faults that are told; the first ones say what is wrong. */
const SHOWN = 5;

/** Items of an audit, the same for the same seed. */
export function draw(
  audit: CausalAudit,
  { seed = 1, n = EVERYTHING }: { readonly seed?: number; readonly n?: number } = {},
): readonly Item[] {
  return audit.items(stream(seed, "test"), n);
}

function countBy<T>(of: readonly T[], key: (one: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of of) counts.set(key(one), (counts.get(key(one)) ?? 0) + 1);
  return counts;
}

function spread(counts: ReadonlyMap<string, number>): number {
  return Math.max(...counts.values()) - Math.min(...counts.values());
}

function isWhole(pattern: RegExp, text: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags).test(text);
}

/** All combinations of values that an audit declares. */
export function assignments({ variables }: CausalAudit): readonly Assignment[] {
  return Object.entries(variables).reduce<readonly Assignment[]>(
    (rows, [name, values]) =>
      rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

const jointOf = ({ values }: Item): string => JSON.stringify(Object.entries(values).sort());

/** A law about items: its faults, each a text. */
type ItemLaw = (audit: CausalAudit, items: readonly Item[], grammar: AuditGrammar) => string[];

/** Laws about all items of an audit, by what they say. */
export const ITEM_LAWS: Readonly<Record<string, ItemLaw>> = {
  "has at least 600 items": (_audit, items) =>
    items.length >= ENOUGH ? [] : [`${items.length} items`],

  "asks nothing twice": (_audit, items) =>
    [...countBy(items, itemText)].flatMap(([text, n]) => (n === 1 ? [] : [`${n} times: ${text}`])),

  "writes every prompt by its grammar": (_audit, items, { prompt }) =>
    items.flatMap((item) => {
      const text = spanText(item) ?? "";
      return prompt.some((pattern) => isWhole(pattern, text)) ? [] : [JSON.stringify(text)];
    }),

  "ends where a word of the answer begins, at the beginning of the answer that it names": (
    _audit,
    items,
    { prefix },
  ) =>
    items.flatMap(({ prompt, messages }) => {
      const last = messages?.at(-1);
      if (prompt !== undefined && prefix === undefined && /\S$/.test(prompt)) return [];
      if (last?.role === "assistant" && last.content === prefix) return [];
      return [JSON.stringify(prompt ?? last)];
    }),

  "marks by each span the words that it names": (_audit, items, { spans }) =>
    items.flatMap((item) => {
      const names = Object.keys(item.spans ?? {});
      const unlike = names.sort().join() !== Object.keys(spans).sort().join();
      const wrong = Object.entries(item.spans ?? {}).filter(([name, span]) => {
        const grammar = spans[name];
        return grammar === undefined || !isWhole(grammar.text, textOfSpan(item, span));
      });
      return unlike || wrong.length > 0
        ? [`${names.join()} ${wrong.map(([, span]) => textOfSpan(item, span)).join()}`]
        : [];
    }),

  "gives a word one value only": (_audit, items, { spans }) =>
    Object.entries(spans).flatMap(([name, { tells }]) => {
      if (tells === undefined) return [];
      const known = new Map<string, unknown>();
      return items.flatMap((item) => {
        const span = item.spans?.[name];
        if (span === undefined) return [`no span ${name}`];
        const text = textOfSpan(item, span);
        const value = item.values[tells];
        if (!known.has(text)) known.set(text, value);
        return known.get(text) === value ? [] : [`"${text}" as ${String(value)} too`];
      });
    }),

  "gives every variable of every item a declared value, and uses each": ({ variables }, items) => {
    const names = Object.keys(variables).sort().join();
    const strange = items.flatMap((item) =>
      Object.keys(item.values).sort().join() === names &&
      Object.entries(item.values).every(([name, value]) => variables[name]?.includes(value))
        ? []
        : [jointOf(item)],
    );
    const idle = Object.entries(variables).flatMap(([name, values]) =>
      values
        .filter((value) => !items.some((item) => item.values[name] === value))
        .map((value) => `no item with ${name} = ${value}`),
    );
    return [...strange, ...idle];
  },

  "shares no group and no prompt between train, validation and test, and has every class in each": (
    audit,
    items,
  ) => {
    const classes = Object.keys(audit.answers);
    const members = items.map((item) => ({
      group: groupOf(item),
      class: classes.indexOf(audit.outcome(item.values)),
    }));
    const split = splitItems(members, { classes: classes.length, stream: stream(1, "split") });
    const home = new Map<string, string>();
    const shared = PARTS.flatMap((part) =>
      split[part].flatMap((i) =>
        [`group ${groupOf(items[i]!)}`, `prompt ${itemText(items[i]!)}`].flatMap((key) => {
          const known = home.get(key) ?? part;
          home.set(key, known);
          return known === part ? [] : [`${key} in ${known} and ${part}`];
        }),
      ),
    );
    const lacking = PARTS.flatMap((part) => {
      const seen = new Set(split[part].map((i) => members[i]!.class));
      return classes.filter((_, c) => !seen.has(c)).map((name) => `no "${name}" in ${part}`);
    });
    return [...(split.heldOut === "group" ? [] : ["only items held out"]), ...shared, ...lacking];
  },

  "has enough groups of each answer to hold words out": (audit, items, { leastGroups = 30 }) =>
    Object.keys(audit.answers).flatMap((name) => {
      const own = items.filter((item) => audit.outcome(item.values) === name);
      const groups = new Set(own.map(groupOf)).size;
      return groups >= leastGroups ? [] : [`${groups} groups of "${name}"`];
    }),
};

/** Laws about the causal model and the words of an audit, by what they say. */
export const AUDIT_LAWS: Readonly<Record<string, (audit: CausalAudit) => string[]>> = {
  "has an outcome for all combinations of values, and each answer is the outcome of one": (
    audit,
  ) => {
    const outcomes = assignments(audit).map((values) => audit.outcome(values));
    const classes = Object.keys(audit.answers);
    return [
      ...outcomes.filter((name) => !classes.includes(name)).map((name) => `outcome "${name}"`),
      ...classes.filter((name) => !outcomes.includes(name)).map((name) => `unused "${name}"`),
    ];
  },

  "has an outcome that the variables under test decide, each of them, and no other": (audit) =>
    Object.entries(audit.variables).flatMap(([name, values]) => {
      const changes = assignments(audit).some((row) =>
        values.some((value) => audit.outcome({ ...row, [name]: value }) !== audit.outcome(row)),
      );
      if (changes === audit.by.includes(name)) return [];
      return [`${name} ${changes ? "changes the outcome" : "never changes the outcome"}`];
    }),

  "answers with forms that begin a word and belong to one class": ({ answers }) => {
    const forms = Object.values(answers).flat().map(String);
    return [
      ...forms.filter((form, i) => forms.indexOf(form) < i).map((form) => `"${form}" twice`),
      ...forms.filter((form) => !/^ ?\S+$/.test(form)).map((form) => `"${form}"`),
    ];
  },

  "names a position for each span, and the last token": (audit) => {
    const [item] = draw(audit, { n: 1 });
    const wanted = ["last", ...Object.keys(item?.spans ?? {})];
    return wanted.sort().join() === [...audit.sites].sort().join() ? [] : [audit.sites.join()];
  },

  "says what it asks, why it matters and where it comes from": (audit) => [
    ...[audit.title, audit.question, audit.why, ...audit.references].filter(
      (text) => text.length <= 10,
    ),
    ...(audit.question.endsWith("?") ? [] : [audit.question]),
    ...(audit.references.length > 0 ? [] : ["no reference"]),
    ...audit.references.filter((text) => !/\((19|20)\d\d\)/.test(text)),
  ],
};

/** Faults of the tokens of an audit under one tokenizer. @throws {@link PlanError} where items cannot be prepared. */
export function tokenFaults(
  audit: CausalAudit,
  items: readonly Item[],
  tokenizer: Tokenizer,
): string[] {
  const prepared = prepareAudit(audit, items, { tokenizer, vocab: tokenizer.size });
  const forms = Object.entries(audit.answers);
  return [
    ...prepared.warnings,
    ...(prepared.items.length === items.length ? [] : ["items left out"]),
    ...forms.flatMap(([name, of], c) =>
      prepared.answerTokens[c]?.length === of.length ? [] : [`forms of "${name}" share a token`],
    ),
    ...prepared.items.flatMap((item) => [
      ...(item.ids.length < LONGEST_TOKENS ? [] : [`${item.ids.length} tokens`]),
      ...Object.keys(item.item.spans ?? {}).flatMap((name) => spanFaults(item, name, tokenizer)),
    ]),
  ];
}

/** The token of a role must hold the end of the span's text and nothing of the letters after it. */
function spanFaults(
  { item, text, ids, positions }: PreparedItem,
  name: string,
  tokenizer: Tokenizer,
): string[] {
  const encoded: Encoded = { text, ids, leading: 0 };
  const extent = tokenizer.extents(encoded)?.[positions[name] ?? -1];
  const upTo = Buffer.from(text)
    .subarray(0, extent?.end ?? 0)
    .toString();
  const word = textOfSpan(item, item.spans![name]!);
  return upTo.endsWith(word)
    ? []
    : [`${name} "${word}": the text up to its token ends in "${upTo.slice(-12)}"`];
}

function expectNone(faults: readonly string[]): void {
  expect(faults.slice(0, SHOWN)).toEqual([]);
}

/** All laws for one audit. Call it in the test file of the audit. */
export function describeAuditLaws(audit: CausalAudit, grammar: AuditGrammar): void {
  describe(`the audit ${audit.id}`, () => {
    const all = draw(audit);
    const items = draw(audit, { n: ENOUGH });

    it.each(Object.keys(ITEM_LAWS))("%s", (law) => {
      expectNone(ITEM_LAWS[law]!(audit, all, grammar));
      // a share of the items is what runs: what holds of all must hold of them, too
      expectNone(ITEM_LAWS[law]!(audit, items, grammar));
    });

    it.each(Object.keys(AUDIT_LAWS))("%s", (law) => {
      expectNone(AUDIT_LAWS[law]!(audit));
    });

    describeDraws(audit);

    it.each(REAL_TOKENIZERS)(
      "has one first token for each answer form and a token for each span under %s",
      async (name) => {
        expectNone(tokenFaults(audit, items, await realTokenizer(name)));
      },
    );
  });
}

function describeDraws(audit: CausalAudit): void {
  const items = draw(audit, { n: ENOUGH });
  const joint = countBy(draw(audit), jointOf).size;

  it("balances all combinations of values, and so the answers, in draws of any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: ENOUGH }), fc.nat(), (n, seed) => {
        const drawn = draw(audit, { seed, n });
        const cells = countBy(drawn, jointOf);
        expect(drawn.length).toBe(n);
        expect(cells.size).toBe(Math.min(n, joint));
        expect(spread(cells)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 20 },
    );
  });

  it("asks for each answer equally often where all combinations come equally often", () => {
    const answers = countBy(items, ({ values }) => audit.outcome(values));
    expect(answers.size).toBe(Object.keys(audit.answers).length);
    // combinations take turns, so two answers differ by one item for each combination at most
    expect(spread(answers)).toBeLessThanOrEqual(joint);
  });

  it("gives the same items in the same order for the same seed, and others for another", () => {
    expect(draw(audit, { n: ENOUGH })).toEqual(items);
    expect(draw(audit, { seed: 2, n: ENOUGH })).not.toEqual(items);
  });

  it("repeats a draw from a stream that was already used", () => {
    const used = stream(1, "test");
    used.next();
    expect(audit.items(used, ENOUGH)).toEqual(items);
  });

  it("does not list its items class by class", () => {
    const answers = items.map(({ values }) => audit.outcome(values));
    const classes = new Set(answers).size;
    const changes = answers.filter((answer, i) => i > 0 && answer !== answers[i - 1]).length;
    const share = 1 - 1 / classes;
    // neighbours of a shuffled list of equal classes differ with this probability: n·share ± 5 standard deviations
    const sd = Math.sqrt(items.length * share * (1 - share));
    expect(Math.abs(changes - items.length * share)).toBeLessThan(5 * sd + 1);
  });
}
