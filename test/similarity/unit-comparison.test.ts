/** @file Units of two layers: a permuted copy is matched exactly, unrelated ones come to the chance that is stated. */
import { describe, expect, it } from "vitest";
import { matrix, multiply, takeColumns, type Matrix } from "../../src/numeric/matrix.js";
import { compareUnits } from "../../src/similarity/unit-comparison.js";
import { stream } from "../../src/stats/stream.js";
import { gaussian } from "./draws.js";

const ITEMS = 600;
const UNITS = 24;

function compared(x: Matrix, y: Matrix): ReturnType<typeof compareUnits> {
  return compareUnits({ x, y }, stream(1, "compared"));
}

function valuesOf({ figures }: ReturnType<typeof compareUnits>): Record<string, number | null> {
  return Object.fromEntries(figures.map(({ name, value }) => [name, value]));
}

const x = gaussian(stream(2, "units"), ITEMS, UNITS);
const order = stream(2, "order").shuffle([...Array(UNITS).keys()]);

describe("units of two layers", () => {
  it("of a permuted copy are all matched, one foretells one, and held-out scores are those of a unit with itself", () => {
    const found = valuesOf(compared(x, takeColumns(x, order)));
    for (const name of ["r semi", "r bip"]) expect(found[name]).toBeCloseTo(1, 12);
    expect(found["r same"]).toBe(1);
    expect(found["I same"]).toBe(1);
    expect(found["I bip"]).toBe(found["I semi"]);
    expect(found["I bip"]).toBeGreaterThan(1); // of log 5 = 1.6 nats at five bins
    expect(found["units"]).toBe(1);
    expect(found["R²"]).toBeGreaterThan(0.99);
    expect(found["shared"]).toBe(1);
    expect(found["cos"]).toBeCloseTo(1, 6);
  });

  it("of a copy with some signs turned are not matched there: opposites are no partners", () => {
    const turned = { ...x, data: x.data.map((value, at) => (at % UNITS < 6 ? -value : value)) };
    const found = valuesOf(compared(x, turned));
    expect(found["r semi"]).toBeLessThan(0.8);
    expect(found["r semi"]).toBeGreaterThan(0.7); // 18 of 24
    expect(found["I same"]).toBe(1); // information has no sign
  });

  it("of unrelated layers come near their chance, which is near 0 for held-out scores", () => {
    const { figures } = compared(x, gaussian(stream(3, "other"), ITEMS, 30));
    for (const { name, value, chance, n } of figures) {
      if (chance === undefined || chance === null || value === null) continue;
      if (name === "cluster" || name === "shared") continue; // few, and whole numbers of units
      // shares are of 24 units; the others are means of correlations of size n^−½
      const width = name.endsWith("same") ? 0.35 : 4 / Math.sqrt(n);
      expect(Math.abs(value - chance), name).toBeLessThan(width);
      if (/semi|bip/.test(name)) expect(Math.abs(value), name).toBeLessThan(0.06);
    }
  });

  it("leaves out units that do not vary, and has a reason instead of figures where none do", () => {
    const some = { ...x, data: x.data.map((value, at) => (at % UNITS < 4 ? 3 : value)) };
    const found = compared(some, x);
    expect(found.x).toEqual({ used: UNITS - 4, of: UNITS });
    expect(valuesOf(found)["r bip"]).toBeCloseTo(1, 12);
    const flat = compared(matrix(ITEMS, UNITS), x);
    expect(flat).toMatchObject({ figures: [], x: { used: 0 } });
    expect(flat.reason).toContain("fewer than two units vary");
  });

  it("says why a figure is missing, and never gives a number that is none", () => {
    // 60 units that are 3, up to a thousandth: hundreds of ways to foretell one from the others
    const random = stream(4, "alike");
    const factors = gaussian(random, 40, 3);
    const alike = (): Matrix => {
      const exact = multiply(factors, gaussian(random, 3, 60));
      return { ...exact, data: exact.data.map((value) => value + 1e-3 * random.normal()) };
    };
    const { figures } = compared(alike(), alike());
    const missing = figures.filter(({ value }) => value === null);
    expect(missing.map(({ name }) => name)).toEqual(["R²", "units"]);
    for (const { reason } of missing) expect(reason).toContain("did not settle");
    for (const { value, reason, chance } of figures) {
      expect(reason === undefined).toBe(value !== null);
      expect(value === null || Number.isFinite(value)).toBe(true);
      expect(chance === undefined || chance === null || Number.isFinite(chance)).toBe(true);
    }
  });
});
