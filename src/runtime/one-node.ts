/** @file The smallest model: does a provider work at all? */
import { Builder } from "../onnx/builder.js";
import { Graph, modelAround, type Model } from "../onnx/graph.js";

/** y = −x, float32 `[1]`. */
export function oneNode(): Model {
  const graph = new Graph("provider probe");
  const x = graph.addInput("x", { dtype: "float32", shape: [1] });
  const y = new Builder(graph, "probe").op("Neg", [x]);
  y.type = { dtype: "float32", shape: [1] };
  graph.outputs.push(y);
  return modelAround(graph, { "": 17 });
}
