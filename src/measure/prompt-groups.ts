/**
 * @file Rows of one prompt together: what is constant of a prompt (keys and values before the patched token) is then
 * read once and serves them all.
 */

/**
 * Rows in groups of one item each, all groups of the same size: the largest of at most `most` rows that divides how often
 * each item occurs. Groups keep the order in which items first occur, rows their own.
 */
export function groupByPrompt(items: Int32Array, most: number): number[][] {
  const rowsOf = new Map<number, number[]>();
  items.forEach((item, row) => {
    const rows = rowsOf.get(item);
    if (rows === undefined) rowsOf.set(item, [row]);
    else rows.push(row);
  });
  const common = [...rowsOf.values()].reduce((all, { length }) => gcd(all, length), 0);
  const size = largestDivisor(common, most);
  return [...rowsOf.values()].flatMap((rows) =>
    Array.from({ length: rows.length / size }, (_, i) => rows.slice(i * size, (i + 1) * size)),
  );
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function largestDivisor(of: number, most: number): number {
  for (let size = Math.min(of, most); size > 1; size--) if (of % size === 0) return size;
  return 1;
}
