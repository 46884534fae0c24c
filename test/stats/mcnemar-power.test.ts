import { describe, expect, it } from "vitest";
import { mcnemarPower, pairsToDecideMcNemar } from "../../src/stats/mcnemar-power.js";
import { mcnemar } from "../../src/stats/mcnemar.js";
import type { Decisiveness } from "../../src/stats/power.js";
import { stream } from "../../src/stats/stream.js";
import { drawDiscordance, rowsOf, threeErrors } from "./simulate.js";

const USUAL: Decisiveness = { confidence: 0.95, power: 0.8 };
// a sum of some hundred products of tails, each to 1e-13, and what negligible counts leave
const EXACT = 1e-7;

function whole(n: number | undefined): number {
  if (n === undefined) throw new Error("no number decides");
  return n;
}

const CASES = [
  { onlyA: 0.15, onlyB: 0.05 },
  { onlyA: 0.02, onlyB: 0.08 },
  { onlyA: 0.3, onlyB: 0.2 },
  { onlyA: 0.12, onlyB: 0.01 },
  { onlyA: 0.05, onlyB: 0 },
];

describe("pairs that McNemar's test needs", () => {
  it.each(CASES)("have the power asked for, one fewer has not: $onlyA, $onlyB", (shares) => {
    const n = whole(pairsToDecideMcNemar(shares, USUAL));
    expect(mcnemarPower(n, shares, 0.95)).toBeGreaterThanOrEqual(0.8);
    expect(mcnemarPower(n - 1, shares, 0.95)).toBeLessThan(0.8);
  });

  it.each(CASES)("decide four times out of five on simulated rows: $onlyA, $onlyB", (shares) => {
    const n = whole(pairsToDecideMcNemar(shares, USUAL));
    const runs = 600;
    const rng = stream(91, "mcnemar power");
    let decided = 0;
    for (let run = 0; run < runs; run++) {
      const { a, b } = rowsOf(drawDiscordance(rng, n, shares));
      decided += mcnemar(a, b).p <= 0.05 ? 1 : 0;
    }
    expect(Math.abs(decided / runs - 0.8)).toBeLessThan(threeErrors(0.8, runs));
  });

  it("catches a formula without the share of the power: it decides half of the time (planted fault)", () => {
    const shares = { onlyA: 0.15, onlyB: 0.05 };
    const n = whole(pairsToDecideMcNemar(shares, { ...USUAL, power: 0.5 }));
    expect(mcnemarPower(n, shares, 0.95)).toBeLessThan(0.75);
  });

  it("are nearly those of the normal approximation where there are very many", () => {
    // 20,000 is where the exact search ends: the number may not jump there
    const at = (gap: number): number =>
      whole(pairsToDecideMcNemar({ onlyA: 0.1 + gap, onlyB: 0.1 }, USUAL));
    const [exact, approximate] = [at(0.0093), at(0.0089)];
    expect(exact).toBeLessThan(20_000);
    expect(approximate).toBeGreaterThan(20_000);
    const expected = (0.0093 / 0.0089) ** 2;
    expect(Math.abs(approximate / exact / expected - 1)).toBeLessThan(0.01);
  });

  it("are undefined for equal rates, and refused for what are no shares", () => {
    expect(pairsToDecideMcNemar({ onlyA: 0.1, onlyB: 0.1 }, USUAL)).toBeUndefined();
    expect(() => pairsToDecideMcNemar({ onlyA: 0.7, onlyB: 0.6 }, USUAL)).toThrow("disagreement");
    expect(() => pairsToDecideMcNemar(CASES[0]!, { ...USUAL, power: 1 })).toThrow("power 1");
  });
});

describe("the power of McNemar's test", () => {
  it("is that done by hand where every pair disagrees: six of six alike", () => {
    // 2/64 ≤ .05 and nothing else: .9⁶ + .1⁶
    const found = mcnemarPower(6, { onlyA: 0.9, onlyB: 0.1 }, 0.95);
    expect(Math.abs(found - (0.9 ** 6 + 0.1 ** 6))).toBeLessThan(EXACT);
    expect(mcnemarPower(5, { onlyA: 0.9, onlyB: 0.1 }, 0.95)).toBe(0);
  });

  it("stays below the level under equal rates", () => {
    for (const n of [20, 60, 300]) {
      expect(mcnemarPower(n, { onlyA: 0.1, onlyB: 0.1 }, 0.95)).toBeLessThan(0.05);
    }
  });

  it("does not mind which row is first", () => {
    for (const { onlyA, onlyB } of CASES) {
      const here = mcnemarPower(150, { onlyA, onlyB }, 0.95);
      const there = mcnemarPower(150, { onlyA: onlyB, onlyB: onlyA }, 0.95);
      expect(Math.abs(here - there)).toBeLessThan(EXACT);
    }
  });
});
