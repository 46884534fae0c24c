/** @file The estimate of time: arithmetic that can be done by hand, and its laws. */
import { describe, expect, it } from "vitest";
import {
  estimateTime,
  liveShare,
  promptFlops,
  rowFlops,
  type CellWork,
  type ModelWork,
  type RunWork,
  type Speed,
} from "../../src/plan/time.js";

const MODEL: ModelWork = { blockParameters: 4000, nLayers: 4, dModel: 10, vocab: 100 };
/** One operation per second, nothing besides: seconds are operations. */
const SPEED: Speed = {
  capture: 1,
  suffixes: [{ tokens: 1, forward: 1, gradient: 1 }],
  open: { forward: 0, gradient: 0 },
  cell: 0,
  row: 0,
};
const rows = (forward: number, gradient: number) => ({
  base: { forward, gradient, carried: gradient },
  tuned: { forward: 0, gradient: 0, carried: 0 },
});
const CELL: CellWork = {
  ...{ layer: 2, share: 0.5, tokens: 1, promptTokens: 6, answers: 3 },
  idle: rows(10, 0),
  live: { low: rows(20, 1), expected: rows(20, 2), high: rows(20, 4) },
};
const WORK: RunWork = {
  ...{ models: { base: MODEL, tuned: MODEL }, loadSeconds: 0, layers: [2], prompts: [] },
  cells: [CELL],
};
/** Sums of a few numbers in double precision. */
const SUMS = 1e-12;

const layerOf = (work: RunWork, speed: Speed) =>
  estimateTime(work, speed).parts.find(({ name }) => name === "layer 2")!.seconds;

describe("the operations of a row", () => {
  it("are two per weight and token above the site, four per key and width, and the answers' columns", () => {
    // two of four blocks hold 2000 weights; one token sees six keys
    const counted = 2 * 2000 + 2 * (4 * 10 * 6) + 2 * 10 * 3;
    expect(rowFlops(MODEL, CELL)).toBe(counted);
  });

  it("of every token of a prompt are those of the prompt run whole", () => {
    const row = { layer: 0, tokens: 6, promptTokens: 6, answers: MODEL.vocab };
    expect(promptFlops(MODEL, 6)).toBe(rowFlops(MODEL, row));
    // one token after the other, each with the keys before it
    const each = [1, 2, 3, 4, 5, 6].map((promptTokens) =>
      rowFlops(MODEL, { layer: 0, tokens: 1, promptTokens, answers: 0 }),
    );
    const head = 2 * MODEL.dModel * MODEL.vocab;
    expect(promptFlops(MODEL, 6)).toBe(each.reduce((a, b) => a + b, 0) + head);
  });
});

describe("the time of a layer", () => {
  it("is that of idle and live cells by their chance; a gradient counts twice", () => {
    const row = rowFlops(MODEL, CELL);
    const { low, expected, high } = layerOf(WORK, SPEED);
    expect(Math.abs(low / (row * (0.5 * 10 + 0.5 * 22)) - 1)).toBeLessThan(SUMS);
    expect(Math.abs(expected / (row * (0.5 * 10 + 0.5 * 24)) - 1)).toBeLessThan(SUMS);
    // at the most every site is learned
    expect(Math.abs(high / (row * 28) - 1)).toBeLessThan(SUMS);
  });

  it("takes the speed at the number of tokens that is nearest in proportion", () => {
    const suffixes = [
      { tokens: 1, forward: 1, gradient: 1 },
      { tokens: 8, forward: 10, gradient: 10 },
    ];
    const at = (tokens: number): number => {
      const cell = { ...CELL, tokens };
      const { high } = layerOf({ ...WORK, cells: [cell] }, { ...SPEED, suffixes });
      return (28 * rowFlops(MODEL, cell)) / high;
    };
    expect([1, 2, 3, 20].map((tokens) => Math.round(at(tokens)))).toEqual([1, 1, 10, 10]);
  });

  it("holds the opening of sessions, with gradients only as likely as something is learned", () => {
    const open = { forward: 3, gradient: 5 };
    const still = { ...CELL, idle: rows(0, 0), live: CELL.live };
    const idle = layerOf({ ...WORK, cells: [{ ...still, share: 0 }] }, { ...SPEED, open });
    // two models of two blocks above the layer
    expect(idle.expected).toBe(4 * 3);
    expect(idle.high - layerOf({ ...WORK, cells: [still] }, SPEED).high).toBe(4 * (3 + 5));
  });

  it("halves where the machine is twice as fast, and the range is ordered", () => {
    const fast = { ...SPEED, capture: 2, suffixes: [{ tokens: 1, forward: 2, gradient: 2 }] };
    const work = { ...WORK, prompts: [5, 6] };
    const [slow, twice] = [estimateTime(work, SPEED), estimateTime(work, fast)];
    expect(twice.seconds.expected).toBe(slow.seconds.expected / 2);
    expect(slow.seconds.low).toBeLessThan(slow.seconds.expected);
    expect(slow.seconds.expected).toBeLessThan(slow.seconds.high);
    expect(slow.nothingMoves).toBeLessThan(slow.seconds.low);
  });
});

describe("the chance that a variable can be moved", () => {
  const roles = ["last", "subject", "object"];
  it("passes from the words to the last token, and is one site per layer throughout", () => {
    for (let depth = 0; depth <= 1; depth += 0.05) {
      const shares = roles.map((role) => liveShare({ role, roles, depth }));
      expect(Math.abs(shares.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(SUMS);
    }
    expect(liveShare({ role: "last", roles, depth: 0.2 })).toBe(0);
    expect(liveShare({ role: "last", roles, depth: 0.9 })).toBe(1);
    expect(liveShare({ role: "subject", roles, depth: 0.2 })).toBe(0.5);
  });
});
