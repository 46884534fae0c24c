/** @file Characters to tokens: laws on random texts, then the offsets of the `tokenizers` library, then faults. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { alignPieces, bytesOfCharacters, lastOverlapping } from "../../src/models/token-extents.js";
import type { Extent } from "../../src/models/token-extents.js";
import { loadTokenizer, type Tokenizer } from "../../src/models/tokenizer.js";
import { TOKENIZERS, type TokenizerName } from "../support/tokenizers.js";

const NAMES: readonly TokenizerName[] = ["gpt2", "qwen2_5", "llama-tiny", "metaspace-tiny"];

interface GoldenRow {
  readonly text: string;
  readonly ids: readonly number[];
  /** In characters, from the Rust library (`fixtures/make/make_tokenizers.py`). */
  readonly offsets: readonly (readonly [number, number])[];
}

const golden = JSON.parse(
  readFileSync(new URL("../../fixtures/tokenizers/offsets.json", import.meta.url), "utf8"),
) as Record<TokenizerName, readonly GoldenRow[]>;

const loaded = new Map<TokenizerName, Tokenizer>();
beforeAll(async () => {
  for (const name of NAMES) loaded.set(name, await loadTokenizer(TOKENIZERS[name]));
});

/** Words, spaces, accents, emoji (with joiners) and CJK in any mix, composed as Qwen's normaliser wants it. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "The",
        "keys",
        " ",
        "  ",
        " to",
        "naïve",
        "é",
        "🙂",
        "👩‍💻",
        "東京",
        "한국",
        "\n",
        "\t",
        "12",
        "(",
        "…",
        "ß",
        "𠀀",
      ),
      fc.string({ unit: "grapheme", maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join("").normalize("NFC"))
  // "▁" itself is the metaspace sign, and "<" may begin a token that is matched literally
  .filter((text) => text !== "" && !/[▁<]/u.test(text));

/** Characters that a range of bytes touches. */
function charactersOf(text: string, { start, end }: Extent): readonly [number, number] {
  const ends = Array.from(text).map((_, i) => bytesOfCharacters(text, [i, i + 1]));
  const first = ends.findIndex((character) => character.end > start);
  const last = ends.findLastIndex((character) => character.start < end);
  return [first, last + 1];
}

describe.each(NAMES)("with %s", (name) => {
  const tokenizer = (): Tokenizer => loaded.get(name)!;

  test("the extents of all tokens tile the text without gap or overlap", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const extents = tokenizer().extents(tokenizer().encode(text))!;
        let end = 0;
        for (const extent of extents) {
          expect(extent.start).toBe(extent.start === extent.end ? extent.start : end);
          end = Math.max(end, extent.end);
        }
        expect(end).toBe(Buffer.byteLength(text));
      }),
      { numRuns: 300 },
    );
  });

  test("the role of a span is the last token with a byte of the span, wherever the span starts and ends", () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(), (text, a, b) => {
        const n = Array.from(text).length;
        const start = a % n;
        const end = start + 1 + (b % (n - start));
        const encoded = tokenizer().encode(text);
        const extents = tokenizer().extents(encoded)!;
        const range = bytesOfCharacters(text, [start, end]);
        const token = lastOverlapping(extents, range);
        const own = extents[token]!;
        expect(own.start).toBeLessThan(range.end);
        expect(own.end).toBeGreaterThanOrEqual(range.end);
      }),
      { numRuns: 300 },
    );
  });

  test("ids and offsets equal those of the tokenizers library", () => {
    for (const { text, ids, offsets } of golden[name]) {
      const encoded = tokenizer().encode(text);
      expect(encoded.ids, text).toEqual(ids);
      const extents = tokenizer().extents(encoded)!;
      extents.forEach((extent, i) => {
        // a token for nothing but an inserted space: we say it covers nothing, the library gives it its neighbour
        if (extent.start === extent.end) return;
        expect(charactersOf(text, extent), `${text} token ${i}`).toEqual(offsets[i]);
      });
    }
  });
});

test("a text has no extents where the tokenizer changes it, and has them where it does not", () => {
  const decomposed = "cafe\u0301";
  const qwen = loaded.get("qwen2_5")!;
  expect(qwen.extents(qwen.encode(decomposed))).toBeUndefined();
  const gpt2 = loaded.get("gpt2")!;
  // c, afe, and the two bytes of the accent, one token each
  expect(gpt2.extents(gpt2.encode(decomposed))).toEqual([
    { start: 0, end: 1 },
    { start: 1, end: 4 },
    { start: 4, end: 5 },
    { start: 5, end: 6 },
  ]);
});

test("special tokens written in a text cover their own characters", () => {
  const qwen = loaded.get("qwen2_5")!;
  const encoded = qwen.encode("<|im_start|>user\nhi<|im_end|>\n");
  expect(qwen.extents(encoded)![0]).toEqual({ start: 0, end: 12 });
  const llama = loaded.get("llama-tiny")!;
  const text = "The key</s> keys";
  const extents = llama.extents(llama.encode(text))!;
  const end = llama.encode(text).ids.indexOf(2);
  expect(extents[end]).toEqual({ start: 7, end: 11 });
});

const piece = (text: string): { readonly bytes: Uint8Array } => ({
  bytes: new TextEncoder().encode(text),
});

test("a space that the tokenizer puts before the text covers nothing", () => {
  const text = new TextEncoder().encode("ab c");
  expect(alignPieces([piece(" ab"), piece(" c")], text)).toEqual([
    { start: 0, end: 2 },
    { start: 2, end: 4 },
  ]);
});

test.each([
  ["a missing piece", [piece("ab")]],
  ["a piece too many", [piece("ab"), piece(" c"), piece("d")]],
  ["another letter", [piece("aB"), piece(" c")]],
  ["a space put in the middle", [piece("ab"), piece("  c")]],
  ["two spaces put before the text", [piece("  ab"), piece(" c")]],
])("%s is refused", (_, pieces) => {
  expect(alignPieces(pieces, new TextEncoder().encode("ab c"))).toBeUndefined();
});
