import { describe, expect, it } from "vitest";
import { Builder } from "../../src/onnx/builder.js";
import { Graph } from "../../src/onnx/graph.js";
import { printAround, printGraph, printNode } from "../../src/onnx/print.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { printBlock } from "../support/print-block.js";

function example(): Graph {
  const graph = new Graph("example");
  const x = graph.addInput("x", { dtype: "float32", shape: ["batch", null, 3] });
  const b = new Builder(graph, "e");
  const w = graph.addInitializer("w", float32Tensor(new Float32Array(9), [3, 3]));
  const y = b.op("Mul", [b.op("MatMul", [x, w]), b.float(0.1)]);
  const z = b.op(
    "QuickGelu",
    [y],
    { alpha: 1, kind: "fast", axes: [1n, 2n] },
    { domain: "com.microsoft" },
  );
  const split = b.node("Split", [z, null, b.ints([1, 2])], { axis: -1n }, { outputs: 2 });
  graph.outputs.push(split.output(1));
  return graph;
}

describe("printGraph", () => {
  it("shows types where known, small constants by value, and attributes by name", () => {
    expect(printGraph(example()).replaceAll(/_out\d+/g, "")).toBe(
      [
        'graph "example" (%x: float32[batch, ?, 3])',
        "  %e/MatMul = MatMul(%x, float32[3, 3])",
        "  %e/Mul = Mul(%e/MatMul, float32[]{0.1})",
        '  %e/QuickGelu = com.microsoft.QuickGelu(%e/Mul) {alpha=1, axes=[1, 2], kind="fast"}',
        "  %e/Split, %e/Split = Split(%e/QuickGelu, _, int64[2]{1, 2}) {axis=-1}",
        "  return %e/Split",
        "",
      ].join("\n"),
    );
  });
});

describe("printAround", () => {
  it("shows the neighbours and marks the node itself", () => {
    const graph = example();
    const centre = graph.nodes.find(({ opType }) => opType === "Mul")!;
    const lines = printAround(centre, 1).split("\n");
    expect(lines.map((line) => line.slice(0, 2))).toEqual(["  ", "> ", "  "]);
    expect(lines[1]).toBe(`> ${printNode(centre)}`);
  });
});

describe("the first block of real exports", () => {
  it.each(["gpt2/optimum-nopast", "llama/optimum-past"])("%s has not changed", async (id) => {
    await expect(await printBlock(id)).toMatchFileSnapshot(
      `../golden/${id.replace("/", "-")}-block.txt`,
    );
  });
});
