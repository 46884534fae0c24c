/**
 * @file Which bytes of a text each of its tokens covers. The tokenizer package gives no offsets, so they are
 * reconstructed and proved:
 *
 * 1. Every token stands for known bytes (`token-pieces.ts`). If the tokenizer keeps the text as it is, these bytes in a
 *    row *are* the UTF-8 of the text, and the extent of token i is [bytes before it, bytes up to its end). Nothing is
 *    searched for, so nothing can be found in the wrong place; a character that is split over tokens belongs to each.
 * 2. The one change allowed is a space put before a section (the stretch between two literally matched tokens), as
 *    SentencePiece does. It covers no byte of the text. Both readings of a section (its first space is put there, or
 *    is the text's) are tried, and the whole text must come out. Both can fit only where the section is nothing but
 *    spaces: if " " + X and X both begin the text, X is a run of spaces.
 * 3. Literal tokens that swallow white space next to them leave those bytes uncovered.
 * 4. Anything else (Unicode normalisation, lower case, unknown tokens) makes the bytes differ from the text. Then there
 *    is no mapping, and the caller has to refuse; it is never guessed.
 */
import { present } from "../errors.js";
import type { Piece } from "./token-pieces.js";

/** Half-open range of bytes of the UTF-8 text; empty for tokens that stand for no text. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

const SPACE = 0x20;
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]);

/** The extent of each piece, or `undefined` where the pieces do not spell `text`. */
export function alignPieces(
  pieces: readonly Piece[],
  text: Uint8Array,
): readonly Extent[] | undefined {
  return alignFrom({ pieces, text, first: 0, at: 0 });
}

interface Rest {
  readonly pieces: readonly Piece[];
  readonly text: Uint8Array;
  /** First piece and first byte that are not aligned yet. */
  readonly first: number;
  readonly at: number;
}

function alignFrom(rest: Rest): readonly Extent[] | undefined {
  const { pieces, text, first, at } = rest;
  const piece = pieces[first];
  if (piece === undefined) return at === text.length ? [] : undefined;
  if (piece.added !== undefined) return alignAdded(rest, piece);
  const end = sectionEnd(pieces, first);
  for (const inserted of piece.bytes[0] === SPACE ? [0, 1] : [0]) {
    const extents = layOut(pieces.slice(first, end), { at, inserted });
    const stop = present(extents.at(-1), "extent of a section").end;
    if (!spells(pieces.slice(first, end), { text, at, inserted })) continue;
    const others = alignFrom({ ...rest, first: end, at: stop });
    if (others !== undefined) return [...extents, ...others];
  }
  return undefined;
}

function alignAdded(rest: Rest, { bytes, added }: Piece): readonly Extent[] | undefined {
  const { text, at, first } = rest;
  const start = added?.lstrip === true ? skipWhiteSpace(text, at) : at;
  if (!bytes.every((byte, i) => text[start + i] === byte)) return undefined;
  const end = start + bytes.length;
  const next = added?.rstrip === true ? skipWhiteSpace(text, end) : end;
  const others = alignFrom({ ...rest, first: first + 1, at: next });
  return others === undefined ? undefined : [{ start, end }, ...others];
}

function skipWhiteSpace(text: Uint8Array, from: number): number {
  let at = from;
  while (at < text.length && WHITE_SPACE.has(present(text[at], "byte"))) at++;
  return at;
}

function sectionEnd(pieces: readonly Piece[], first: number): number {
  const next = pieces.findIndex((piece, i) => i > first && piece.added !== undefined);
  return next === -1 ? pieces.length : next;
}

/** Extents of pieces in a row from byte `at` on, the first `inserted` bytes (0 or 1) being none of the text's. */
function layOut(
  pieces: readonly Piece[],
  { at, inserted }: { readonly at: number; readonly inserted: number },
): readonly Extent[] {
  let end = at - inserted;
  return pieces.map(({ bytes }) => {
    const start = Math.max(at, end);
    end += bytes.length;
    return { start, end };
  });
}

function spells(
  pieces: readonly Piece[],
  {
    text,
    at,
    inserted,
  }: { readonly text: Uint8Array; readonly at: number; readonly inserted: number },
): boolean {
  let next = at - inserted;
  return pieces.every(({ bytes }) =>
    bytes.every((byte) => {
      const matches = next < at || text[next] === byte;
      next++;
      return matches;
    }),
  );
}

/** Bytes [start, end) of the characters [start, end) of `text`; characters are Unicode code points. */
export function bytesOfCharacters(text: string, [start, end]: readonly [number, number]): Extent {
  const characters = Array.from(text);
  const size = (from: number, to: number): number =>
    Buffer.byteLength(characters.slice(from, to).join(""), "utf8");
  const before = size(0, start);
  return { start: before, end: before + size(start, end) };
}

/** Index of the last token that covers a byte of `range`; -1 where none does. */
export function lastOverlapping(extents: readonly Extent[], range: Extent): number {
  if (range.start >= range.end) return -1;
  return extents.findLastIndex(
    ({ start, end }) => start < end && start < range.end && end > range.start,
  );
}
