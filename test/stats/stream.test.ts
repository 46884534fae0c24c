import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stream, type Stream } from "../../src/stats/stream.js";

const take = (n: number, draw: () => number): number[] => Array.from({ length: n }, draw);
const uniforms = (s: Stream, n: number): number[] => take(n, () => s.next());
const normals = (s: Stream, n: number): number[] => take(n, () => s.normal());

describe("a stream", () => {
  it("gives the same numbers for the same seed and name", () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), (seed, name) => {
        expect(uniforms(stream(seed, name), 5)).toEqual(uniforms(stream(seed, name), 5));
      }),
    );
  });

  it("gives other numbers for another seed or another name", () => {
    const first = uniforms(stream(1, "align"), 5);
    expect(uniforms(stream(2, "align"), 5)).not.toEqual(first);
    expect(uniforms(stream(1, "items"), 5)).not.toEqual(first);
  });

  it("forks independently of what was drawn before", () => {
    fc.assert(
      fc.property(fc.nat(50), (drawn) => {
        const parent = stream(7, "run");
        uniforms(parent, drawn);
        expect(uniforms(parent.fork("cell"), 5)).toEqual(
          uniforms(stream(7, "run").fork("cell"), 5),
        );
      }),
    );
  });

  it("is not shifted by its forks", () => {
    const forked = stream(7, "run");
    uniforms(forked.fork("a"), 3);
    uniforms(forked.fork("b"), 3);
    expect(uniforms(forked, 5)).toEqual(uniforms(stream(7, "run"), 5));
  });

  it("has forks that are uncorrelated with it and with each other", () => {
    const n = 4000;
    const parent = stream(3, "p");
    const rows = [parent.fork("a"), parent.fork("b"), parent].map((s) => normals(s, n));
    const correlation = (x: number[], y: number[]): number =>
      x.reduce((sum, v, i) => sum + v * y[i]!, 0) / n;
    // 4 standard errors of a correlation of independent normals
    const bound = 4 / Math.sqrt(n);
    expect(Math.abs(correlation(rows[0]!, rows[1]!))).toBeLessThan(bound);
    expect(Math.abs(correlation(rows[0]!, rows[2]!))).toBeLessThan(bound);
    expect(Math.abs(correlation(rows[1]!, rows[2]!))).toBeLessThan(bound);
  });

  it("has not changed its first values since they were frozen", () => {
    const s = stream(1, "frozen");
    expect({
      next: uniforms(s, 3),
      int: take(6, () => s.int(10)),
      normal: normals(s, 2),
      shuffle: s.shuffle([0, 1, 2, 3, 4, 5, 6, 7]),
      fork: s.fork("child").next(),
    }).toMatchInlineSnapshot(`
      {
        "fork": 0.4513475056852274,
        "int": [
          4,
          6,
          8,
          0,
          3,
          8,
        ],
        "next": [
          0.7308071594506517,
          0.4751730229941885,
          0.5233721493275235,
        ],
        "normal": [
          -2.182330433218463,
          -1.2068538539600688,
        ],
        "shuffle": [
          0,
          2,
          5,
          1,
          6,
          3,
          4,
          7,
        ],
      }
    `);
  });

  it("shuffles to a permutation and picks a member", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer(), { minLength: 1 }), (seed, list) => {
        const s = stream(seed, "x");
        expect([...s.shuffle(list)].sort((a, b) => a - b)).toEqual([...list].sort((a, b) => a - b));
        expect(list).toContain(s.pick(list));
      }),
    );
  });

  it("draws normals of mean 0 and variance 1, and integers evenly", () => {
    const n = 20_000;
    const s = stream(5, "moments");
    const drawn = normals(s, n);
    const mean = drawn.reduce((a, b) => a + b, 0) / n;
    const variance = drawn.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
    // 4 standard errors: 1/√n of the mean, √(2/n) of the variance
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    const counts = take(n, () => s.int(5)).reduce(
      (found, i) => found.map((c, j) => (i === j ? c + 1 : c)),
      [0, 0, 0, 0, 0],
    );
    for (const count of counts) {
      expect(Math.abs(count / n - 0.2)).toBeLessThan(4 * Math.sqrt((0.2 * 0.8) / n));
    }
  });

  it("refuses to draw from nothing", () => {
    const s = stream(1, "x");
    expect(() => s.int(0)).toThrow("stream.int(0)");
    expect(() => s.pick([])).toThrow("stream.int(0)");
  });
});
