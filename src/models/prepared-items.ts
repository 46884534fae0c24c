/**
 * @file An audit made ready for models: ids, positions and classes of every item, and the tokens that decide over the
 * answer classes. Nothing is left out uncounted.
 */
import { InvariantError, invariant, PlanError, present } from "../errors.js";
import type { CausalAudit, Item, PositionRole } from "../plan/audit.js";
import { groupOf, itemText } from "../plan/item-text.js";
import { listText } from "../plan/list-text.js";
import { decideTokens, formsOfIds, formsOfTexts, type AnswerTokens } from "./answer-tokens.js";
import { placeSpans, placeTokenSpans } from "./place-spans.js";
import type { Encoded, Tokenizer } from "./tokenizer.js";

/** One item as models see it. */
export interface PreparedItem {
  /** Place among the items that were given. */
  readonly index: number;
  readonly item: Item;
  /** For display: the text that was tokenised (a chat in its template), or the ids. */
  readonly text: string;
  /** `[token]` */
  readonly ids: readonly number[];
  /** Token index of each role. */
  readonly positions: Readonly<Record<PositionRole, number>>;
  readonly group: string;
  /** Index of the causal outcome among the classes. */
  readonly class: number;
}

/** An audit with everything that a model needs. */
export interface PreparedAudit {
  readonly audit: CausalAudit;
  /** Answer classes, in the order of the audit. */
  readonly classes: readonly string[];
  /** `[class][]`: token ids whose log-probabilities count for a class. */
  readonly answerTokens: readonly (readonly number[])[];
  readonly roles: readonly PositionRole[];
  readonly items: readonly PreparedItem[];
  /** Items left out because they are longer than the context. */
  readonly tooLong: number;
  /** Items left out because a role falls on token 0, an attention sink in many models and never a site. */
  readonly atStart: number;
  readonly warnings: readonly string[];
}

/** What preparing needs to know of the models. */
export interface PrepareOptions {
  /** Needed unless every item holds ids. */
  readonly tokenizer?: Tokenizer;
  /** Tokens that the shorter of both models takes; nothing = no limit known. */
  readonly contextLength?: number;
  /** Logits of the model. */
  readonly vocab: number;
}

/** An item with its ids, before what all answers begin with is appended. */
interface Draft {
  readonly index: number;
  readonly item: Item;
  readonly encoded: Encoded;
  readonly spans: Readonly<Record<string, number>>;
}

/**
 * Prepares the items of one audit.
 *
 * @throws {@link PlanError} `SPAN_WITHOUT_TOKEN`, `ID_OUTSIDE_VOCABULARY` (all items of a kind at once),
 *   `SHARED_ANSWER_TOKEN`, `ANSWER_NOT_A_CONTINUATION`, `NO_ITEM_FITS`, `NO_CHAT_TEMPLATE`.
 */
export function prepareAudit(
  audit: CausalAudit,
  items: readonly Item[],
  options: PrepareOptions,
): PreparedAudit {
  const drafts = draftItems(audit, items, options);
  const answers = readAnswers(audit, drafts, options);
  const length = ({ encoded }: Draft): number => encoded.ids.length + answers.shared.length;
  const limit = options.contextLength ?? Infinity;
  const fitting = drafts.filter((draft) => length(draft) <= limit);
  if (fitting.length === 0) throw nothingFits(audit, { lengths: drafts.map(length), limit });
  const prepared = fitting.map((draft) => prepareItem(draft, audit, answers));
  const kept = prepared.filter(({ positions }) => Object.values(positions).every((at) => at > 0));
  if (kept.length === 0) throw allAtStart(audit);
  const atStart = prepared.length - kept.length;
  refuseForeignIds(audit, { items: kept, answers, vocab: options.vocab });
  return {
    audit,
    classes: answers.classes,
    answerTokens: answers.tokens,
    roles: audit.sites,
    items: kept,
    tooLong: drafts.length - fitting.length,
    atStart,
    warnings: [...answers.warnings, ...(atStart === 0 ? [] : [warnAtStart(atStart)])],
  };
}

function draftItems(
  audit: CausalAudit,
  items: readonly Item[],
  { tokenizer }: PrepareOptions,
): readonly Draft[] {
  const refusals: string[] = [];
  const drafts = items.map((item, index): Draft => {
    if (item.ids !== undefined) {
      const encoded = { text: itemText(item), ids: item.ids, leading: 0 };
      return { index, item, encoded, spans: placeTokenSpans(item) };
    }
    const speaker = needTokenizer(tokenizer);
    const encoded = encodeItem(item, speaker);
    const placed = placeSpans(item, encoded, speaker);
    if (placed.kind === "placed") return { index, item, encoded, spans: placed.tokens };
    refusals.push(`items[${index}] ${JSON.stringify(itemText(item))}: ${placed.reason}`);
    return { index, item, encoded, spans: {} };
  });
  if (refusals.length > 0) throw unplaced(audit, refusals);
  return drafts;
}

