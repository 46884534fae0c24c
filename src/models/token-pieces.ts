/**
 * @file From the vocabulary's spelling of a token to the bytes of text that it stands for. Two spellings cover the
 * tokenizers of causal language models: byte-level (GPT-2, Qwen2, SmolLM2, Llama 3: every byte has a printable sign) and
 * SentencePiece-like (Llama 2, Mistral, Gemma: "▁" is a space, `<0xNN>` a byte).
 */
import { present } from "../errors.js";

/** What tells how tokens are spelt; read from `tokenizer.json`. */
export interface Spelling {
  readonly kind: "byte-level" | "metaspace";
  /** `<0xNN>` tokens stand for bytes. */
  readonly byteFallback: boolean;
  /** Tokens that stand for their own text: they are cut out before anything else happens. */
  readonly added: ReadonlyMap<string, AddedToken>;
}

/** A token that is matched literally in the text. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Swallows the white space before, or after, it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

/** One token as bytes of text. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Set for a literally matched token. */
  readonly added?: AddedToken;
}

const utf8 = new TextEncoder();

/** The bytes that a token of the vocabulary stands for. */
export function pieceOf(token: string, spelling: Spelling): Piece {
  const added = spelling.added.get(token);
  if (added !== undefined) return { bytes: utf8.encode(added.content), added };
  if (spelling.kind === "byte-level") return { bytes: bytesOfSigns(token) };
  const byte = spelling.byteFallback ? /^<0x([0-9A-F]{2})>$/.exec(token)?.[1] : undefined;
  if (byte !== undefined) return { bytes: Uint8Array.of(parseInt(byte, 16)) };
  return { bytes: utf8.encode(token.replaceAll("▁", " ")) };
}

/**
 * GPT-2's alphabet: printable Latin-1 bytes stand for themselves, the other 68 are numbered from U+0100 on in
 * ascending order (`bytes_to_unicode` of the GPT-2 encoder).
 */
const BYTE_OF_SIGN: ReadonlyMap<string, number> = (() => {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return new Map(
    Array.from({ length: 256 }, (_, byte) => [
      String.fromCodePoint(isPrintable(byte) ? byte : next++),
      byte,
    ]),
  );
})();

/** Signs outside the alphabet (a token that is not byte-level after all) stand for their own text. */
function bytesOfSigns(token: string): Uint8Array {
  const signs = Array.from(token);
  return signs.every((sign) => BYTE_OF_SIGN.has(sign))
    ? Uint8Array.from(signs, (sign) => present(BYTE_OF_SIGN.get(sign), sign))
    : utf8.encode(token);
}
