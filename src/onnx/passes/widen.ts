/**
 * @file A half-precision graph computes in float32, with the weights of the file:
 *
 *   y = Op(x: half, W: half)          →  y = Op(x: float32, Cast(W → float32))
 *   y = Gather(W: half, ids)          →  y = Cast(Gather(W, ids) → float32)         the table stays as it is
 *   y = Cast(x → half)                →  y = x, where x is float32; else y = Cast(x → float32)
 *   y = Cast(x: half → float32)       →  y = x
 *   inputs, outputs: half             →  float32
 *
 * Why: the CPU has few half-precision kernels (none of bfloat16 but for moving data), and bfloat16 has no type in
 * JavaScript. What is left of half precision is the rounding of the weights, which is the model's own. Weights stay
 * references to the file; every float16 and bfloat16 number is a float32 number, so constants keep their value: a mask
 * of −65504 stays −65504.
 */
import { ModelFormatError, present } from "../../errors.js";
import {
  capturedValues,
  describeNode,
  type Graph,
  type Node,
  type Value,
  type ValueType,
} from "../graph.js";
import { DTYPES, float32Tensor, HALVES, readNumbers, type Tensor } from "../tensor.js";
import { TypeInference } from "../type-inference.js";
import type { Pass } from "./pass.js";

const HALF_CODES: ReadonlySet<number> = new Set([DTYPES.float16.code, DTYPES.bfloat16.code]);
const FLOAT32 = BigInt(DTYPES.float32.code);

/** Integer attributes that hold an element type, whatever the operator (ONNX 26 and com.microsoft 1). */
const TYPE_ATTRIBUTES: readonly string[] = [
  "to", // Cast
  "dtype", // EyeLike, RandomNormal, RandomUniform and their Like forms, Bernoulli
  "output_dtype", // DequantizeLinear
  "output_datatype", // windows, MelWeightMatrix
  "precision", // QuantizeLinear
  "softmax_precision", // Attention
  "stash_type", // norms
];

/** Tensor attributes that give a result its element type. */
const TENSOR_ATTRIBUTES: readonly string[] = ["value"]; // ConstantOfShape, Constant

/** Domains whose operators have float32 forms of all that they do in half precision, but for those of {@link FIXED}. */
const KNOWN_DOMAINS: ReadonlySet<string> = new Set(["", "com.microsoft"]);

/** Operators whose meaning is tied to the bits of their operands. */
const FIXED: ReadonlySet<string> = new Set(["BitCast", "com.microsoft.GemmFloat8"]);

/** Widens float16 and bfloat16 to float32. */
export const widen: Pass = {
  name: "widen",
  note: "half-precision weights as the file has them; everything is computed in float32",
  requires: () => [],
  apply({ graph }) {
    const types = new TypeInference(graph);
    const isHalf = (value: Value): boolean => HALVES.has(types.knownDtype(value));
    refuseFixed(graph, isHalf);
    const casts = graph.nodes.filter((node) => node.op === "Cast" && castsHalf(node, isHalf));
    const changes = [
      ...graph.nodes.map(widenAttributes),
      ...graph.initializers.filter(isHalf).map(widenConstant),
      ...[...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs)].map(widenType),
    ].reduce((sum, count) => sum + count, 0);
    dropIdleCasts(graph, casts);
    return changes;
  },
  ensures({ graph }) {
    const types = new TypeInference(graph);
    return graph.nodes
      .filter((node) => !isLookup(node) && node.op !== "Cast")
      .flatMap((node) => [...node.inputs, ...node.outputs])
      .filter((value) => value !== null && HALVES.has(types.knownDtype(value)))
      .map((value) => `"${value?.name ?? ""}" is still in half precision`);
  },
};

function castsHalf(node: Node, isHalf: (value: Value) => boolean): boolean {
  return isHalf(node.input(0)) || HALF_CODES.has(node.int("to"));
}

/** @throws {@link ModelFormatError} listing the operators that cannot be widened. */
function refuseFixed(graph: Graph, isHalf: (value: Value) => boolean): void {
  const reasonFor = (node: Node): string | undefined => {
    if ([...node.attributes.values()].some(({ kind }) => kind === "graph"))
      return holdsHalf(node, isHalf) ? "a branch or loop that holds half precision" : undefined;
    const touches = [...node.inputs, ...node.outputs].some(
      (value) => value !== null && isHalf(value),
    );
    if (!touches) return undefined;
    if (!KNOWN_DOMAINS.has(node.domain)) return "an operator of a domain that is not known";
    return FIXED.has(node.op) ? "an operator on the bits of a number" : undefined;
  };
  const found = graph.nodes.flatMap((node) => {
    const reason = reasonFor(node);
    return reason === undefined ? [] : [{ node, text: `${describeNode(node)}: ${reason}` }];
  });
  if (found.length === 0) return;
  throw new ModelFormatError("a half-precision model that cannot be computed in float32", {
    code: "WIDEN",
    where: describeNode(present(found[0], "refusal").node),
    expected: "operators of ai.onnx and com.microsoft without half precision in branches",
    found: found.map(({ text }) => text).join("; "),
    hint: "export the model in float32",
  });
}

