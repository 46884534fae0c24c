/**
 * @file Texts made ready for models: their tokens, and which of them can be paired.
 *
 * Pairs need one length and one first token. One length, because token i of the target takes the state of token i of the
 * source. One first token, because position 0 is an attention sink in many models (a norm of thousands) and never a
 * site: where both texts begin alike its state is the same in both, and leaving it alone changes nothing.
 */
import { PlanError } from "../../errors.js";
import type { Tokenizer } from "../../models/tokenizer.js";
import type { Text, TextAudit } from "../../plan/text-audit.js";

/** One text as models see it. */
export interface PreparedText {
  readonly text: string;
  /** `[token]` */
  readonly ids: readonly number[];
  readonly group: string;
}

/** All texts of a run. */
export interface PreparedTexts {
  readonly audit: TextAudit;
  readonly items: readonly PreparedText[];
  /** Texts that were made; those of rare lengths or first tokens are not among the items. */
  readonly generated: number;
  /** Left out: longer than a model's context. */
  readonly tooLong: number;
}

/** What preparing needs to know. */
export interface TextPreparation {
  readonly tokenizer: Pick<Tokenizer, "encode">;
  /** Texts to keep: those of the commonest lengths. */
  readonly n: number;
  /** Tokens that the shorter of both models takes. */
  readonly contextLength?: number;
}

/** A prompt of two tokens has one state to exchange, and that is an embedding: too little to call a context. */
const SHORTEST = 3;

/** Texts with this key can be paired. */
export function pairingKey({ ids }: Pick<PreparedText, "ids">): string {
  return `${ids.length}/${ids[0] ?? "none"}`;
}

/**
 * Tokenises texts and keeps the `n` whose length is commonest.
 *
 * @throws {@link PlanError} `NO_ITEM_FITS` when no text fits into the context.
 */
export function prepareTexts(
  audit: TextAudit,
  texts: readonly Text[],
  { tokenizer, n, contextLength = Infinity }: TextPreparation,
): PreparedTexts {
  const all = texts.map(({ prompt, group }): PreparedText => {
    const { ids } = tokenizer.encode(prompt);
    return { text: prompt, ids, group };
  });
  const fitting = all.filter(({ ids }) => ids.length <= contextLength);
  if (fitting.length === 0) throw nothingFits(audit, contextLength);
  const long = fitting.filter(({ ids }) => ids.length >= SHORTEST);
  return {
    audit,
    items: commonest(long, n),
    generated: all.length,
    tooLong: all.length - fitting.length,
  };
}

/** The first `n` texts of the largest kinds, kinds by size and then by their first text, in the order given. */
function commonest(texts: readonly PreparedText[], n: number): readonly PreparedText[] {
  const kinds = new Map<string, PreparedText[]>();
  for (const text of texts) {
    const key = pairingKey(text);
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, [text]);
    else kind.push(text);
  }
  // sort is stable: kinds of one size keep the order in which they were met
  const bySize = [...kinds.values()].sort((a, b) => b.length - a.length);
  const kept = new Set(bySize.flat().slice(0, n));
  return texts.filter((text) => kept.has(text));
}

function nothingFits(audit: TextAudit, limit: number): PlanError {
  return new PlanError("every text is longer than the context of the model", {
    code: "NO_ITEM_FITS",
    where: `audit "${audit.id}"`,
    expected: `texts of at most ${limit} tokens`,
    found: "none",
    hint: "this audit needs a model with room for a sentence; leave it out",
  });
}
