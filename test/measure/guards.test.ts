/** @file What the guards let pass and what they refuse, each alone. Whole runs: `wrong-on-purpose.test.ts`. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomSubspace } from "../../src/align/stiefel.js";
import { NumericsError } from "../../src/errors.js";
import { listFaults } from "../../src/measure/guards.js";
import { checkMoved, checkOrthonormal, checkSources } from "../../src/measure/interchange-guard.js";
import { checkPairs } from "../../src/measure/pair-guard.js";
import { tableRuns } from "../../src/measure/table-run.js";
import { matrix } from "../../src/numeric/matrix.js";
import { stream } from "../../src/stats/stream.js";
import { circle, toyCell, type ToyModel } from "../support/toy-world.js";

function codeOf(act: () => void): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof NumericsError) return error.code;
    throw error;
  }
  return undefined;
}

const sizes = fc
  .record({
    k: fc.integer({ min: 1, max: 24 }),
    d: fc.integer({ min: 24, max: 96 }),
    seed: fc.nat(),
  })
  .map(({ k, d, seed }) => randomSubspace(k, d, stream(seed, "guard")));

describe("the guard of orthonormal rows", () => {
  it("lets every subspace pass that our QR makes", () => {
    fc.assert(
      fc.property(sizes, (p) => {
        expect(
          codeOf(() => {
            checkOrthonormal(p, "");
          }),
        ).toBeUndefined();
      }),
    );
  });

  it("refuses any row that is longer by a millionth, and any NaN or infinity, wherever it stands", () => {
    const faults = fc.constantFrom<(x: number) => number>(
      (x) => x * (1 + 1e-6),
      () => NaN,
      () => Infinity,
    );
    fc.assert(
      fc.property(sizes, fc.nat(), faults, (p, at, fault) => {
        const row = at % p.rows;
        const data = p.data.map((x, i) => (Math.floor(i / p.cols) === row ? fault(x) : x));
        expect(
          codeOf(() => {
            checkOrthonormal({ ...p, data }, "");
          }),
        ).toBe("NOT_ORTHONORMAL");
      }),
    );
  });
});

describe("the guards of idle interchanges", () => {
  const target = Int32Array.of(0, 1);
  const source = Int32Array.of(2, 3);
  const trials = { target, source };
  const varied = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const constant = Float32Array.of(1, 2, 1, 2, 1, 2, 1, 2);
  const own = (states: Float32Array): Float32Array => states.slice(0, 4);
  const moved = (states: Float32Array, patched: Float32Array): string | undefined =>
    codeOf(() => {
      checkMoved({ patched, states, dModel: 2, trials }, "");
    });

  it("refuse targets that keep their states, and pass where one number differs", () => {
    expect(moved(varied, own(varied))).toBe("IDLE_INTERCHANGE");
    expect(moved(varied, own(varied).with(3, 4.5))).toBeUndefined();
  });

  it("pass where all states are the same, because there is nothing to exchange", () => {
    expect(moved(constant, own(constant))).toBeUndefined();
  });

  it("count NaN as moved: the check of finite answers stops that", () => {
    expect(moved(varied, own(varied).with(0, NaN))).toBeUndefined();
  });

  const sources = (states: Float32Array, items: Int32Array): string | undefined => {
    const normalised = matrix(4, 2, Float64Array.from(states));
    const subspace = matrix(1, 2, Float64Array.of(0, 1));
    return codeOf(() => {
      checkSources({ subspace, normalised, items }, target, "");
    });
  };

  it("refuse sources that bring the same coordinates, by one item or by a dead direction", () => {
    expect(sources(varied, Int32Array.of(2, 2))).toBe("IDLE_INTERCHANGE");
    expect(sources(varied.with(7, 6), source)).toBe("IDLE_INTERCHANGE");
    expect(sources(varied, source)).toBeUndefined();
    expect(sources(constant, source)).toBeUndefined();
  });
});

describe("the guard of pairs", () => {
  const code = circle([0, 1, 2, 3], 6);
  const base: ToyModel = {
    dModel: 12,
    basis: 1,
    gain: 0.5,
    blocks: [{ writes: code, reads: code }],
  };
  const inverted = { ...base, answer: [1, 2, 3, 0] };
  const world = { classes: 4, items: 200 };

  it("lets the tuned model's own table pass, and holds it to that table", () => {
    const own = Int32Array.of(1, 2, 3, 0);
    const input = toyCell(world, { base, tuned: inverted }, { k: 3, own });
    checkPairs(input, tableRuns(input));
    const causal = { ...input.own!, answer: input.causal.answer };
    const runs = tableRuns({ ...input, own: causal });
    expect(
      codeOf(() => {
        checkPairs(input, runs);
      }),
    ).toBe("LABELS_SHIFTED");
  });

  it("looks at isolation pairs too", () => {
    const input = toyCell(world, { base, tuned: base }, { k: 3 });
    const items = Int32Array.of(190);
    const isolation = { target: items, source: items, label: items };
    expect(
      codeOf(() => {
        checkPairs({ ...input, isolation }, tableRuns(input));
      }),
    ).toBe("SELF_PAIR");
  });
});

it("faults are listed up to three, then counted", () => {
  expect(listFaults(["a", "b", "c"])).toBe("a; b; c");
  expect(listFaults(["a", "b", "c", "d", "e"])).toBe("a; b; c; and 2 more");
});
