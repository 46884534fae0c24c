import { describe, expect, it } from "vitest";
import { ModelFormatError } from "../../src/errors.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type Value } from "../../src/onnx/graph.js";
import { float32Tensor, int64Tensor } from "../../src/onnx/tensor.js";
import { TypeInference } from "../../src/onnx/type-inference.js";

function fixture(): { graph: Graph; b: Builder; x: Value } {
  const graph = new Graph("test");
  const x = graph.addInput("x", { dtype: "float32", shape: ["batch", "token", 64] });
  return { graph, b: new Builder(graph, "test"), x };
}

describe("TypeInference", () => {
  it("follows the arithmetic of shapes through Shape, Gather, Concat and Reshape", () => {
    const { graph, b, x } = fixture();
    const size = (i: number): Value =>
      b.op("Unsqueeze", [b.op("Gather", [b.op("Shape", [x]), b.ints(i)]), b.ints([0])]);
    const target = b.op("Concat", [size(0), size(1), b.ints([-1, 16])], { axis: 0n });
    const heads = b.op("Reshape", [x, target]);
    const swapped = b.op("Transpose", [heads], { perm: [0n, 2n, 1n, 3n] });
    const types = new TypeInference(graph);
    expect(types.shape(swapped)).toEqual(["batch", 4, "token", 16]);
  });

  it("knows that Reshape to [-1, token, 64] changes nothing", () => {
    const { graph, b, x } = fixture();
    const token = b.op("Gather", [b.op("Shape", [x]), b.ints([1])]);
    const target = b.op("Concat", [b.ints([-1]), token, b.ints([64])], { axis: 0n });
    const same = b.op("Reshape", [x, target]);
    expect(new TypeInference(graph).shape(same)).toEqual(["batch", "token", 64]);
  });

  it("understands the guard Where(Equal(shape, −1), ones, shape) before an Expand", () => {
    const { graph, b, x } = fixture();
    const shape = b.op("Concat", [b.op("Shape", [x]), b.ints([-1])], { axis: 0n });
    const ones = b.op("ConstantOfShape", [b.op("Shape", [shape])], { value: int64Tensor([1]) });
    const isKept = b.op("Equal", [shape, b.op("Mul", [ones, b.ints(-1)])]);
    const target = b.op("Where", [isKept, ones, shape]);
    const y = b.op("Expand", [b.op("Unsqueeze", [x, b.ints([3])]), target]);
    expect(new TypeInference(graph).shape(y)).toEqual(["batch", "token", 64, 1]);
  });

  it("gives sums of lengths a name of their own, the same for Concat and Add", () => {
    const { graph, b, x } = fixture();
    const past = graph.addInput("past", { dtype: "float32", shape: ["batch", "past", 64] });
    const joined = b.op("Concat", [past, x], { axis: 1n });
    const size = (v: Value): Value => b.op("Gather", [b.op("Shape", [v]), b.ints([1])]);
    const mask = b.op("ConstantOfShape", [b.op("Add", [size(past), size(x)])]);
    const types = new TypeInference(graph);
    expect(types.shape(joined)?.[1]).toBe("past + token");
    expect(types.shape(mask)).toEqual(["past + token"]);
  });

  it("never calls two unknown dimensions equal", () => {
    const { graph, b, x } = fixture();
    const unknown = graph.addInput("n", { dtype: "int64", shape: [1] });
    const one = b.op("Reshape", [x, unknown]);
    const other = b.op("Reshape", [b.op("Add", [x, x]), unknown]);
    const types = new TypeInference(graph);
    // −1 would stand for different sizes if the inputs had different ones
    expect(types.shape(one)).not.toEqual(types.shape(other));
  });

  it("takes of a declared inner type the rank and the element type, not the sizes", () => {
    const { graph, b, x } = fixture();
    const y = b.op("NoSuchOperator", [x]);
    y.type = { dtype: "float16", shape: [1, 7] };
    const types = new TypeInference(graph);
    expect(types.dtype(y)).toBe("float16");
    expect(types.shape(y)).toHaveLength(2);
    expect(types.shape(y)).not.toContain(7);
  });

  it("leaves a broadcast of two unknown sizes open and a known size certain", () => {
    const graph = new Graph("test");
    const a = graph.addInput("a", { dtype: "float32", shape: ["p", 3] });
    const c = graph.addInput("c", { dtype: "float32", shape: ["q", "r"] });
    const y = new Builder(graph, "test").op("Add", [a, c]);
    const [open, known] = new TypeInference(graph).shape(y)!;
    expect(["p", "q"]).not.toContain(open);
    expect(known).toBe(3);
  });

  it("throws for an element type that nothing tells", () => {
    const graph = new Graph("test");
    const x = graph.addInput("x");
    expect(() => new TypeInference(graph).dtype(x)).toThrow(ModelFormatError);
  });

  it("sizes slices with known bounds", () => {
    const graph = new Graph("test");
    const x = graph.addInitializer("x", float32Tensor([1, 2, 3, 4, 5], [5]));
    const y = new Builder(graph, "test");
    const last = y.op("Slice", [x, y.ints([-2]), y.ints([2 ** 53])]);
    expect(new TypeInference(graph).shape(last)).toEqual([2]);
  });
});
