/** @file When maps on behaviour alone are learned beside the natural ones. */
import { describe, expect, it } from "vitest";
import { DIRECTIONS, type DirectedHits, type Direction } from "../../src/measure/measures.js";
import { leavesRoomForSteering } from "../../src/measure/steering-room.js";

/** 200 trials by direction, of which so many hit. */
function hits(counts: Partial<Record<Direction, number>>): DirectedHits {
  return Object.fromEntries(
    DIRECTIONS.flatMap((way) => {
      const n = counts[way];
      return n === undefined ? [] : [[way, "1".repeat(n) + "0".repeat(200 - n)]];
    }),
  );
}

const GOOD = { "base→base": 200, "base→tuned": 190, "tuned→base": 190, "tuned→tuned": 200 };

describe("steering", () => {
  it("is not looked for where both cross directions do .95 of what their targets' own do", () => {
    expect(leavesRoomForSteering(hits(GOOD))).toBe(false);
    expect(leavesRoomForSteering(hits({ ...GOOD, "base→base": 20, "tuned→base": 19 }))).toBe(false);
  });

  it.each(["base→tuned", "tuned→base"] as const)("is looked for where %s does less", (way) => {
    expect(leavesRoomForSteering(hits({ ...GOOD, [way]: 189 }))).toBe(true);
  });

  it("is not looked for where one model was learned alone: nothing crosses", () => {
    expect(leavesRoomForSteering(hits({ "base→base": 200 }))).toBe(false);
  });
});
