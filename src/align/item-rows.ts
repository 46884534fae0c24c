/**
 * @file Rows that share items: what depends on an item alone is worked out once for all rows that have it. A batch of
 * pairs patches and reads the same few hundred items over and over.
 */
import { present } from "../errors.js";
import { matrix, row, rowBlocks, type Matrix } from "../numeric/matrix.js";
import { Room } from "../numeric/room.js";
import { axpy, i32 } from "../numeric/vector.js";

/** Items of some rows, each once. */
export interface ItemRows {
  /** `[place]`, item: in the order in which the rows first name them. */
  readonly distinct: Int32Array;
  /** `[row]`, place of the row's item. */
  readonly place: Int32Array;
}

/** Items of several lists of rows, each once. */
export interface SharedItems {
  /** `[place]`, item: in the order in which the lists first name them. */
  readonly distinct: Int32Array;
  /** `[list][row]`, place of the row's item. */
  readonly places: readonly Int32Array[];
}

/** Finds the distinct items of lists of `[row]` items. */
export function shareLists(lists: readonly Int32Array[]): SharedItems {
  const known = new Map<number, number>();
  const places = lists.map((items) =>
    items.map((item) => {
      const place = known.get(item) ?? known.size;
      known.set(item, place);
      return place;
    }),
  );
  return { distinct: Int32Array.from(known.keys()), places };
}

/** Finds the distinct items of `[row]` items. */
export function shareItems(items: Int32Array): ItemRows {
  const { distinct, places } = shareLists([items]);
  return { distinct, place: present(places[0], "the only list") };
}

/** Items whose states are gathered together; a multiple of four, so that a sum over blocks has the order of one pass. */
const BLOCK = 64;
const GATHERED = new Room();

/** States of some of the distinct items. */
export interface ItemBlock {
  /** `[last − first, cols]`; overwritten by the next block. */
  readonly block: Matrix;
  readonly first: number;
  readonly last: number;
}

/** The rows of `states` `[item, cols]` of distinct items, in their order, a block at a time. One loop at a time. */
export function* distinctBlocks(distinct: Int32Array, states: Matrix): Generator<ItemBlock> {
  const { cols, data } = states;
  for (const [first, last] of rowBlocks(distinct.length, BLOCK)) {
    const block = GATHERED.matrix(last - first, cols);
    for (let r = first; r < last; r++) {
      const from = i32(distinct, r) * cols;
      block.data.set(data.subarray(from, from + cols), (r - first) * cols);
    }
    yield { block, first, last };
  }
}

/** `[place, cols]` → `[row, cols]`: each row gets what its item has. */
export function spreadToRows(perItem: Matrix, { place }: ItemRows): Matrix {
  const { cols, data } = perItem;
  const out = matrix(place.length, cols);
  for (let r = 0; r < place.length; r++) {
    const from = i32(place, r) * cols;
    out.data.set(data.subarray(from, from + cols), r * cols);
  }
  return out;
}

/** `[row, cols]` → `[place, cols]`: the sum over the rows of each item. */
export function sumPerItem(perRow: Matrix, { distinct, place }: ItemRows): Matrix {
  const out = matrix(distinct.length, perRow.cols);
  for (let r = 0; r < place.length; r++) {
    axpy(1, row(perRow, r), { y: row(out, i32(place, r)), n: perRow.cols });
  }
  return out;
}
