/** @file Memory that is used again: grows, and is the same until it does. */
import { expect, it } from "vitest";
import { Room } from "../../src/numeric/room.js";

it("gives matrices of the asked shape in one memory, which grows where it is too small", () => {
  const room = new Room();
  const first = room.matrix(2, 3);
  expect([first.rows, first.cols, first.data.length]).toEqual([2, 3, 6]);
  first.data.fill(7);
  const second = room.matrix(1, 4);
  expect(second.data.buffer).toBe(first.data.buffer);
  expect([...second.data]).toEqual([7, 7, 7, 7]);
  const larger = room.matrix(4, 4);
  expect(larger.data.buffer).not.toBe(first.data.buffer);
  expect(larger.data.length).toBe(16);
});
