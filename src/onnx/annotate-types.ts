/**
 * @file Writes inferred types onto the inner values of a graph before a session is made of it.
 *
 * Why: the runtime plans its buffers by looking for a free one of the *same shape*, and a dimension without a name equals
 * no other. In a graph of 8,000 nodes whose inner shapes are unnamed the list of free buffers only grows, and planning
 * took 10 to 40 s; with named dimensions it takes 1 to 2 s, and buffers are shared (SmolLM2-135M, suffix with gradient).
 */
import type { Graph, Value, ValueType } from "./graph.js";
import { TypeInference, type SymbolicDim } from "./type-inference.js";

/** Symbols made of dimensions about which nothing is known stay unnamed: they help nobody and are not worth the trust. */
const UNKNOWN = /[?=]/;

/**
 * Replaces the types of inner values by inferred ones; what the file declared may be stale after a cut. Inputs and
 * outputs keep theirs.
 */
export function annotateTypes(graph: Graph): void {
  const types = new TypeInference(graph);
  for (const value of graph.nodes.flatMap((node) => node.outputs)) {
    if (value.name === "" || value.isOutput) continue;
    value.origin = undefined;
    value.type = inferredType(types, value);
  }
}

/** Element type and shape of a value, where both can be inferred. */
export function inferredType(types: TypeInference, value: Value): ValueType | undefined {
  const [dtype, shape] = [types.knownDtype(value), types.shape(value)];
  if (dtype === undefined || shape === undefined) return undefined;
  const isKnown = (dim: SymbolicDim): boolean => typeof dim === "number" || !UNKNOWN.test(dim);
  return { dtype, shape: shape.map((dim) => (isKnown(dim) ? dim : null)) };
}
