/**
 * @file What a located model is made of, for a person: attention, norms, activations, weights. Read off the graph alone;
 * what a graph does not tell (a window inside a computed mask) stays unknown.
 */
import { findDominance } from "../onnx/dominance.js";
import type { Graph, Node, Value } from "../onnx/graph.js";
import { byteLength, elementCount, type DType } from "../onnx/tensor.js";
import { TypeInference, type SymbolicShape } from "../onnx/type-inference.js";
import type { LocatedModel } from "./located.js";
import {
  carriesData,
  isDecomposedNorm,
  isFusedAttention,
  isFusedNorm,
  isMatMulLike,
} from "./operator-roles.js";
import { classifyRegions } from "./residual.js";

/** Attention of one or more blocks that are built alike. `null` = the graph does not tell. */
export interface AttentionForm {
  /** The fused operator, or `decomposed`. */
  readonly form: string;
  /** Blocks, counted from 1. */
  readonly blocks: readonly number[];
  readonly heads: number | null;
  readonly kvHeads: number | null;
  /** Tokens that a query sees, itself included. */
  readonly window: number | null;
  readonly softCap: number | null;
}

/** Weights of one element type. */
export interface WeightGroup {
  readonly dtype: DType;
  readonly tensors: number;
  readonly sizeBytes: number;
}

/** Weights packed into a few bits each. */
export interface PackedGroup {
  readonly operator: string;
  readonly bits: number;
  readonly blockSize: number;
  readonly matrices: number;
}

/** Everything seen. */
export interface Anatomy {
  readonly attention: readonly AttentionForm[];
  /** By operator, on the way from the embedding to the logits. */
  readonly norms: Readonly<Record<string, number>>;
  readonly activations: Readonly<Record<string, number>>;
  readonly weights: readonly WeightGroup[];
  readonly packed: readonly PackedGroup[];
  /** Numbers that the model consists of; a packed weight counts as the matrix it stands for. */
  readonly parameters: number;
}

/** Reads the anatomy of a model. */
export function describeAnatomy(located: LocatedModel): Anatomy {
  const { graph } = located.model;
  const [source] = located.sites;
  const dominance =
    source && findDominance(graph, { source, sink: located.logits, carries: carriesData });
  const regions = dominance === undefined ? [] : classifyRegions(dominance);
  const way = regions.flatMap(({ nodes }) => nodes);
  const attending = regions.filter(({ kind }) => kind === "attention");
  const types = new TypeInference(graph);
  const active = dominance?.active ?? new Set<Value>();
  return {
    attention: groupAlike(
      attending.map(({ nodes }) => attentionOf(nodes, { types, active, located })),
    ),
    norms: count(way, normName),
    activations: count(way, ({ opType }) => (ACTIVATIONS.has(opType) ? opType : undefined)),
    weights: weightGroups(graph),
    packed: packedGroups(graph),
    parameters: countParameters(graph),
  };
}

const ACTIVATIONS = new Set([
  ...["Gelu", "FastGelu", "QuickGelu", "BiasGelu", "Relu", "Sigmoid", "Tanh", "Erf", "Swish"],
]);

function normName(node: Node): string | undefined {
  if (isFusedNorm(node)) return node.opType;
  return isDecomposedNorm(node) ? "decomposed" : undefined;
}

