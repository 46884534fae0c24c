/**
 * @file The graphs that a small network is run by, cut from the graph of one step: the natural step, the step that goes on
 * from a patched state, and the vector–Jacobian product of each, which carry a gradient back through time step by step.
 */
import { findActive } from "../../autodiff/active.js";
import { Builder } from "../../onnx/builder.js";
import { extract } from "../../onnx/extract.js";
import type { Model, Value } from "../../onnx/graph.js";
import { isFloat } from "../../onnx/tensor.js";
import { TypeInference } from "../../onnx/type-inference.js";
import { toGradientGraph } from "../gradient-graph.js";
import type { Network } from "./network.js";

/** Name of the input that takes patched states, float32 `[batch, d]`. */
export const PATCHED = "patched";

/** One step with its site: inputs of the network → logits, carried outputs, site (each under its own name). */
export function naturalStep({ model, logits, carry, site }: Network): Model {
  const outputs = distinct([logits, ...carry.map(({ output }) => output), site]);
  return extract(model, { inputs: [], outputs }).model;
}

/** One step from a patched state: `patched` and what is still needed of the inputs → logits and carried outputs. */
export function patchedStep(network: Network): Model {
  const { model, logits, carry, site, d } = network;
  const outputs = distinct([logits, ...carry.map(({ output }) => output)]);
  const type = { dtype: "float32" as const, shape: ["batch", d] };
  const cut = extract(model, { inputs: [{ value: site, name: PATCHED, type }], outputs });
  keepOutputNames(cut.model, outputs);
  return cut.model;
}

/** As {@link patchedStep}, with `gradient/patched` from `upstream/NAME` of every output that depends on it. */
export function patchedSlope(network: Network): Model {
  const model = patchedStep(network);
  return withSlopes(model, [model.graph.inputs.find(({ name }) => name === PATCHED)]);
}

/** As {@link patchedSlope}, with `gradient/NAME` of every carried input too: the way back through several patched steps. */
export function patchedThrough(network: Network): Model {
  const model = patchedStep(network);
  const names = [PATCHED, ...network.carry.map(({ input }) => input.name)];
  return withSlopes(
    model,
    names.map((name) => model.graph.inputs.find((input) => input.name === name)),
  );
}

/** One natural step with `gradient/NAME` of every carried input, from `upstream/NAME` of every output. */
export function naturalSlope({ model, logits, carry }: Network): Model {
  const outputs = distinct([logits, ...carry.map(({ output }) => output)]);
  const cut = extract(model, { inputs: [], outputs });
  const inputs = carry.map(({ input }) => cut.map.get(input));
  return withSlopes(cut.model, inputs);
}

/** Differentiates what a way connects: a counter of positions, for instance, has no gradient. */
function withSlopes(model: Model, candidates: readonly (Value | undefined)[]): Model {
  const { graph } = model;
  const types = new TypeInference(graph);
  const isFloating = (value: Value): boolean => isFloat(types.knownDtype(value) ?? "int64");
  const wrt = candidates.filter((value) => value !== undefined).filter(isFloating);
  const losses = graph.outputs.filter(isFloating);
  const { values } = findActive(graph, { losses, wrt, types });
  const names = (of: readonly Value[]): string[] =>
    of.filter((value) => values.has(value)).map(({ name }) => name);
  toGradientGraph(model, { outputs: names(losses), wrt: names(wrt) });
  return model;
}

/** An output that is the patched state itself becomes a value of its own, under the name that it has in the network. */
function keepOutputNames({ graph }: Model, outputs: readonly Value[]): void {
  const b = new Builder(graph, "patched");
  graph.outputs.forEach((output, i) => {
    const name = outputs[i]?.name;
    if (!output.isInput || name === undefined || output.name === name) return;
    const own = b.op("Identity", [output]);
    own.type = output.type;
    graph.rename(own, name);
    graph.outputs[i] = own;
  });
}

function distinct(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)];
}
