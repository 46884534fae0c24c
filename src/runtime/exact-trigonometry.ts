/**
 * @file Sine and cosine at full accuracy on WebGPU.
 *
 * The shading language allows an absolute error of 2⁻¹¹ for them (WGSL, accuracy of built-in functions), and real
 * adapters use it: rotary tables that a graph computes itself are off by 2·10⁻⁴, logits by 7·10⁻³ of 13. In float64 they
 * have no WebGPU kernel, so the runtime computes them on the CPU; the tables are small.
 */
import { Builder } from "../onnx/builder.js";
import type { Graph } from "../onnx/graph.js";
import { TypeInference } from "../onnx/type-inference.js";

const OPERATORS: ReadonlySet<string> = new Set(["Sin", "Cos"]);

/** Puts every float32 or float16 sine and cosine between casts to float64 and back, in place. */
export function widenTrigonometry(graph: Graph): void {
  const nodes = graph.nodes.filter(({ op }) => OPERATORS.has(op));
  if (nodes.length === 0) return;
  const types = new TypeInference(graph);
  const b = new Builder(graph, "exact");
  for (const node of nodes) {
    const x = node.input(0);
    const dtype = types.knownDtype(x) ?? "float32"; // an unknown type is no float64: nothing makes one
    if (dtype === "float64") continue;
    const y = node.output();
    const { name, type, isOutput } = y;
    const narrow = b.cast(b.op(node.opType, [b.cast(x, "float64")]), dtype);
    graph.replaceAllUses(y, narrow, { outputs: "replace" });
    graph.removeNode(node); // frees the name
    if (!isOutput) continue;
    graph.rename(narrow, name);
    narrow.type = type;
  }
}