function count(
  nodes: readonly Node[],
  name: (node: Node) => string | undefined,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const node of nodes) {
    const key = name(node);
    if (key !== undefined) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

type Form = Omit<AttentionForm, "blocks">;

interface Surroundings {
  readonly types: TypeInference;
  readonly active: ReadonlySet<Value>;
  readonly located: LocatedModel;
}

function attentionOf(nodes: readonly Node[], around: Surroundings): Form {
  const fused = nodes.find(isFusedAttention);
  return fused === undefined ? decomposed(nodes, around) : fusedForm(fused, around);
}

/** Positive attribute, or unknown: 0 and −1 mean "off" in all attention operators. */
function positive(node: Node, name: string): number | null {
  const attribute = node.attributes.get(name);
  const value =
    attribute?.kind === "int" || attribute?.kind === "float" ? Number(attribute.value) : 0;
  return value > 0 ? value : null;
}

function fusedForm(node: Node, { types }: Surroundings): Form {
  const fromShape = (index: number): number | null => {
    const value = node.inputs[index];
    return value ? headsIn(types.shape(value)) : null;
  };
  const heads = positive(node, "num_heads") ?? positive(node, "q_num_heads") ?? fromShape(0);
  const kvHeads = positive(node, "kv_num_heads") ?? fromShape(1) ?? heads;
  return {
    form: node.opType,
    heads,
    kvHeads,
    window: positive(node, "local_window_size"),
    softCap: positive(node, "softcap"),
  };
}

/** Queries, keys and scores of rank 4 are [batch, heads, token, …]. */
function headsIn(dims: SymbolicShape | undefined): number | null {
  return dims?.length === 4 && typeof dims[1] === "number" ? dims[1] : null;
}

function decomposed(nodes: readonly Node[], { types, active, located }: Surroundings): Form {
  const scores = nodes.find(
    (node) =>
      isMatMulLike(node) &&
      node.inputs.filter((value) => value !== null && active.has(value)).length >= 2,
  );
  return {
    form: "decomposed",
    heads: scores === undefined ? null : headsIn(types.shape(scores.output())),
    kvHeads: pastHeads(located) ?? null,
    window: null,
    softCap: softCapOf(nodes),
  };
}

/** Heads of the past inputs: the one number beside the batch, the length (0) and dHead. */
function pastHeads({ feeds }: LocatedModel): number | undefined {
  const dims = feeds.past[0]?.dims.slice(-4, -1) ?? [];
  return dims.find((dim): dim is number => typeof dim === "number" && dim > 0);
}

/** c · tanh(x / c): the constant after the Tanh. */
function softCapOf(nodes: readonly Node[]): number | null {
  const caps = nodes
    .filter(({ opType }) => opType === "Tanh")
    .flatMap((node) => node.output().uses)
    .filter(({ node }) => node.opType === "Mul")
    .map(({ node, index }) => node.inputs[1 - index]?.numbers)
    .flatMap((numbers) => (numbers?.length === 1 ? numbers : []));
  return caps.find((cap) => cap > 1) ?? null;
}

function groupAlike(forms: readonly Form[]): AttentionForm[] {
  const groups = new Map<string, { form: Form; blocks: number[] }>();
  forms.forEach((form, i) => {
    const key = JSON.stringify(form);
    const group = groups.get(key) ?? { form, blocks: [] };
    group.blocks.push(i + 1);
    groups.set(key, group);
  });
  return [...groups.values()].map(({ form, blocks }) => ({ ...form, blocks }));
}

function weightGroups(graph: Graph): WeightGroup[] {
  const groups = new Map<DType, { tensors: number; sizeBytes: number }>();
  for (const { initializer } of graph.initializers) {
    if (initializer === undefined) continue;
    const group = groups.get(initializer.dtype) ?? { tensors: 0, sizeBytes: 0 };
    group.tensors += 1;
    group.sizeBytes += byteLength(initializer.dtype, initializer.dims);
    groups.set(initializer.dtype, group);
  }
  return [...groups]
    .map(([dtype, group]) => ({ dtype, ...group }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes);
}

function packedNodes(graph: Graph): Node[] {
  return graph.nodes.filter(({ opType }) => opType === "MatMulNBits");
}

function packedGroups(graph: Graph): PackedGroup[] {
  const groups = new Map<string, PackedGroup>();
  for (const node of packedNodes(graph)) {
    const [bits, blockSize] = [node.int("bits", 4), node.int("block_size", 32)];
    const key = `${bits}/${blockSize}`;
    const matrices = (groups.get(key)?.matrices ?? 0) + 1;
    groups.set(key, { operator: node.opType, bits, blockSize, matrices });
  }
  return [...groups.values()];
}

function countParameters(graph: Graph): number {
  const packed = packedNodes(graph);
  const parts = new Set(packed.flatMap((node) => node.inputs.slice(1, 4)));
  const matrices = new Map(
    packed.map((node) => [node.inputs[1], node.int("N", 0) * node.int("K", 0)]),
  );
  const plain = graph.initializers
    .filter((value) => !parts.has(value))
    .flatMap(({ initializer }) => initializer ?? [])
    // integers are shapes and indices; weights packed otherwise count as their elements
    .map(({ dtype, dims }) => (dtype === "int64" ? 0 : elementCount(dims)));
  return [...plain, ...matrices.values()].reduce((sum, n) => sum + n, 0);
}
