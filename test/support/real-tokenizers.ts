/**
 * @file The tokenizers of three real models, all with a chat template: GPT-2's and Qwen2.5's from packages, SmolLM2's
 * from `fixtures/tokenizers`. GPT-2 has no template of its own and gets a plain one.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { loadTokenizer, type Tokenizer } from "../../src/models/tokenizer.js";
import { TOKENIZERS } from "./tokenizers.js";

/** Names of the real tokenizers. */
export const REAL_TOKENIZERS = ["smollm2", "qwen2_5", "gpt2"] as const;
/** Name of a real tokenizer. */
export type RealTokenizer = (typeof REAL_TOKENIZERS)[number];

const PLAIN_TEMPLATE =
  "{% for message in messages %}{{ message['role'] + ':\\n' + message['content'] + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant:\\n' }}{% endif %}";

const SMOLLM2 = fileURLToPath(new URL("../../fixtures/tokenizers/smollm2", import.meta.url));

const prepare: Readonly<Record<RealTokenizer, (folder: string) => void>> = {
  smollm2: (folder) => {
    const packed = readFileSync(join(SMOLLM2, "tokenizer.json.br"));
    writeFileSync(join(folder, "tokenizer.json"), brotliDecompressSync(packed));
    cpSync(join(SMOLLM2, "tokenizer_config.json"), join(folder, "tokenizer_config.json"));
  },
  qwen2_5: (folder) => {
    cpSync(TOKENIZERS.qwen2_5, folder, { recursive: true });
  },
  gpt2: (folder) => {
    cpSync(TOKENIZERS.gpt2, folder, { recursive: true });
    writeFileSync(join(folder, "chat_template.jinja"), PLAIN_TEMPLATE);
  },
};

/**
 * Loads one of them from a folder of its own, which is gone afterwards.
 *
 * @param template - a chat template to use instead of the tokenizer's own.
 */
export async function loadRealTokenizer(
  name: RealTokenizer,
  template?: string,
): Promise<Tokenizer> {
  const folder = mkdtempSync(join(tmpdir(), `mas-audit-${name}-`));
  try {
    prepare[name](folder);
    if (template !== undefined) writeFileSync(join(folder, "chat_template.jinja"), template);
    return await loadTokenizer(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const loaded = new Map<RealTokenizer, Promise<Tokenizer>>();

/** One of them, loaded once for each test file. */
export function realTokenizer(name: RealTokenizer): Promise<Tokenizer> {
  const known = loaded.get(name) ?? loadRealTokenizer(name);
  loaded.set(name, known);
  return known;
}
