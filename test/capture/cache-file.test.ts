/** @file Keys and values come back from the file as they went in: of any cuts from the top, up to any token. */
import { expect, it } from "vitest";
import { CacheFile } from "../../src/capture/cache-file.js";
import { readStored } from "../../src/runtime/stored-feeds.js";
import { tensor } from "../../src/runtime/tensor.js";
import { temporaryFolder } from "../support/tiny-models.js";

const folder = temporaryFolder();

/** `[batch, 2, token, 3]` below, `[batch, token, 2]` above. */
const SHAPES = [
  { tokenAxis: 2, sizes: [2, 0, 3] },
  { tokenAxis: 1, sizes: [0, 2] },
];
const LENGTHS = [4, 2, 3];
const WIDTH = 4;
const zeros = (length: number): Float32Array => new Float32Array(length);

/** A number that tells where it stands. */
const spell = (cut: number, item: number, outer: number, token: number, inner: number): number =>
  10_000 * cut + 1000 * item + 100 * outer + 10 * token + inner;

/** Outputs of a batch `[item, outer, WIDTH, inner]`; what stands at padded tokens is −1. */
function outputs(cut: number, [outer, inner]: readonly [number, number]): Float32Array {
  const values = LENGTHS.flatMap((length, item) =>
    Array.from({ length: outer }, (_, o) =>
      Array.from({ length: WIDTH }, (__, t) =>
        Array.from({ length: inner }, (___, i) => (t < length ? spell(cut, item, o, t, i) : -1)),
      ),
    ),
  );
  return Float32Array.from(values.flat(3));
}

it("gives back the topmost cuts of a batch, each row up to its own token", () => {
  const file = new CacheFile(`${folder}/caches.f32`, LENGTHS, SHAPES);
  const caches = [outputs(0, [2, 3]), outputs(1, [1, 2])];
  for (const item of [2, 0, 1]) file.write(item, { row: item, width: WIDTH, caches });
  const [items, past] = [
    [2, 0],
    [1, 3],
  ];
  const expected = (cut: number, [outer, inner]: readonly [number, number]): number[] =>
    items.flatMap((item, row) =>
      Array.from({ length: outer * 3 * inner }, (_, at) => {
        const [o, t, i] = [Math.floor(at / (3 * inner)), Math.floor(at / inner) % 3, at % inner];
        return t < past[row]! ? spell(cut, item, o, t, i) : 0;
      }),
    );
  const both = readStored(file.stored(items, past, 2), zeros);
  expect(Object.keys(both)).toEqual(["cache_1", "cache_0"]); // counted from the top
  const [below, above] = [both["cache_1"]!, both["cache_0"]!];
  expect([below.dims, above.dims]).toEqual([
    [2, 2, 3, 3],
    [2, 3, 2],
  ]);
  expect([...below.data]).toEqual(expected(0, [2, 3]));
  expect([...above.data]).toEqual(expected(1, [1, 2]));
  expect(readStored(file.stored(items, past, 1), zeros)).toEqual({ cache_0: above });
  file.close();
});

it("gives all tokens but the last, of rows that are as long as each other and of others", () => {
  const file = new CacheFile(`${folder}/whole.f32`, [4, 4, 3], SHAPES);
  const caches = [outputs(0, [2, 3]), outputs(1, [1, 2])];
  const numbersOf = (items: readonly number[], past: readonly number[]): number[][] =>
    Object.values(readStored(file.stored(items, past, 2), zeros)).map(({ data }) => [
      ...(data as Float32Array),
    ]);
  // the rows of a batch of WIDTH tokens: items 0 and 0 are alike, item 2 is shorter
  [0, 0, 2].forEach((row, item) => {
    file.write(item, { row, width: WIDTH, caches });
  });
  const alone = [0, 1, 2].map((item) => numbersOf([item], [2]));
  expect(alone[1]).toEqual(alone[0]);
  const [below, above] = [0, 1].map((cut) => [0, 2].map((item) => alone[item]![cut]!));
  expect(numbersOf([0, 2], [2, 2])).toEqual([below!.flat(), above!.flat()]); // read in part, read whole
  expect(numbersOf([1, 0], [3, 3])[1]).toEqual([0, 0].flatMap(() => numbersOf([0], [3])[1]!));
  file.close();
});

it("has an axis of length 1 where no token comes before, and refuses more cuts than it holds", () => {
  const file = new CacheFile(`${folder}/first.f32`, [1], [{ tokenAxis: 1, sizes: [0, 2] }]);
  file.write(0, { row: 0, width: 1, caches: [Float32Array.of(5, 6)] });
  expect(readStored(file.stored([0], [0], 1), zeros)).toEqual({
    cache_0: tensor("float32", [1, 1, 2], Float32Array.of(0, 0)),
  });
  expect(() => file.stored([0], [0], 2)).toThrow(/2 of 1 cuts/);
  file.close();
});

it("refuses a file that ends before its rows do, and more tokens than it holds", () => {
  const file = new CacheFile(`${folder}/short.f32`, [3, 3], [{ tokenAxis: 1, sizes: [0, 2] }]);
  file.write(0, { row: 0, width: 3, caches: [Float32Array.of(5, 6, 7, 8, -1, -1)] });
  for (const past of [1, 2])
    expect(() => readStored(file.stored([1], [past], 1), zeros)).toThrow(
      /read 0 of 16 bytes of ".*short/,
    );
  expect(() => file.stored([0], [3], 1)).toThrow("3 tokens before one of 3");
  file.close();
});
