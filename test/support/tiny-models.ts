/** @file Small graphs made in the test, and a folder to write them into. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { Builder } from "../../src/onnx/builder.js";
import { encodeModel } from "../../src/onnx/encode.js";
import { Graph, modelAround, type Model } from "../../src/onnx/graph.js";
import { float32Tensor, type Tensor } from "../../src/onnx/tensor.js";

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-test-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Wraps a graph as a model of opset 18. */
export function modelOf(graph: Graph, opset = 18): Model {
  return modelAround(graph, { "": opset, "com.microsoft": 1 });
}

/** y = x · W with W: `[rows, columns]` given as a tensor. */
export function linearModel(weight: Tensor): Model {
  const graph = new Graph("linear");
  const x = graph.addInput("x", { dtype: "float32", shape: ["batch", weight.dims[0] ?? null] });
  const w = graph.addInitializer("W", weight);
  const y = new Builder(graph, "test").op("MatMul", [x, w]);
  graph.rename(y, "y");
  y.type = { dtype: "float32", shape: ["batch", weight.dims[1] ?? null] };
  graph.outputs.push(y);
  return modelOf(graph);
}

/** Writes y = x · W, W = 0, 1, 2, …, as a file with inline weights; returns its path. */
export function writeLinear(folder: string, rows: number, columns: number): string {
  const weight = float32Tensor(
    Array.from({ length: rows * columns }, (_, i) => i),
    [rows, columns],
  );
  const path = join(folder, `linear-${rows}x${columns}.onnx`);
  writeFileSync(path, encodeModel(linearModel(weight)).bytes);
  return path;
}
