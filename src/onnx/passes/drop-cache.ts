/**
 * @file Fused attention without its cache: prompts are run whole, so the past is empty and the present is not asked for.
 *
 *   y, k′, v′ = GroupQueryAttention(q, k, v, past_k, past_v, …)  →  y = GroupQueryAttention(q, k, v, –, –, …)
 *
 * Why: past inputs of bfloat16 cannot be fed, a cache of one window needs a past of that size, and exports that share
 * one buffer between past and present fail on an empty one. The attention window itself stays. Only what is an input of
 * the model is dropped: a past that the graph computes, or that is a constant, belongs to the function.
 */
import { describeNode, type Dim, type Graph, type Model, type Node, type Value } from "../graph.js";
import { int64Tensor, type Tensor } from "../tensor.js";
import { supersede, type Pass } from "./pass.js";

interface Cache {
  /** Operator, with its domain unless that is ai.onnx. */
  readonly op: string;
  /** Inputs that hold the past, or describe it. */
  readonly inputs: readonly number[];
  /** Outputs that hold the present. */
  readonly outputs: readonly number[];
  /** Attributes that only say how the cache is stored. */
  readonly attributes: readonly string[];
  /** Axis of the past that counts tokens. */
  readonly lengthAxis: number;
  /** Inputs that scale a quantised cache: it rounds what it holds, and stays, to be refused as an input. */
  readonly quantised?: readonly number[];
}

/** Where the operators keep their cache (ONNX 24; com.microsoft 1 of ONNX Runtime 1.30). */
const CACHES: readonly Cache[] = [
  {
    op: "com.microsoft.GroupQueryAttention",
    inputs: [3, 4],
    outputs: [1, 2],
    attributes: ["sliding_window_cache"],
    lengthAxis: 2,
    quantised: [12, 13],
  },
  {
    op: "com.microsoft.MultiHeadAttention",
    inputs: [6, 7, 8],
    outputs: [1, 2],
    attributes: [],
    lengthAxis: 2,
  },
  {
    op: "com.microsoft.Attention",
    inputs: [4, 6],
    outputs: [1],
    attributes: ["past_present_share_buffer"],
    lengthAxis: 3,
  },
  { op: "Attention", inputs: [4, 5], outputs: [1, 2], attributes: [], lengthAxis: 2 },
];

/** The cache of a node that has one to drop. */
interface Found {
  readonly node: Node;
  readonly cache: Cache;
  readonly past: readonly Value[];
}

function findCaches({ graph }: Model): Found[] {
  const caches = new Map(CACHES.map((cache) => [cache.op, cache]));
  return graph.nodes.flatMap((node) => {
    const cache = caches.get(node.op);
    return cache === undefined ? [] : findCache(node, cache);
  });
}

function findCache(node: Node, cache: Cache): Found[] {
  const past = cache.inputs.flatMap((i) => node.inputs[i] ?? []);
  const hasPresent = cache.outputs.some((i) => node.outputs[i]?.isOutput === true);
  const hasAttribute = cache.attributes.some((name) => node.attributes.has(name));
  const isQuantised = cache.quantised?.some((i) => node.inputs[i]) === true;
  // all or nothing: half a past is no form of any operator
  if (isQuantised || !past.every(isFed)) return [];
  return past.length > 0 || hasPresent || hasAttribute ? [{ node, cache, past }] : [];
}

/** Is this an input of the model, perhaps cast to another type? */
function isFed(value: Value): boolean {
  const source = value.producer?.op === "Cast" ? value.producer.input(0) : value;
  return source.isInput && source.initializer === undefined;
}

