/** @file Two variables of a toy world learned together: each in its own block, and nothing outside them. */
import { beforeAll, describe, expect, it } from "vitest";
import { indexCausalModel } from "../../src/measure/causal-index.js";
import { measureCell, type CellResult } from "../../src/measure/cell.js";
import type { CellInput, JointVariable } from "../../src/measure/cell-input.js";
import { ROTATIONS } from "../../src/measure/map-choice.js";
import { DIRECTIONS } from "../../src/measure/measures.js";
import { toPairSet } from "../../src/measure/pair-set.js";
import type { CausalAudit } from "../../src/plan/audit.js";
import { changedPairs, isolationPairs, trainingPairs } from "../../src/plan/pairs.js";
import { stream } from "../../src/stats/stream.js";
import { circle, rate, toyCell, type ToyModel } from "../support/toy-world.js";

const CEILING = 0.95;
const world = { classes: 8, items: 1000 };

/** Class c holds a = c >> 1 on a circle of four and b = c & 1 on a line, in places of their own. */
const fours = circle([0, 1, 2, 3], 6);
const aCode = Array.from({ length: 8 }, (_, c) => fours[c >> 1]!);
const bCode = Array.from({ length: 8 }, (_, c) => [c % 2 === 0 ? 6 : -6]);
const base: ToyModel = {
  dModel: 32,
  basis: 1,
  gain: 0.5,
  blocks: [
    { writes: aCode, reads: aCode },
    { writes: bCode, reads: bCode },
  ],
};
const rotated: ToyModel = { ...base, basis: 2 };
/** Reads b no more: its whole swap moves nothing there by b. */
const deafToB: ToyModel = {
  ...rotated,
  blocks: [{ writes: aCode, reads: aCode }, { writes: bCode }],
};

const audit: Pick<CausalAudit, "variables" | "by" | "answers" | "outcome"> = {
  variables: { a: ["0", "1", "2", "3"], b: ["0", "1"] },
  by: ["a", "b"],
  answers: Object.fromEntries(Array.from({ length: 8 }, (_, c) => [`c${c}`, [`c${c}`]])),
  outcome: ({ a, b }) => `c${2 * Number(a) + Number(b)}`,
};
const items = Array.from({ length: world.items }, (_, i) => ({
  values: { a: String((i % 8) >> 1), b: String(i % 2) },
}));
const members = (from: number, to: number): number[] =>
  [...items.keys()].slice(from * world.items, to * world.items);

function variable(name: "a" | "b", k: number): JointVariable {
  const causal = indexCausalModel(audit, name, items);
  const table = (values: Readonly<Record<string, unknown>>): number =>
    2 * Number(values["a"]) + Number(values["b"]);
  const draw = stream(0, `pairs/${name}`);
  const plan = (
    part: string,
    own: readonly number[],
    n: number,
  ): Parameters<typeof changedPairs>[0] => ({
    ...{ items, variable: name, table, members: own, n, stream: draw.fork(part) },
  });
  return {
    ...{ variable: name, k, causal },
    pairs: {
      train: toPairSet(trainingPairs(plan("train", members(0, 0.4), 640))),
      validation: toPairSet(changedPairs(plan("validation", members(0.4, 0.6), 60))),
      test: toPairSet(changedPairs(plan("test", members(0.6, 1), 200))),
    },
  };
}

const VARIABLES = [variable("a", 2), variable("b", 1)];

/** The cell of one of them, the other learned beside it. */
function cellOf(name: "a" | "b", tuned: ToyModel): CellInput {
  const own = VARIABLES.find((each) => each.variable === name)!;
  const cell = toyCell(world, { base, tuned }, { k: own.k });
  const { test } = own.pairs;
  const isolation = isolationPairs({
    ...{ items, members: members(0.6, 1), variable: name, n: 200, stream: stream(0, "isolation") },
    table: (values) => 2 * Number(values["a"]) + Number(values["b"]),
  });
  expect(test.target).toHaveLength(200);
  return {
    ...cell,
    key: { ...cell.key, variable: name },
    ...{ causal: own.causal, pairs: own.pairs, joint: { variables: VARIABLES, isComplete: true } },
    isolation: toPairSet(isolation),
    options: { ...cell.options, maps: { ...ROTATIONS, isJoint: true } },
  };
}

