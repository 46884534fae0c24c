/**
 * @file A product with a transposed weight reads the weight as it lies:
 *
 *   y = MatMul(x, Transpose(W))      →  y = FusedMatMul(x, W){transB = 1}
 *   y = Gemm(x, Transpose(W), c?)    →  y = Gemm(x, W, c?){transB flipped}
 *
 * Why: the runtime folds Transpose(W) into a second copy of the weight, beside the one that the gradient reads. W is a
 * float32 constant, or a constant cast to float32 (half-precision weights).
 */
import {
  declareContribOperators,
  describeNode,
  type Attribute,
  type Graph,
  type Model,
  type Node,
} from "../graph.js";
import { nodesOf, supersede, type Pass } from "./pass.js";
import { DTYPES } from "../tensor.js";

/** The Transpose of a float32 matrix that `node` multiplies by, if it does. */
function transposedWeight(node: Node): Node | undefined {
  const transpose = node.inputs[1]?.producer;
  if (transpose?.op !== "Transpose") return undefined;
  const perm = transpose.ints("perm", [1, 0]);
  const isSwap = perm.length === 2 && perm[0] === 1;
  return isSwap && isFloat32Matrix(transpose) ? transpose : undefined;
}

function isFloat32Matrix(transpose: Node): boolean {
  const x = transpose.input(0);
  const cast = x.producer?.op === "Cast" ? x.producer : undefined;
  const tensor = (cast?.input(0) ?? x).initializer;
  if (tensor?.dims.length !== 2) return false;
  return cast === undefined
    ? tensor.dtype === "float32"
    : cast.int("to") === DTYPES.float32.code && tensor.dtype !== "float64";
}

function candidates({ graph }: Model): Node[] {
  return [...nodesOf(graph, "MatMul"), ...nodesOf(graph, "Gemm")].filter(
    (node) => transposedWeight(node) !== undefined,
  );
}

function rewrite(node: Node): void {
  const transpose = transposedWeight(node);
  if (transpose === undefined) return;
  const { graph } = node;
  const isGemm = node.opType === "Gemm";
  const flag: Attribute = { kind: "int", value: node.int("transB", 0) === 0 ? 1n : 0n };
  const product = graph.addNode({
    opType: isGemm ? "Gemm" : "FusedMatMul",
    domain: isGemm ? "" : "com.microsoft",
    name: graph.freshNodeName(`${node.name || node.opType}/transposed`),
    inputs: [node.input(0), transpose.input(0), ...node.inputs.slice(2)],
    attributes: new Map([...node.attributes, ["transB", flag]]),
    before: node,
  });
  supersede(node, [product.output()]);
  removeIfIdle(graph, transpose);
}

function removeIfIdle(graph: Graph, node: Node): void {
  if (node.outputs.every((output) => !output.isUsed)) graph.removeNode(node);
}

/** Makes products with transposed weights read the weight as it lies. */
export const transposedWeights: Pass = {
  name: "transposed-weights",
  requires: () => [],
  apply(model) {
    const nodes = candidates(model);
    if (nodes.some((node) => node.opType === "MatMul")) declareContribOperators(model);
    nodes.forEach(rewrite);
    return nodes.length;
  },
  ensures: (model) => candidates(model).map((node) => `${describeNode(node)} copies its weight`),
};
