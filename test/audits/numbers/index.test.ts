/** @file What holds of the number tasks together. */
import { describe, expect, it } from "vitest";
import { NUMBER_TASKS } from "../../../audits/numbers/index.js";
import { stream } from "../../../src/stats/stream.js";

describe("the number tasks", () => {
  it("are told apart by their ids", () => {
    expect(NUMBER_TASKS.map(({ id }) => id)).toEqual([
      "multi-object",
      "single-object",
      "same-object",
      "multi-object-modulo",
      "multi-object-rounding",
      "arithmetic",
    ]);
  });

  it("use token ids of their own vocabulary, and no padding inside", () => {
    for (const task of NUMBER_TASKS) {
      const { ids } = task.sample(stream(1, "ids"));
      expect(Math.min(...ids)).toBeGreaterThan(0);
      expect(Math.max(...ids)).toBeLessThan(task.vocabulary.length);
    }
  });
});
