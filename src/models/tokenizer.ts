/**
 * @file Text to token ids, by the tokenizer beside a model. The package is imported only here and only when an audit
 * holds text; it reads the folder and never the network.
 */
import type { PreTrainedTokenizer } from "@huggingface/transformers";
import { MasAuditError, ModelFormatError } from "../errors.js";
import type { ChatMessage } from "../plan/audit.js";
import { prepareEnvironment } from "../runtime/environment.js";
import { renderChat } from "./chat-text.js";
import { alignPieces, type Extent } from "./token-extents.js";
import { pieceOf, type Piece } from "./token-pieces.js";
import {
  LARGEST_VOCABULARY,
  readTokenizerFolder,
  type TokenizerFolder,
} from "./tokenizer-folder.js";

/** Ids of a text. */
export interface Encoded {
  readonly text: string;
  readonly ids: readonly number[];
  /** How many of the first ids are special tokens that stand for no text (for example BOS). */
  readonly leading: number;
}

/** A tokenizer with its digests. */
export interface Tokenizer extends TokenizerFolder {
  /** Ids that the tokenizer can give: 0 … size − 1 (holes included). */
  readonly size: number;
  /** Spelling of an id in the vocabulary; `undefined` for a hole. */
  spell(id: number): string | undefined;
  /** Does this token stand for white space and nothing else? */
  isBlank(id: number): boolean;
  /**
   * Ids with the special tokens that the tokenizer puts before a text by default. Those that it would put after it are
   * left out, because a prompt is there to be continued.
   */
  encode(text: string): Encoded;
  /** Ids without special tokens of the tokenizer's own. */
  encodePlain(text: string): readonly number[];
  /**
   * A conversation in the model's own template, up to where the assistant speaks, or goes on with a last message of its
   * own. @throws {@link PlanError} without a template, or with one that refuses the messages.
   */
  chat(messages: readonly ChatMessage[]): Encoded;
  /** Bytes of the text that each token covers; `undefined` where the tokenizer changes the text (`token-extents.ts`). */
  extents(encoded: Encoded): readonly Extent[] | undefined;
  /** The template that {@link Tokenizer.chat} uses; `undefined` where there is none. */
  readonly template: string | undefined;
}

/**
 * Loads the tokenizer of a folder.
 *
 * @throws {@link PlanError} `TOKENIZER_MISSING`; {@link ModelFormatError} `TOKENIZER_UNREADABLE`.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const files = readTokenizerFolder(folder);
  const inner = await loadInner(files.folder);
  const plain = (text: string): readonly number[] => encodeWith(inner, text, false);
  const { vocabulary, leading } = guarded(folder, () => ({
    vocabulary: spellings(inner),
    leading: countLeading(inner),
  }));
  const template = files.chatTemplate ?? ownTemplate(inner);
  return {
    ...files,
    size: vocabulary.length,
    template,
    spell: (id) => vocabulary[id],
    isBlank: (id) => isBlank(pieceOf(vocabulary[id] ?? "", files.spelling)),
    encodePlain: plain,
    encode: (text) => ({
      text,
      ids: [...encodeWith(inner, text, true).slice(0, leading), ...plain(text)],
      leading,
    }),
    chat: (messages) => {
      const text = renderChat(inner, { messages, template, folder });
      return { text, ids: plain(text), leading: 0 };
    },
    extents: ({ text, ids, leading: skipped }) => {
      const pieces = ids.slice(skipped).map((id) => pieceOf(vocabulary[id] ?? "", files.spelling));
      const extents = alignPieces(pieces, new TextEncoder().encode(text));
      const none = Array.from({ length: skipped }, () => ({ start: 0, end: 0 }));
      return extents === undefined ? undefined : [...none, ...extents];
    },
  };
}

function isBlank({ bytes }: Piece): boolean {
  return bytes.length > 0 && new TextDecoder().decode(bytes).trim() === "";
}

async function loadInner(folder: string): Promise<PreTrainedTokenizer> {
  prepareEnvironment(); // the package loads the runtime, too
  const { AutoTokenizer, env, LogLevel } = await import("@huggingface/transformers");
  env.allowRemoteModels = false;
  env.logLevel = LogLevel.ERROR;
  try {
    return await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
  } catch (cause) {
    throw unloadable(folder, cause);
  }
}

/** Runs what asks a loaded tokenizer for the first time: one of damaged files fails here with errors of any kind. */
function guarded<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw cause instanceof MasAuditError ? cause : unloadable(folder, cause);
  }
}

function unloadable(folder: string, cause: unknown): ModelFormatError {
  return new ModelFormatError("the tokenizer cannot be loaded", {
    code: "TOKENIZER_UNREADABLE",
    where: folder,
    expected: "tokenizer.json and tokenizer_config.json of a language model",
    found: cause instanceof Error ? cause.message : String(cause),
    hint: "save it again with `tokenizer.save_pretrained`",
    cause,
  });
}

function encodeWith(
  inner: PreTrainedTokenizer,
  text: string,
  isSpecial: boolean,
): readonly number[] {
  return inner.encode(text, { add_special_tokens: isSpecial });
}

function badId(token: string, id: number): ModelFormatError {
  return new ModelFormatError("the tokenizer gives an impossible id", {
    code: "TOKENIZER_UNREADABLE",
    expected: `ids from 0 to ${LARGEST_VOCABULARY - 1}`,
    found: `${id} for ${JSON.stringify(token.slice(0, 40))}`,
    hint: "save it again with `tokenizer.save_pretrained`",
  });
}

function spellings(inner: PreTrainedTokenizer): readonly (string | undefined)[] {
  const out: (string | undefined)[] = [];
  for (const [token, id] of inner.get_vocab()) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= LARGEST_VOCABULARY) throw badId(token, id);
    out[id] = token;
  }
  return out;
}

/**
 * How many special tokens are put before a text, from a probe that no special token spells: with them it is
 * before + probe + after, without them the probe alone.
 */
function countLeading(inner: PreTrainedTokenizer): number {
  const full = encodeWith(inner, "a", true);
  const core = encodeWith(inner, "a", false);
  const at = full.findIndex((_, i) => core.every((id, j) => full[i + j] === id));
  if (core.length > 0 && at >= 0) return at;
  throw new ModelFormatError("the tokenizer changes a text when it adds special tokens", {
    code: "TOKENIZER_UNREADABLE",
    expected: "special tokens before or after the ids of the text",
    found: `"a" as [${core.join(", ")}] without and [${full.join(", ")}] with them`,
    hint: "use another tokenizer of the same vocabulary with --tokenizer DIR, or an audit of token ids",
  });
}

/** A single template, or the one called `default`. */
function ownTemplate(inner: PreTrainedTokenizer): string | undefined {
  const template: unknown = inner.chat_template;
  if (typeof template === "string") return template;
  const isNamed = typeof template === "object" && template !== null && "default" in template;
  return isNamed && typeof template.default === "string" ? template.default : undefined;
}