function holdsHalf(node: Node, isHalf: (value: Value) => boolean): boolean {
  if (
    [...node.inputs, ...node.outputs, ...capturedValues(node)].some((v) => v !== null && isHalf(v))
  )
    return true;
  return [...node.attributes.values()].some((attribute) => {
    if (attribute.kind !== "graph") return false;
    const types = new TypeInference(attribute.value);
    const values = [
      ...attribute.value.initializers,
      ...attribute.value.nodes.flatMap(({ outputs }) => outputs),
    ];
    return values.some((value) => HALVES.has(types.knownDtype(value)));
  });
}

function widenAttributes(node: Node): number {
  let changes = 0;
  for (const name of TYPE_ATTRIBUTES) {
    const attribute = node.attributes.get(name);
    if (attribute?.kind !== "int" || !HALF_CODES.has(Number(attribute.value))) continue;
    node.attributes.set(name, { kind: "int", value: FLOAT32 });
    changes += 1;
  }
  for (const name of TENSOR_ATTRIBUTES) {
    const attribute = node.attributes.get(name);
    const tensor = attribute?.kind === "tensor" ? widened(attribute.value) : undefined;
    if (attribute?.kind !== "tensor" || tensor === undefined) continue;
    node.attributes.set(name, { ...attribute, value: tensor });
    changes += 1;
  }
  return changes;
}

/** The same numbers in float32; `undefined` for other types and for tensors that stay in their file. */
function widened(tensor: Tensor): Tensor | undefined {
  const numbers = HALVES.has(tensor.dtype) ? readNumbers(tensor) : undefined;
  return numbers && float32Tensor(numbers, tensor.dims);
}

/** Small constants are converted; a weight in a file gets a Cast beside it that all its users share. */
function widenConstant(value: Value): number {
  const { graph } = value;
  const at = graph.inputs.indexOf(value);
  // a default that nobody overrides: inputs of models are fed by their role
  if (at >= 0) graph.inputs.splice(at, 1);
  const tensor = widened(present(value.initializer, "constant"));
  if (tensor !== undefined) {
    value.initializer = tensor;
    value.type = { dtype: tensor.dtype, shape: tensor.dims };
    return 1;
  }
  const users = value.uses.filter(({ node }) => node.op !== "Cast");
  const lookups = users.filter(({ node, index }) => isLookup(node) && index === 0);
  const others = users.filter((use) => !lookups.includes(use));
  const changes = lookups.filter(({ node }) => widenLookup(node)).length;
  if (others.length === 0) return changes;
  const cast = castOf(value);
  for (const { node, index } of others) node.replaceInput(index, cast);
  return changes + 1;
}

/** Selects numbers out of a half-precision table, which it can do as they are. */
function isLookup(node: Node): boolean {
  return node.op === "Gather" && HALVES.has(node.input(0).initializer?.dtype);
}

/** Casts what is looked up; `false` when that is done already. */
function widenLookup(node: Node): boolean {
  const found = node.output();
  const isDone = !found.isOutput && found.uses.every(({ node: user }) => user.op === "Cast");
  if (isDone) return false;
  const { graph } = node;
  const uses = [...found.uses];
  const cast = castOf(found);
  for (const { node: user, index } of uses) user.replaceInput(index, cast);
  if (found.isOutput) {
    const { name } = found;
    graph.outputs[graph.outputs.indexOf(found)] = cast;
    graph.rename(found, graph.freshName(`${name}/narrow`));
    graph.rename(cast, name);
  }
  return true;
}

function castOf(value: Value): Value {
  const { graph } = value;
  const cast = graph.addNode({
    opType: "Cast",
    name: graph.freshNodeName(`${value.name}/widen`),
    inputs: [value],
    outputs: [graph.freshName(`${value.name}/float32`)],
    attributes: { to: FLOAT32 },
  });
  cast.output().type = float32Like(value);
  return cast.output();
}

function float32Like({ type }: Value): ValueType {
  return { dtype: "float32", ...(type?.shape === undefined ? {} : { shape: type.shape }) };
}

/** What a file declares of a value follows what it has become. */
function widenType(value: Value): number {
  if (!HALVES.has(value.type?.dtype)) return 0;
  if (value.producer !== undefined && isLookup(value.producer)) return 0;
  value.type = float32Like(value);
  value.origin = undefined;
  return 1;
}

/** A Cast from float32 to float32 passes on; it stays where the graph's interface needs a node. */
function dropIdleCasts(graph: Graph, casts: readonly Node[]): void {
  const types = new TypeInference(graph);
  for (const node of casts) {
    const [from, to] = [node.input(0), node.output()];
    if (node.int("to") !== DTYPES.float32.code || types.knownDtype(from) !== "float32") continue;
    if (to.isOutput) continue;
    graph.replaceAllUses(to, from);
    graph.removeNode(node);
  }
}
