/**
 * @file The linear layers and embeddings of a graph by their module paths. In a graph that was generated from a checkpoint
 * every such node is named by its path; in an exported file names are hints: a path is taken only where one node has it.
 */
import type { Graph, Node, Value } from "../../onnx/graph.js";

/** A node that multiplies by a frozen matrix, or looks rows of one up. */
export interface Module {
  readonly path: string;
  readonly kind: "linear" | "embedding";
  readonly node: Node;
  /** Linear: x, `[…, in]`; embedding: the indices, `[batch, token]`. */
  readonly input: Value;
  /** Linear: `[…, out]`, with a bias where the operator adds one; embedding: `[batch, token, width]`. */
  readonly output: Value;
  /** Which input of the node holds the matrix. */
  readonly weightIndex: 0 | 1;
  /** `[in, out]`, or `[rows, width]`; `undefined` where the matrix is quantised. */
  readonly dims: readonly [number, number] | undefined;
}

/** Modules by path, and the paths that several nodes claim. */
export interface Modules {
  readonly byPath: ReadonlyMap<string, Module>;
  readonly ambiguous: ReadonlySet<string>;
}

/** Operators on the way from a stored weight to its use. */
const STEPS = new Set(["Cast", "Transpose", "Identity", "DequantizeLinear"]);

/** The stored tensor behind an operand. */
export function storedWeight(value: Value): Value | undefined {
  let at = value;
  while (at.producer !== undefined && STEPS.has(at.producer.opType)) at = at.producer.input(0);
  return at.initializer === undefined || at.isInput ? undefined : at;
}

/** Finds the modules of a graph. */
export function findModules(graph: Graph): Modules {
  const byPath = new Map<string, Module>();
  const ambiguous = new Set<string>();
  for (const node of graph.nodes) {
    const found = moduleAt(node);
    if (found === undefined) continue;
    const path = pathOf(node, found.weight);
    if (path === undefined) continue;
    if (byPath.has(path)) ambiguous.add(path);
    byPath.set(path, { path, node, ...found.module });
  }
  for (const path of ambiguous) byPath.delete(path);
  return { byPath, ambiguous };
}

interface Found {
  readonly module: Omit<Module, "path" | "node">;
  readonly weight: Value | undefined;
}

function moduleAt(node: Node): Found | undefined {
  switch (node.op) {
    case "MatMul":
    case "com.microsoft.FusedMatMul":
    case "Gemm":
      return productAt(node);
    case "com.microsoft.MatMulNBits":
      return {
        module: { ...linear(node), dims: [node.int("K", 0), node.int("N", 0)] },
        weight: storedWeight(node.input(1)),
      };
    case "Gather":
      return lookupAt(node);
    default:
      return undefined;
  }
}

function linear(node: Node): Pick<Module, "kind" | "input" | "output" | "weightIndex"> {
  return { kind: "linear", input: node.input(0), output: node.output(), weightIndex: 1 };
}

/** x · W, W stored, x not transposed. */
function productAt(node: Node): Found | undefined {
  const operand = node.inputs[1];
  const weight = operand ? storedWeight(operand) : undefined;
  if (operand === null || operand === undefined || weight?.initializer?.dims.length !== 2)
    return undefined;
  if (node.int("transA", 0) !== 0 || storedWeight(node.input(0)) !== undefined) return undefined;
  const isFlipped = (node.int("transB", 0) !== 0) !== isTransposed(operand);
  const [rows = 0, columns = 0] = weight.initializer.dims;
  const dims = isFlipped ? ([columns, rows] as const) : ([rows, columns] as const);
  return { module: { ...linear(node), dims }, weight };
}

/** Does an odd number of transpositions lie between the operand and what is stored? */
export function isTransposed(operand: Value): boolean {
  let flipped = false;
  for (let node = operand.producer; node !== undefined; node = node.input(0).producer)
    if (node.opType === "Transpose") flipped = !flipped;
  return flipped;
}

function lookupAt(node: Node): Found | undefined {
  const weight = node.inputs[0] ? storedWeight(node.inputs[0]) : undefined;
  const [rows, width, ...more] = weight?.initializer?.dims ?? [];
  if (rows === undefined || width === undefined || more.length > 0) return undefined;
  if (node.int("axis", 0) !== 0 || node.inputs[1]?.initializer !== undefined) return undefined;
  const module = { input: node.input(1), output: node.output(), weightIndex: 0 } as const;
  return { module: { kind: "embedding", ...module, dims: [rows, width] }, weight };
}

/** Where a path can be read off, best first. */
function pathOf(node: Node, weight: Value | undefined): string | undefined {
  const { name } = node;
  if (/^[A-Za-z_]\w*(\.\w+)+$/.test(name) || name === "lm_head" || name === "embed_out")
    return name;
  return scopeOf(node) ?? slashPath(name) ?? parameterPath(weight?.name);
}

/** torch's dynamo exporter: `["", "model", …, "model.layers.0.self_attn.q_proj", "linear"]`. */
function scopeOf(node: Node): string | undefined {
  const origin = node.origin as
    { metadataProps?: readonly { key: string; value: string }[] } | undefined; // decode.ts puts a NodeProto there
  const text = origin?.metadataProps?.find(
    ({ key }) => key === "pkg.torch.onnx.name_scopes",
  )?.value;
  const scopes = [...(text?.matchAll(/'([^']*)'/g) ?? [])].map(([, scope = ""]) => scope);
  return scopes.length < 2 ? undefined : scopes.at(-2) || undefined;
}

const OPERATOR = /^(MatMul|Gemm|Gather)(_\d+)?$/;

/** TorchScript's: `/model/layers.0/self_attn/q_proj/MatMul`. */
function slashPath(name: string): string | undefined {
  const parts = name.split("/");
  // passes append words of theirs behind the operator
  const operator = parts.findLastIndex((part) => OPERATOR.test(part));
  return parts[0] === "" && operator > 1 ? parts.slice(1, operator).join(".") : undefined;
}

function parameterPath(name: string | undefined): string | undefined {
  return name?.endsWith(".weight") === true ? name.slice(0, -".weight".length) : undefined;
}