describe.each(["a", "b"] as const)("%s beside the other variable", (name) => {
  let result: CellResult;
  beforeAll(async () => {
    result = await measureCell(cellOf(name, rotated));
  });

  it("transfers in all directions, and leaves what the other one decides", () => {
    const { iia } = result.measures.trials[0]!;
    const { swapped } = result.measures.further!.isolation!;
    expect(Object.keys(iia).sort()).toEqual([...DIRECTIONS].sort());
    for (const d of DIRECTIONS) {
      expect(rate(iia[d]), d).toBeGreaterThan(CEILING);
      expect(rate(swapped[d]), d).toBeGreaterThan(CEILING);
    }
  });

  it("exchanges the coordinates of its own block", () => {
    const own = name === "a" ? [1, 1, 0] : [0, 0, 1];
    for (const side of ["base", "tuned"]) {
      expect([...result.tensors[`causal.${side}.map.mask`]!.data]).toEqual(own);
      expect(result.tensors[`causal.${side}.map.p`]!.dims).toEqual([3, 32]);
    }
    expect(result.measures.maps).toMatchObject({ method: "mas", joint: ["a", "b"] });
    // where the other variable is written, this block is not: two planes of their own in the base's basis
    expect(result.measures.further!.geometry.principalAngles).toHaveLength(name === "a" ? 2 : 1);
  });

  it("leaves nothing outside the blocks that the answer needs", () => {
    const { swapped, noIntervention } = result.measures.further!.nullBlock!;
    expect(Object.keys(swapped).sort()).toEqual(["base→base", "tuned→tuned"]);
    for (const hits of Object.values(swapped)) expect(rate(hits)).toBeGreaterThan(CEILING);
    expect(rate(noIntervention.base)).toBeGreaterThan(CEILING);
  });
});

it("a null block that is not asked for is not measured", async () => {
  const cell = { ...cellOf("a", rotated), joint: undefined };
  const { measures } = await measureCell({
    ...cell,
    options: { ...cell.options, maps: ROTATIONS },
  });
  expect(measures.further).not.toHaveProperty("nullBlock");
  expect(measures).not.toHaveProperty("maps");
});

it("a variable that one model does not read is not learned from there, and does not spoil the other", async () => {
  const { measures } = await measureCell(cellOf("a", deafToB));
  const { iia, fullSwap } = measures.trials[0]!;
  for (const d of ["base→base", "tuned→base"] as const)
    expect(rate(iia[d]), d).toBeGreaterThan(CEILING);
  // the tuned model answers one of the two classes of a; two standard errors of 200 trials at one half are .07
  const most = rate(fullSwap["tuned→tuned"]);
  for (const d of ["base→tuned", "tuned→tuned"] as const)
    expect(rate(iia[d]), d).toBeGreaterThan(most - 0.07);
});

it("there is no null block where a variable that decides the answer has no block, or nothing is left", async () => {
  const alone = { variables: VARIABLES.slice(0, 1), isComplete: false };
  const open = await measureCell({ ...cellOf("a", rotated), joint: alone });
  expect(open.measures.further).not.toHaveProperty("nullBlock");
  for (const d of DIRECTIONS)
    expect(rate(open.measures.trials[0]!.iia[d])).toBeGreaterThan(CEILING);
  const all = { variables: [VARIABLES[0]!, { ...VARIABLES[1]!, k: 30 }], isComplete: true };
  const full = await measureCell({ ...cellOf("a", rotated), joint: all });
  expect(full.measures.further).not.toHaveProperty("nullBlock");
});

it("blocks that need more coordinates than a model has are refused", async () => {
  const cell = cellOf("a", rotated);
  const variables = [VARIABLES[0]!, { ...VARIABLES[1]!, k: 31 }];
  const joint = { variables, isComplete: true };
  await expect(measureCell({ ...cell, joint })).rejects.toThrow("k = 33 is larger than the width");
});
