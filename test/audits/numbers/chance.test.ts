/** @file Levels of chance of the counting tasks, against those of another implementation, and faults that move them. */
import { describe, expect, it } from "vitest";
import { chanceLevels, type ChanceLevel, type Share } from "../../../audits/numbers/chance.js";
import {
  openCounting,
  type Counting,
  type CountingName,
} from "../../../audits/numbers/counting.js";
import type { TaskState } from "../../../src/plan/sequence-task.js";
import { stream } from "../../../src/stats/stream.js";
import { drawPlace } from "./task-laws.js";

type Tabled = readonly [trials: number, tokens: number];

/** What arrives, and which shares of trials and tokens are right then. */
type Row = Readonly<Record<"nothing" | "phase" | "count" | "both", Tabled>>;

/**
 * From a simulation of 20,000 pairs with the symbolic models of the repository grantsrb/mas, counts 1 to 20, all
 * variables asked for.
 */
const TABLE: Readonly<Partial<Record<CountingName, Row>>> = {
  "multi-object": {
    nothing: [0.056, 0.565],
    phase: [0.085, 0.72],
    count: [0.57, 0.743],
    both: [1, 1],
  },
  "multi-object-modulo": {
    nothing: [0.22, 0.439],
    phase: [0.255, 0.494],
    count: [0.784, 0.863],
    both: [1, 1],
  },
  "multi-object-rounding": {
    nothing: [0.092, 0.58],
    phase: [0.161, 0.735],
    count: [0.531, 0.735],
    both: [1, 1],
  },
};

/** Both are simulations: a share of 20,000 trials has a standard error up to .0035, their difference up to .005. */
const TABLE_TOLERANCE = 0.01;

const ARRIVALS = {
  nothing: [],
  phase: ["phase"],
  count: ["count"],
  both: ["phase", "count"],
} as const satisfies Readonly<Record<keyof Row, readonly string[]>>;

const shareOf = ({ right, of }: Share): number => right / of;

function levelsOf(counting: Counting, pairs: number): readonly ChanceLevel[] {
  const random = stream(1, "chance");
  return chanceLevels({ counting, transferred: Object.values(ARRIVALS), pairs, random });
}

const shares = (levels: readonly ChanceLevel[]): readonly Tabled[] =>
  levels.map(({ trials, tokens }) => [shareOf(trials), shareOf(tokens)]);

function largestGap(a: readonly Tabled[], b: readonly Tabled[]): number {
  const other = b.flat();
  return Math.max(...a.flat().map((share, i) => Math.abs(share - other[i]!)));
}

describe("levels of chance", () => {
  for (const [name, row] of Object.entries(TABLE) as [CountingName, Row][]) {
    it(`of ${name} are those of the table`, () => {
      const levels = levelsOf(openCounting({ task: name }), 20_000);
      expect(levels.map(({ transferred }) => transferred)).toEqual(Object.values(ARRIVALS));
      const wanted = Object.keys(ARRIVALS).map((arrived) => row[arrived as keyof Row]);
      expect(largestGap(shares(levels), wanted)).toBeLessThan(TABLE_TOLERANCE);
      expect(levels[3]!.trials).toEqual({ right: 20_000, of: 20_000 });
      expect(levels[3]!.tokens.right).toBe(levels[3]!.tokens.of);
    });
  }

  it("are whole where nothing is asked that does not arrive", () => {
    const [level] = chanceLevels({
      counting: openCounting({ task: "multi-object-modulo" }),
      asked: ["count"],
      transferred: [["count"]],
      pairs: 500,
      random: stream(2, "chance"),
    });
    expect(level!.trials).toEqual({ right: 500, of: 500 });
  });

  it("are whole for each alternative symbolic model, where all of its variables arrive", () => {
    for (const counter of ["up-up", "up-incr"] as const) {
      const counting = openCounting({ task: "same-object", counter });
      const [none, all] = chanceLevels({
        counting,
        transferred: [[], counting.task.variables],
        pairs: 300,
        random: stream(2, "chance"),
      });
      expect(all!.trials).toEqual({ right: 300, of: 300 });
      expect(none!.trials.right).toBeLessThan(60);
    }
  });
});

