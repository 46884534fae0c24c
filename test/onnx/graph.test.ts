import { describe, expect, it } from "vitest";
import { InvariantError, ModelFormatError } from "../../src/errors.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph } from "../../src/onnx/graph.js";
import { float32Tensor } from "../../src/onnx/tensor.js";

function chain(): { graph: Graph; b: Builder } {
  const graph = new Graph("chain");
  graph.addInput("x", { dtype: "float32" });
  return { graph, b: new Builder(graph, "test") };
}

describe("Graph", () => {
  it("keeps use lists right when inputs are replaced", () => {
    const { graph, b } = chain();
    const x = graph.inputs[0]!;
    const y = b.op("Neg", [x]);
    const z = b.op("Add", [y, y]);
    expect(y.uses.map(({ index }) => index)).toEqual([0, 1]);
    z.producer!.replaceInput(1, x);
    expect(y.uses).toHaveLength(1);
    expect(x.uses.map(({ node }) => node.opType)).toEqual(["Neg", "Add"]);
  });

  it("does not replace a graph output unless asked", () => {
    const { graph, b } = chain();
    const y = b.op("Neg", [graph.inputs[0]!]);
    const other = b.op("Abs", [graph.inputs[0]!]);
    graph.outputs.push(y);
    expect(() => {
      graph.replaceAllUses(y, other);
    }).toThrow(InvariantError);
    graph.replaceAllUses(y, other, { outputs: "replace" });
    expect(graph.outputs).toEqual([other]);
  });

  it("names a node on a cycle", () => {
    const { graph, b } = chain();
    const y = b.op("Neg", [graph.inputs[0]!]);
    const z = b.op("Abs", [y]);
    y.producer!.replaceInput(0, z);
    expect(() => graph.topologicalOrder()).toThrow(ModelFormatError);
  });

  it("refuses two values of one name", () => {
    const { graph } = chain();
    expect(() => graph.addInitializer("x2", float32Tensor([1], [1])).name).not.toThrow();
    expect(() => graph.addInitializer("x2", float32Tensor([1], [1]))).toThrow(/two values/);
  });

  it("prunes what no output needs and leaves the rest", () => {
    const { graph, b } = chain();
    const x = graph.inputs[0]!;
    const kept = b.op("Add", [x, b.float(2)]);
    b.op("Mul", [b.op("Neg", [x]), b.float(3)]);
    graph.outputs.push(kept);
    expect(graph.prune()).toBe(2);
    expect(graph.nodes.map((node) => node.opType)).toEqual(["Add"]);
    expect(graph.initializers).toHaveLength(1);
    expect(graph.prune()).toBe(0);
  });

  it("orders a chain of 50 000 nodes without overflowing the stack", () => {
    const { graph, b } = chain();
    let value = graph.inputs[0]!;
    for (let i = 0; i < 50_000; i++) value = b.op("Neg", [value]);
    expect(graph.topologicalOrder()).toHaveLength(50_000);
  });
});
