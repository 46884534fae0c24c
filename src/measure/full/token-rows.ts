/**
 * @file Tokens as rows: the states of all texts stand one after another, token 1 to the last of each. Token 0 has no row.
 * Whatever learns or patches row by row (`align/interchange.ts`) then needs to know nothing of texts.
 */
import { invariant } from "../../errors.js";
import { i32 } from "../../numeric/vector.js";

/** Where the rows of each text stand. */
export interface TokenRows {
  /** `[item]`, first row of each text. */
  readonly start: Int32Array;
  /** `[item]`, rows of each text: its tokens less one. */
  readonly count: Int32Array;
  readonly total: number;
}

/** Lays out texts of these lengths, in tokens. */
export function layOutRows(lengths: readonly number[]): TokenRows {
  const count = Int32Array.from(lengths, (length) => length - 1);
  const start = new Int32Array(count.length);
  for (let item = 1; item < count.length; item++) {
    start[item] = i32(start, item - 1) + i32(count, item - 1);
  }
  return { start, count, total: count.reduce((sum, n) => sum + n, 0) };
}

/** Rows of `items`, text after text. */
export function rowsOf(rows: TokenRows, items: Int32Array): Int32Array {
  return Int32Array.from(
    Array.from(items).flatMap((item) =>
      Array.from({ length: i32(rows.count, item) }, (_, i) => i32(rows.start, item) + i),
    ),
  );
}

/** Pairs of texts of one length. */
export interface TextPairs {
  /** `[pair]`, text that is patched. */
  readonly target: Int32Array;
  /** `[pair]`, text whose states are used. */
  readonly source: Int32Array;
}

/** Rows of both ends of some pairs; row r of one goes with row r of the other. */
export interface RowPairs {
  readonly target: Int32Array;
  readonly source: Int32Array;
  /** `[pair]`, rows of each. */
  readonly count: Int32Array;
}

/** Pairs of texts → pairs of their tokens. @throws {@link InvariantError} when two lengths differ. */
export function pairRows(rows: TokenRows, { target, source }: TextPairs): RowPairs {
  const count = target.map((item) => i32(rows.count, item));
  invariant(
    source.every((item, pair) => i32(rows.count, item) === i32(count, pair)),
    "texts of a pair have one length",
  );
  return { target: rowsOf(rows, target), source: rowsOf(rows, source), count };
}

/** The chosen pairs. */
export function takePairs({ target, source }: TextPairs, chosen: Int32Array): TextPairs {
  return {
    target: chosen.map((pair) => i32(target, pair)),
    source: chosen.map((pair) => i32(source, pair)),
  };
}

/**
 * One row for each distinct beginning among `items`: in a causal model two tokens have one state exactly when everything
 * up to them is the same, and copies would make a covariance look better known than it is.
 */
export function distinctRows(
  rows: TokenRows,
  items: Int32Array,
  prompts: readonly { readonly ids: readonly number[] }[],
): Int32Array {
  const seen = new Map<string, number>();
  for (const item of items) {
    let beginning = "";
    prompts[item]?.ids.forEach((id, token) => {
      beginning += `${id},`;
      if (token > 0 && !seen.has(beginning)) seen.set(beginning, i32(rows.start, item) + token - 1);
    });
  }
  return Int32Array.from(seen.values());
}
