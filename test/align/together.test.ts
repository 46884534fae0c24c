import { expect, it } from "vitest";
import { inTurn, together } from "../../src/align/together.js";

const later = <T>(value: T): Promise<T> => new Promise((done) => setTimeout(done, 5, value));

it("gives results in the order of the list, whichever ends first", async () => {
  expect(await together([later(1), Promise.resolve("b")])).toEqual([1, "b"]);
});

it("waits for the rest before it throws the first failure of the list", async () => {
  let ended = false;
  const slow = later(0).then(() => {
    ended = true;
    throw new Error("slow");
  });
  const failed = together([slow, Promise.reject(new Error("fast"))]);
  await expect(failed).rejects.toThrow("slow");
  expect(ended).toBe(true);
});

it("begins each piece of work when the one before has sent what it sends at once", async () => {
  const log: string[] = [];
  const work = [0, 1, 2].map((i) => async () => {
    log.push(`begin ${i}`);
    for (let tick = 0; tick < 10; tick++) await Promise.resolve();
    log.push(`send ${i}`);
    return later(i);
  });
  expect(await inTurn(work)).toEqual([0, 1, 2]);
  expect(log).toEqual([0, 1, 2].flatMap((i) => [`begin ${i}`, `send ${i}`]));
});

it("begins what comes after a failure too, and throws the first failure of the list", async () => {
  let begun = false;
  const work = [
    () => Promise.reject(new Error("first")),
    () => {
      begun = true;
      return Promise.reject(new Error("second"));
    },
  ];
  await expect(inTurn(work)).rejects.toThrow("first");
  expect(begun).toBe(true);
});
