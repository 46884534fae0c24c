/**
 * @file The files of a tokenizer in a model's folder, and what they say that the tokenizer package does not: how tokens
 * are spelt, which chat template holds, and a digest of every part that decides over ids.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ModelFormatError, PlanError } from "../errors.js";
import { readJson } from "../store/json-document.js";
import { readRegularFile, readTextFile, decodeUtf8 } from "../store/regular-file.js";
import { isJson, type Json } from "./json-object.js";
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

/** Room for a vocabulary; the largest in use have 256 000 tokens. An id is an index, and a table is made of its size. */
export const LARGEST_VOCABULARY = 1 << 24;
/** Room for a file of a tokenizer; the largest in use have 35 MB. */
const LARGEST_BYTES = 256 << 20;

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(
    z.looseObject({
      id: z.int().min(0).lt(LARGEST_VOCABULARY),
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
 *   where one of the files cannot be read, or is not what its name says.
 */
export function readTokenizerFolder(path: string): TokenizerFolder {
  const folder = resolve(path);
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
    if (!existsSync(join(folder, name))) throw missing(path, name);
  }
  const bytes = readBytes(join(path, "tokenizer.json"));
  const json = parseTokenizer(bytes, join(path, "tokenizer.json"));
  // its own reader comes later and reads whatever is there: a pipe would stop it for ever
  parseObject(readBytes(join(path, "tokenizer_config.json")), join(path, "tokenizer_config.json"));
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
    chatTemplate: existsSync(template) ? readTemplate(template) : undefined,
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

function readBytes(path: string): Uint8Array {
  const read = readRegularFile(path, LARGEST_BYTES);
  if (read.kind === "ok") return read.bytes;
  throw unreadable(path, { found: read.found });
}

function readTemplate(path: string): string {
  const read = readTextFile(path, LARGEST_BYTES);
  if (read.kind === "ok") return read.text;
  throw unreadable(path, { found: read.found, expected: "a chat template (Jinja)" });
}

function parseObject(bytes: Uint8Array, where: string): Json {
  const text = decodeUtf8(bytes);
  const json = text === undefined ? undefined : readJson(text);
  if (json?.kind === "ok" && isJson(json.value)) return json.value;
  const found = json?.kind === "bad" ? json.found : undefined;
  throw unreadable(where, {
    found: found ?? (json === undefined ? "bytes that are not UTF-8" : "another JSON value"),
    expected: "a JSON object",
  });
}

function parseTokenizer(bytes: Uint8Array, where: string): z.infer<typeof tokenizerSchema> {
  const parsed = tokenizerSchema.safeParse(parseObject(bytes, where));
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const shown = z.prettifyError(new z.ZodError(issues.slice(0, 8)));
  const found = issues.length > 8 ? `${shown}\nand ${issues.length - 8} more` : shown;
  throw unreadable(where, { found, cause: parsed.error });
}

interface Unreadable {
  readonly found: string;
  readonly expected?: string;
  readonly cause?: unknown;
}

function unreadable(where: string, { found, expected, cause }: Unreadable): ModelFormatError {
  return new ModelFormatError("the tokenizer cannot be read", {
    code: "TOKENIZER_UNREADABLE",
    where,
    expected: expected ?? "a tokenizer.json of the Hugging Face tokenizers library",
    found,
    hint: "save it again with `tokenizer.save_pretrained`",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Does this part (or a part of its sequence) have the type `type`? */
function mentions(part: unknown, type: string): boolean {
  return JSON.stringify(part ?? null).includes(`"type":"${type}"`);
}
