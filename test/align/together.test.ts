import { expect, it } from "vitest";
import { together } from "../../src/align/together.js";

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
