/** @file The correlative figures of a cell: alike for a copy in another basis, undefined where nothing varies. */
import { describe, expect, it } from "vitest";
import type { CellSimilarity, SimilarityFigure } from "../../src/measure/measures.js";
import { measureSimilarity } from "../../src/measure/similarity.js";
import { prepareSite } from "../../src/measure/site.js";
import { CIRCLES as world, IN_ORDER as base, RECODED, toyCell } from "../support/toy-world.js";

/** Toy states are float32 of size 1, rotated: relative rounding of 1e-7 over 64 coordinates. */
const ROUNDING = 1e-4;

function figuresOf(found: CellSimilarity): readonly SimilarityFigure[] {
  return [found.linearCkaDebiased, found.rsa, found.procrustes];
}

describe("figures of a cell", () => {
  it("are 1 for a copy in another basis and scale, and name variant and n", () => {
    const cell = toyCell(world, { base, tuned: { ...base, basis: 99, scale: 3 } }, { k: 7 });
    const found = measureSimilarity(cell, prepareSite(cell));
    for (const figure of figuresOf(found)) {
      expect(figure.n).toBeGreaterThan(50);
      expect(figure.n).toBeLessThanOrEqual(200);
      expect(figure.undefinedBecause).toBeUndefined();
    }
    expect(Math.abs(found.linearCkaDebiased.value! - 1)).toBeLessThan(ROUNDING);
    expect(found.rsa.value!).toBeGreaterThan(1 - ROUNDING);
    expect(found.procrustes.nFit).toBeLessThanOrEqual(96);
    // the fitted span holds all 64 dimensions: what is not foretold is rounding, and noise of each toy model's own
    expect(found.procrustes.value!).toBeGreaterThan(0.9);
    expect(found.linearCkaDebiased.measure).toBe("linear CKA, debiased");
    expect(found.rsa.measure).toBe("RSA, Euclidean distance, Spearman's ρ");
  });

  it("are below those of a copy for a model that arranges its classes otherwise", () => {
    const cell = toyCell(world, { base, tuned: RECODED }, { k: 7 });
    const { linearCkaDebiased, rsa } = measureSimilarity(cell, prepareSite(cell));
    expect(linearCkaDebiased.value!).toBeLessThan(0.9);
    expect(rsa.value!).toBeLessThan(0.9);
  });

  it("say why they are undefined where the states of a model do not differ", () => {
    const cell = toyCell(world, { base, tuned: base }, { k: 7 });
    const states = new Float32Array(cell.sides.tuned.states.length).fill(2);
    const flat = { ...cell, sides: { ...cell.sides, tuned: { ...cell.sides.tuned, states } } };
    for (const figure of figuresOf(measureSimilarity(flat, prepareSite(flat)))) {
      expect(figure.value).toBeUndefined();
      expect(figure.undefinedBecause).toMatch(/different states|do not differ/);
    }
  });
});