/** NOTE: the composition root loads the tokenizer when {@link needsTokenizer} says so; that is our promise, not the user's. */
function needTokenizer(tokenizer: Tokenizer | undefined): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw new InvariantError("internal: items of text are prepared without a tokenizer", {
    code: "INTERNAL",
  });
}

/** Does any item hold text? Audits of ids never load a tokenizer. */
export function needsTokenizer(items: readonly Item[]): boolean {
  return items.some((item) => item.ids === undefined);
}

function encodeItem(item: Item, tokenizer: Tokenizer): Encoded {
  return item.messages === undefined
    ? tokenizer.encode(item.prompt ?? "")
    : tokenizer.chat(item.messages);
}

function readAnswers(
  audit: CausalAudit,
  drafts: readonly Draft[],
  { tokenizer }: PrepareOptions,
): AnswerTokens {
  const areIds = drafts.every(({ item }) => item.ids !== undefined);
  if (areIds || tokenizer === undefined) {
    return { ...decideTokens(formsOfIds(audit), { audit }), warnings: [] };
  }
  const { forms, warnings } = formsOfTexts(
    audit,
    drafts.map(({ encoded }) => encoded),
    tokenizer,
  );
  return { ...decideTokens(forms, { audit, tokenizer }), warnings };
}

function prepareItem(
  { index, item, encoded, spans }: Draft,
  audit: CausalAudit,
  { classes, shared }: AnswerTokens,
): PreparedItem {
  const ids = [...encoded.ids, ...shared];
  const positions = Object.fromEntries(
    audit.sites.map((role) => [
      role,
      role === "last" ? ids.length - 1 : present(spans[role], `span "${role}" of item ${index}`),
    ]),
  );
  const outcome = audit.outcome(item.values);
  const answer = classes.indexOf(outcome);
  invariant(answer >= 0, `audit "${audit.id}" answers "${outcome}", which is none of its classes`);
  return {
    index,
    item,
    text: encoded.text,
    ids,
    positions,
    group: groupOf(item),
    class: answer,
  };
}

function unplaced(audit: CausalAudit, refusals: readonly string[]): PlanError {
  return new PlanError("spans have no token", {
    code: "SPAN_WITHOUT_TOKEN",
    where: `audit "${audit.id}"`,
    expected: "tokens that spell the text",
    found: listText(refusals, "; "),
    hint: "move the spans so that each holds at least one whole token, or leave those items out",
  });
}

interface Lengths {
  readonly lengths: readonly number[];
  readonly limit: number;
}

function nothingFits(audit: CausalAudit, { lengths, limit }: Lengths): PlanError {
  return new PlanError("every item is longer than the context of the model", {
    code: "NO_ITEM_FITS",
    where: `audit "${audit.id}"`,
    expected: `items of at most ${limit} tokens`,
    found: `${lengths.length} items of ${Math.min(...lengths)} to ${Math.max(...lengths)} tokens`,
    hint: "shorten the prompts",
  });
}

function allAtStart(audit: CausalAudit): PlanError {
  return new PlanError("in every item a position role falls on the first token", {
    code: "ROLE_AT_START",
    where: `audit "${audit.id}"`,
    expected: "roles on later tokens",
    found: "token 0, which many models use as an attention sink",
    hint: "put a word before the span",
  });
}

function warnAtStart(n: number): string {
  const items = n === 1 ? "1 item was" : `${n} items were`;
  return `${items} left out: a position role falls on the first token, which many models use as an attention sink`;
}

interface Foreign {
  readonly items: readonly PreparedItem[];
  readonly answers: AnswerTokens;
  readonly vocab: number;
}

function refuseForeignIds(audit: CausalAudit, { items, answers, vocab }: Foreign): void {
  const wrong = [
    ...answers.classes.flatMap((name, c) =>
      foreign(answers.tokens[c] ?? [], vocab).map((id) => `${id} in answers.${name}`),
    ),
    ...items.flatMap(({ ids, index }) =>
      foreign(ids, vocab).map((id) => `${id} in items[${index}]`),
    ),
  ];
  if (wrong.length === 0) return;
  throw new PlanError("token ids outside the vocabulary of the model", {
    code: "ID_OUTSIDE_VOCABULARY",
    where: `audit "${audit.id}"`,
    expected: `ids from 0 to ${vocab - 1}`,
    found: listText(wrong, "; "),
    hint: "these ids, or the tokenizer that gave them, belong to another model",
  });
}

function foreign(ids: readonly number[], vocab: number): readonly number[] {
  return [...new Set(ids)].filter((id) => !(id >= 0 && id < vocab));
}
