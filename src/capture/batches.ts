/**
 * @file Rows into batches: rows of similar length together, so that little is padded.
 */

/** Limits of one run of a model. */
export interface BatchLimit {
  readonly rows: number;
}

/** Splits row indices 0 … lengths.length − 1 into batches of at most `rows`, sorted by length (stable). */
export function batchByLength(lengths: ArrayLike<number>, { rows }: BatchLimit): number[][] {
  const order = Array.from({ length: lengths.length }, (_, row) => row).sort(
    (a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b,
  );
  const batches: number[][] = [];
  for (let at = 0; at < order.length; at += rows) batches.push(order.slice(at, at + rows));
  return batches;
}
