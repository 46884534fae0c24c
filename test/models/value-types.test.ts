import { describe, expect, it } from "vitest";
import { typesOf } from "../../src/models/value-types.js";
import { Builder } from "../../src/onnx/builder.js";
import type { Model, Value } from "../../src/onnx/graph.js";
import { locateModel } from "../support/located.js";
import { TINY, tinyDecoder } from "../support/tiny-decoder.js";

/** A tiny decoder with one more value, made from its first site. */
function withValue(make: (b: Builder, site: Value, ids: Value) => Value): {
  model: Model;
  value: Value;
} {
  const model = tinyDecoder();
  const [site] = locateModel(model).sites;
  const value = make(new Builder(model.graph, "extra"), site!, model.graph.inputs[0]!);
  return { model, value };
}

/** Shape of unknown length: as many elements of the site's shape as the data says (always three). */
function hiddenRank(b: Builder, site: Value, ids: Value): Value {
  const zero = b.op("Mul", [b.op("ReduceMax", [ids], { keepdims: 0n }), b.ints(0)]);
  const rank = b.op("Unsqueeze", [b.op("Add", [zero, b.ints(3)]), b.ints([0])]);
  return b.op("Reshape", [site, b.op("Slice", [b.op("Shape", [site]), b.ints([0]), rank])]);
}

describe("typesOf", () => {
  it("infers the sites of a decoder without the runtime", async () => {
    const model = tinyDecoder();
    const { sites, feeds } = locateModel(model);
    const types = await typesOf(model, sites, feeds);
    expect(types.map(({ dtype, shape }) => [dtype, shape?.length, shape?.at(-1)])).toEqual(
      Array(3).fill(["float32", 3, TINY.dModel]),
    );
  });

  it("runs the graph once where a computed shape hides the rank", async () => {
    const { model, value } = withValue(hiddenRank);
    const [type] = await typesOf(model, [value], locateModel(model).feeds);
    expect(type).toEqual({ dtype: "float32", shape: [null, null, TINY.dModel] });
  });

  it("leaves the model as it was", async () => {
    const { model, value } = withValue(hiddenRank);
    const nodes = model.graph.nodes.length;
    await typesOf(model, [value], locateModel(model).feeds);
    expect(model.graph.nodes.length).toBe(nodes);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(["logits"]);
  });
});
