import { describe, expect, it } from "vitest";
import {
  CONTEXT_LEARNING,
  measureFullBehaviour,
  type ContextCellInput,
} from "../../../src/measure/full/cell.js";
import { prepareContextModel } from "../../../src/measure/full/context-model.js";
import { drawTextPairs } from "../../../src/measure/full/text-pairs.js";
import { layOutRows } from "../../../src/measure/full/token-rows.js";
import { subspaceRuns } from "../../../src/measure/full/trials.js";
import { bySide } from "../../../src/measure/site.js";
import { randomSubspace } from "../../../src/align/stiefel.js";
import type { Matrix } from "../../../src/numeric/matrix.js";
import { refusalOf } from "../../support/refusals.js";
import type { CellMeasures, Hits } from "../../../src/measure/measures.js";
import { cellSchema } from "../../../src/report/schema-measures.js";
import { countHits } from "../../../src/stats/hits.js";
import { stream } from "../../../src/stats/stream.js";
import { worldItems, worldSide, type WorldModel } from "./context-world.js";

const items = worldItems();

function inputOf(tuned: WorldModel, base: WorldModel): ContextCellInput {
  const sides = { base: worldSide(items, base), tuned: worldSide(items, tuned) };
  const changedBy = { base: sides.base.top, tuned: sides.tuned.top };
  const part = (from: number, to: number): number[] => [...items.keys()].slice(from, to);
  const random = stream(3, "pairs");
  return {
    key: {
      ...{ audit: "full-behaviour", variable: "full", layer: 1, role: "every token" },
      ...{ k: 5, seed: 0 },
    },
    ...{ sides, items },
    rows: layOutRows(items.map(({ ids }) => ids.length)),
    train: Int32Array.from(part(0, 48)),
    pairs: {
      train: drawTextPairs({ items, members: part(0, 48), n: 200, stream: random.fork("train") }),
      validation: drawTextPairs({
        ...{ items, members: part(48, 72), n: 48 },
        stream: random.fork("validation"),
      }),
      test: drawTextPairs({
        ...{ items, members: part(72, 120), changedBy, n: 100 },
        stream: random.fork("test"),
      }),
    },
    learning: { ...CONTEXT_LEARNING, steps: 20 },
  };
}

async function measure(tuned: WorldModel, base: WorldModel = { name: "a" }): Promise<CellMeasures> {
  return (await measureFullBehaviour(inputOf(tuned, base))).measures;
}

function rate(hits: Hits | undefined): number {
  if (hits === undefined) throw new Error("was not run");
  const { hits: count, n } = countHits(hits);
  return count / n;
}

describe("a cell of whole contexts", () => {
  it("of a model in another basis and scale transfers as within the model", async () => {
    const { trials, divergence, learning } = await measure({ name: "a", rotated: 3 });
    const [{ iia, permuted, fullSwap, noIntervention }] = trials as [(typeof trials)[number]];
    expect(rate(fullSwap["base→base"])).toBe(1);
    expect(rate(fullSwap["tuned→tuned"])).toBe(1);
    expect(rate(noIntervention.base)).toBe(0);
    for (const d of ["base→tuned", "tuned→base"] as const) {
      expect(rate(iia[d])).toBeGreaterThan(rate(iia["base→base"]) - 0.05);
      expect(rate(iia[d])).toBeGreaterThan(rate(permuted[d]) + 0.3);
      const own = divergence!.removedShare.iia["base→base"]!.value;
      expect(divergence!.removedShare.iia[d]!.value).toBeGreaterThan(own - 0.05);
    }
    // another basis: the same states, unmapped, do not serve
    expect(rate(fullSwap["base→tuned"])).toBeLessThan(0.6);
    expect(learning!.sigma.tuned / learning!.sigma.base).toBeCloseTo(3, 3);
  });

  it("of an unrelated model does not transfer", async () => {
    const { trials } = await measure({ name: "unrelated" });
    const [{ iia }] = trials as [(typeof trials)[number]];
    for (const d of ["base→tuned", "tuned→base"] as const) {
      const own = d === "base→tuned" ? "tuned→tuned" : "base→base";
      expect(rate(iia[d])).toBeLessThan(rate(iia[own]) - 0.3);
    }
  });

  it("does not depend on the machine's order: measured twice it is the same to the last digit", async () => {
    const [first, again] = [await measure({ name: "b" }), await measure({ name: "b" })];
    expect(again).toEqual(first);
  });

  it("is stopped where a context reaches the answer on a path around the site", async () => {
    await expect(measure({ name: "a", leak: 2 })).rejects.toMatchObject({
      code: "FULL_SWAP_INEXACT",
    });
  });

  it("is stopped where P is not orthonormal, before anything is exchanged", () => {
    const input = inputOf({ name: "a" }, { name: "a" });
    const subspace = randomSubspace(5, input.sides.base.dModel, stream(0, "P"));
    const longer = { ...subspace, data: subspace.data.map((x) => 1.01 * x) };
    const patch = (tuned: Matrix): (() => unknown)[] => {
      const subspaces = { base: subspace, tuned };
      const models = bySide((side) =>
        prepareContextModel({
          ...{ raw: input.sides[side].states, dModel: input.sides[side].dModel },
          train: Int32Array.from(Array(48).keys()),
        }),
      );
      return subspaceRuns({ input, models }, "iia", { subspaces }).map(({ patched }) => patched);
    };
    const [within, across] = patch(longer);
    expect(within).not.toThrow();
    expect(refusalOf(across!)).toMatchObject({ code: "NOT_ORTHONORMAL" });
    for (const act of patch(subspace)) expect(act).not.toThrow();
  });

  it("has the form of every other cell, so that stored results hold it", async () => {
    const cell = await measure({ name: "b" });
    expect(cellSchema.parse(JSON.parse(JSON.stringify(cell)))).toEqual(
      JSON.parse(JSON.stringify(cell)),
    );
  });
});
