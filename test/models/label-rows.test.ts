/** @file The part of a model that only the answering token needs. */
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { labelRows } from "../../src/models/label-rows.js";
import { loadModel } from "../../src/models/load.js";
import { buildSuffix, cutAt } from "../../src/models/suffix.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type Value } from "../../src/onnx/graph.js";
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

/** Nodes of a block whose attention has one head, so that its products keep `[batch, token, …]`. */
const MIXING: readonly (readonly [string, (b: Builder, x: Value, other: Value) => Value])[] = [
  ["a product of activations", (b, x, other) => b.op("MatMul", [x, other])],
  ["a sum over tokens", (b, x) => b.op("ReduceSum", [x, b.ints([1])], { keepdims: 1n })],
  ["a softmax over tokens", (b, x) => b.op("Softmax", [x], { axis: 1n })],
  ["an activation that is broadcast over tokens", (b, x, other) => b.op("Add", [x, other])],
];

describe("an operator that mixes tokens", () => {
  it.each(MIXING)("ends what one token needs: %s", (name, mix) => {
    const graph = new Graph("test");
    const x = graph.addInput("x", { dtype: "float32", shape: ["batch", "token", 4] });
    const isBroadcast = name.includes("broadcast");
    const other = graph.addInput("other", {
      dtype: "float32",
      shape: ["batch", isBroadcast ? 1 : 4, 4],
    });
    const b = new Builder(graph, "test");
    const mixed = mix(b, x, other);
    const last = b.op("Tanh", [mixed]);
    graph.outputs.push(last);
    const [only, ...others] = labelRows(last, new TypeInference(graph));
    expect(others).toEqual([]);
    // a sum over tokens leaves one token: nothing above it is as long as the prompt
    expect([mixed, last]).toContain(only!.value);
    expect(only!.value).not.toBe(x);
  });
});