describe("phases of a random pair", () => {
  /** Shares of pairs by the phase of the target, then of the source. */
  function phaseCells(name: CountingName, pairs: number): ReadonlyMap<string, number> {
    const { task } = openCounting({ task: name });
    const random = stream(1, "cells");
    const cells = new Map<string, number>();
    for (let i = 0; i < pairs; i++) {
      const phases = [drawPlace(task, random), drawPlace(task, random)].map(
        ({ state }) => state["phase"]!,
      );
      cells.set(phases.join(), (cells.get(phases.join()) ?? 0) + 1 / pairs);
    }
    return cells;
  }

  it("are each of the four combinations in a quarter of the cases of multi-object", () => {
    const cells = phaseCells("multi-object", 1000);
    expect([...cells.keys()].sort()).toEqual(["-1,-1", "-1,1", "1,-1", "1,1"]);
    // standard error .0137; five of them
    for (const share of cells.values()) expect(Math.abs(share - 0.25)).toBeLessThan(0.069);
  });

  it("are both among the objects in .69 of the cases of modulo", () => {
    // mean over N of N / (N + N mod 4), squared; standard error .0146, five of them
    const share = phaseCells("multi-object-modulo", 1000).get("-1,-1")!;
    expect(Math.abs(share - 0.693)).toBeLessThan(0.073);
  });
});

describe("a fault planted in the simulation", () => {
  const PAIRS = 1000;
  /** On the same pairs a fault moves a level by this much, and so over the tolerance wherever in it the level was. */
  const NOTICED = 2 * TABLE_TOLERANCE;

  const modulo = openCounting({ task: "multi-object-modulo" });
  const rounding = openCounting({ task: "multi-object-rounding" });
  const multi = openCounting({ task: "multi-object" });

  const FAULTS: readonly (readonly [string, CountingName, Counting])[] = [
    [
      "the counter does not apply the modulo rule to what arrives",
      "multi-object-modulo",
      {
        ...modulo,
        machine: { ...modulo.machine, overwrite: (state, values) => ({ ...state, ...values }) },
      },
    ],
    [
      "the counter hears a trigger among the responses",
      "multi-object-rounding",
      {
        ...rounding,
        hear: (state, token) =>
          token === 7 ? rounding.hear({ ...state, phase: -1 }, token) : rounding.hear(state, token),
      },
    ],
    [
      "the counter takes an object among the responses for one more",
      "multi-object",
      {
        ...multi,
        hear: (state, token) =>
          multi.demo.includes(token)
            ? { ...state, count: state["count"]! + 1 }
            : multi.hear(state, token),
      },
    ],
    [
      "responses before the place are not scored",
      "multi-object",
      {
        ...multi,
        task: {
          ...multi.task,
          counterfactual: (request) => {
            const made = multi.task.counterfactual(request);
            return {
              ...made,
              scored: made.scored.map((s, at) => (at <= request.at ? 0 : s)),
            };
          },
        },
      },
    ],
    [
      "a source is read one token early",
      "multi-object",
      {
        ...multi,
        task: {
          ...multi.task,
          counterfactual: (request) =>
            multi.task.counterfactual({ ...request, source: early(request.source) }),
        },
      },
    ],
  ];

  /** The state before the last token, as far as it is one of an exchangeable place. */
  function early(state: TaskState): TaskState {
    const count = state["count"]! + (state["phase"] === 1 ? 1 : -1);
    return { ...state, count: Math.min(20, Math.max(0, count)) };
  }

  it.each(FAULTS)("is noticed where %s", (_, name, counting) => {
    const right = shares(levelsOf(openCounting({ task: name }), PAIRS));
    expect(largestGap(right, shares(levelsOf(counting, PAIRS)))).toBeGreaterThan(NOTICED);
  });
});
