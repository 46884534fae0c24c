/** @file The part of a model that only the answering token needs. */
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { labelRows } from "../../src/models/label-rows.js";
import { loadModel } from "../../src/models/load.js";
import { buildSuffix, cutAt } from "../../src/models/suffix.js";
import { TypeInference } from "../../src/onnx/type-inference.js";

const load = (path: string): ReturnType<typeof loadModel> =>
  loadModel(path, { adapters: ADAPTERS });

describe("the last block of a model", () => {
  it.each(["fixtures/demo/base", "fixtures/exports/gpt2/optimum-nopast/model.onnx"])(
    "is run at the answering token from its attention on: %s",
    async (path) => {
      const cut = cutAt(await load(path), 0);
      const types = new TypeInference(cut.model.graph);
      const rows = labelRows(cut.last, types);
      expect(rows.map(({ value }) => value)).not.toContain(cut.last);
      for (const { value, uses } of rows) {
        expect(types.shape(value)?.length).toBe(3);
        expect(uses.length).toBeGreaterThan(0);
      }
      // the residual below the block is read by its attention too, which goes on seeing every token
      expect(rows.some(({ value, uses }) => uses.length < value.uses.length)).toBe(true);
    },
  );

  it("is not there above the last site: the state itself is selected", async () => {
    const model = await load("fixtures/demo/base");
    const cut = cutAt(model, model.nLayers);
    const [only, ...others] = labelRows(cut.last, new TypeInference(cut.model.graph));
    expect(others).toEqual([]);
    expect(only!.value).toBe(cut.last);
  });

  it("has one selection more in its suffix than a suffix without blocks", async () => {
    const model = await load("fixtures/demo/base");
    const selections = (layer: number): number =>
      buildSuffix(model, layer, { gradient: false }).graph.nodes.filter(
        ({ op, inputs }) => op === "ReduceSum" && inputs[0]?.producer?.op === "Where",
      ).length;
    expect(selections(model.nLayers)).toBe(1);
    expect(selections(model.nLayers - 1)).toBe(2);
    expect(selections(0)).toBe(2);
  });
});
