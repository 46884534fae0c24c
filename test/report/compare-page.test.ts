/** @file The page of a comparison: blocks are marked, what is undefined says why, and nothing is a number that is none. */
import { expect, it } from "vitest";
import { renderComparison } from "../../src/report/html/compare-page.js";
import { sampleComparison } from "../support/sample-comparison.js";

it("shows blocks, pairs, units with their chance, and reasons", () => {
  const page = renderComparison(sampleComparison);
  expect(page.match(/class="heat-block"/g)).toHaveLength(1);
  for (const said of [
    "blocks 0-1 (p = 0.001, 50 % tighter, steps across 2.0 × those inside)",
    "no blocks: a steady drift",
    "mas-audit BASE TUNED --layers 1",
    "tuned layer 1: undefined, its states do not vary",
    "base layer 0, tuned layer 0: undefined, nothing varies",
    "base layer 1, tuned layer 1, cos: undefined, no shared cluster",
    "9 of 9, 8 of 9",
    "chance 0.010",
  ]) {
    expect(page).toContain(said);
  }
  expect(/NaN|Infinity|<script|(src|href)="(?!data:)/.test(page)).toBe(false);
});
