/**
 * @file Do two models read the same ids? Both are given the ids of the base's tokenizer, so a difference would make the
 * tuned model answer another question.
 */
import { PlanError } from "../errors.js";
import { TOKENIZER_PARTS, type TokenizerPart } from "./tokenizer-folder.js";
import type { Tokenizer } from "./tokenizer.js";

/** What a part is called for people. */
const NAMES: Readonly<Record<TokenizerPart, string>> = {
  added_tokens: "added tokens",
  normalizer: "normaliser",
  pre_tokenizer: "pre-tokenizer",
  model: "merges",
  post_processor: "special tokens around a text",
};

/**
 * Compares vocabularies first (the first id that is spelt otherwise says most), then the other parts.
 *
 * @returns Warnings about differences that leave the ids of prompts alone or that only chat items meet.
 * @throws {@link PlanError} `TOKENIZERS_DIFFER` with what differs.
 */
export function compareTokenizers(base: Tokenizer, tuned: Tokenizer): readonly string[] {
  if (base.digest !== tuned.digest) refuseDifference(base, tuned);
  return base.template === tuned.template
    ? []
    : ["the chat templates of the two models differ; both are asked in the base's template"];
}

function refuseDifference(base: Tokenizer, tuned: Tokenizer): void {
  const longest = Math.max(base.size, tuned.size);
  for (let id = 0; id < longest; id++) {
    if (base.spell(id) === tuned.spell(id)) continue;
    throw differ(base, tuned, {
      expected: `token ${id} spelt ${showToken(base.spell(id))}, as in the base (${base.size} tokens)`,
      found: `${showToken(tuned.spell(id))} (${tuned.size} tokens)`,
    });
  }
  const parts = TOKENIZER_PARTS.filter((part) => base.parts[part] !== tuned.parts[part]);
  if (parts.length === 0) return;
  const names = parts.map((part) => NAMES[part]).join(", ");
  throw differ(base, tuned, {
    expected: `the same ${names} in tokenizer.json`,
    found: `the same ${base.size} tokens, but another ${names}`,
  });
}

function showToken(token: string | undefined): string {
  return token === undefined ? "not at all" : JSON.stringify(token);
}

function differ(
  base: Tokenizer,
  tuned: Tokenizer,
  what: { readonly expected: string; readonly found: string },
): PlanError {
  return new PlanError("the two models have different tokenizers", {
    code: "TOKENIZERS_DIFFER",
    where: `${base.folder} and ${tuned.folder}`,
    ...what,
    hint: "an audit asks both models the same ids; where the tuned one was only saved with another tokenizer, name the right one with --tokenizer DIR",
  });
}
