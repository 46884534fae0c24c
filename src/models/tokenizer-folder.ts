/**
 * @file The files of a tokenizer in a model's folder, and what they say that the tokenizer package does not: how tokens
 * are spelt, which chat template holds, and a digest of every part that decides over ids.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ModelFormatError, PlanError } from "../errors.js";
import type { Spelling } from "./token-pieces.js";

/** Parts of `tokenizer.json` that decide over ids, in the order in which a text meets them. */
export const TOKENIZER_PARTS = [
  "added_tokens",
  "normalizer",
  "pre_tokenizer",
  "model",
  "post_processor",
] as const;
/** Name of a part of `tokenizer.json`. */
export type TokenizerPart = (typeof TOKENIZER_PARTS)[number];

/** What the files say. */
export interface TokenizerFolder {
  /** Absolute path. */
  readonly folder: string;
  /** sha256 of `tokenizer.json`, hexadecimal. */
  readonly digest: string;
  readonly parts: Readonly<Record<TokenizerPart, string>>;
  readonly spelling: Spelling;
  /** Template in a file of its own, which holds before the one in `tokenizer_config.json`. */
  readonly chatTemplate: string | undefined;
}

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(
    z.looseObject({
      id: z.int(),
      content: z.string(),
      lstrip: z.boolean().default(false),
      rstrip: z.boolean().default(false),
    }),
  ),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
  decoder: z.unknown(),
  model: z.looseObject({ byte_fallback: z.boolean().nullish() }),
});

/** Is there a tokenizer in this folder? */
export function hasTokenizer(folder: string): boolean {
  return existsSync(join(folder, "tokenizer.json"));
}

/**
 * Reads the files of a tokenizer.
 *
 * @throws {@link PlanError} `TOKENIZER_MISSING` where a file is missing, {@link ModelFormatError} `TOKENIZER_UNREADABLE`
 *   where `tokenizer.json` is not one.
 */
export function readTokenizerFolder(path: string): TokenizerFolder {
  const folder = resolve(path);
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
    if (!existsSync(join(folder, name))) throw missing(path, name);
  }
  const bytes = readFileSync(join(folder, "tokenizer.json"));
  const json = parseTokenizer(bytes.toString("utf8"), join(path, "tokenizer.json"));
  const sha256 = (what: string | Uint8Array): string =>
    createHash("sha256").update(what).digest("hex");
  const part = (name: TokenizerPart): string => sha256(JSON.stringify(json[name] ?? null));
  const template = join(folder, "chat_template.jinja");
  return {
    folder,
    digest: sha256(bytes),
    parts: {
      added_tokens: part("added_tokens"),
      normalizer: part("normalizer"),
      pre_tokenizer: part("pre_tokenizer"),
      model: part("model"),
      post_processor: part("post_processor"),
    },
    spelling: {
      kind:
        mentions(json.pre_tokenizer, "ByteLevel") || mentions(json.decoder, "ByteLevel")
          ? "byte-level"
          : "metaspace",
      byteFallback: json.model.byte_fallback === true,
      added: new Map(json.added_tokens.map((token) => [token.content, token])),
    },
    chatTemplate: existsSync(template) ? readFileSync(template, "utf8") : undefined,
  };
}

function missing(folder: string, name: string): PlanError {
  return new PlanError("the audit holds text, and there is no tokenizer beside the model", {
    code: "TOKENIZER_MISSING",
    where: folder,
    expected: "tokenizer.json and tokenizer_config.json",
    found: `no ${name}`,
    hint: "name the folder of the tokenizer with --tokenizer DIR, or use an audit of token ids",
  });
}

function parseTokenizer(text: string, where: string): z.infer<typeof tokenizerSchema> {
  try {
    return tokenizerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ModelFormatError("the tokenizer cannot be read", {
      code: "TOKENIZER_UNREADABLE",
      where,
      expected: "a tokenizer.json of the Hugging Face tokenizers library",
      found: cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause),
      hint: "save it again with `tokenizer.save_pretrained`",
      cause,
    });
  }
}

/** Does this part (or a part of its sequence) have the type `type`? */
function mentions(part: unknown, type: string): boolean {
  return JSON.stringify(part ?? null).includes(`"type":"${type}"`);
}