function drop({ node, cache }: Found): void {
  const { graph } = node;
  const inputs = node.inputs.map((value, i) => (cache.inputs.includes(i) ? null : value));
  const attributes = [...node.attributes].filter(([name]) => !cache.attributes.includes(name));
  // a present that inner nodes read is computed from the keys and values at hand
  const isKept = (output: Value, i: number): boolean =>
    i === 0 || output.uses.length > 0 || (output.isOutput && !cache.outputs.includes(i));
  const kept = node.outputs.map(isKept);
  const bare = graph.addNode({
    opType: node.opType,
    domain: node.domain,
    name: node.name,
    inputs: inputs.slice(0, 1 + inputs.findLastIndex((value) => value !== null)),
    outputs: node.outputs
      .slice(0, 1 + kept.lastIndexOf(true))
      .map(({ name }, i) => (kept[i] === true ? graph.freshName(`${name}/uncached`) : "")),
    attributes: new Map(attributes),
    before: node,
  });
  bare.origin = node.origin;
  const dropped = new Set(cache.outputs.flatMap((i) => node.outputs[i] ?? []));
  removeWhere(graph.outputs, (value) => dropped.has(value));
  supersede(
    node,
    node.outputs.map((_, i) => (kept[i] === true ? bare.output(i) : null)),
  );
}

function removeWhere<T>(list: T[], isGone: (each: T) => boolean): void {
  list.splice(0, Infinity, ...list.filter((each) => !isGone(each)));
}

/** A past that is gone has length 0, and its other sizes are known otherwise; then the input goes as well. */
function removePast(graph: Graph, past: Value, lengthAxis: number): void {
  const cast = past.producer;
  const source = cast?.op === "Cast" ? cast.input(0) : past;
  if (cast?.op === "Cast" && !past.isUsed) graph.removeNode(cast);
  if (!graph.inputs.includes(source)) return;
  for (const { node } of [...source.uses])
    if (node.op === "Shape") replaceSizes(node, source, lengthAxis);
  if (!source.isUsed) graph.removeSource(source);
}

function replaceSizes(shape: Node, past: Value, lengthAxis: number): void {
  const { graph } = shape;
  for (const { node, index } of [...shape.output().uses]) {
    const axis = node.op === "Gather" && index === 0 ? node.input(1).numbers : undefined;
    const at = node.inputs[1]?.constant;
    const [only] = axis ?? [];
    if (only === undefined || axis?.length !== 1 || at === undefined || node.output().isOutput)
      continue;
    const size = sizeAlong(
      past,
      only < 0 ? only + (past.type?.shape?.length ?? 0) : only,
      lengthAxis,
    );
    if (size === undefined) continue;
    replaceSize(node, size, at);
  }
  if (!shape.output().isUsed) graph.removeNode(shape);
}

/** A number, or the same dimension of another input. */
type Size = number | { readonly of: Value; readonly axis: number };

function sizeAlong(past: Value, axis: number, lengthAxis: number): Size | undefined {
  if (axis === lengthAxis) return 0;
  const dim: Dim = past.type?.shape?.[axis] ?? null;
  if (typeof dim !== "string") return dim ?? undefined;
  const others = past.graph.inputs.filter((input) => input.type?.dtype.startsWith("int") === true);
  const of = others.find((input) => input.type?.shape?.includes(dim) === true);
  return of && { of, axis: of.type?.shape?.indexOf(dim) ?? -1 };
}

function replaceSize(gather: Node, size: Size, at: Tensor): void {
  const { graph } = gather;
  const { name } = gather.output();
  if (typeof size === "number") {
    const tensor = int64Tensor([size], at.dims);
    supersede(gather, [graph.addInitializer(graph.freshName(`${name}/size`), tensor)]);
    return;
  }
  const shape = graph.addNode({
    opType: "Shape",
    name: graph.freshNodeName(`${name}/shape`),
    inputs: [size.of],
    before: gather,
  });
  const index = graph.addInitializer(
    graph.freshName(`${name}/axis`),
    int64Tensor([size.axis], at.dims),
  );
  gather.replaceInput(0, shape.output());
  gather.replaceInput(1, index);
}

/** Drops pasts that are inputs of the model, and presents that are outputs of it. */
export const dropCache: Pass = {
  name: "drop-cache",
  requires: () => [],
  apply(model) {
    const found = findCaches(model);
    found.forEach(drop);
    // several nodes may read one past
    const pasts = new Map(
      found.flatMap(({ past, cache }) => past.map((value) => [value, cache.lengthAxis] as const)),
    );
    for (const [past, lengthAxis] of pasts) removePast(model.graph, past, lengthAxis);
    return found.length;
  },
  ensures: (model) =>
    findCaches(model).map(({ node }) => `${describeNode(node)} still has a cache`),
};
