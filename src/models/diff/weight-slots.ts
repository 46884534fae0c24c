/**
 * @file The weights of a located model by where they act: in which block, as what, after how many products. This is what
 * two files of one architecture share, whatever their names and layouts.
 */
import type { Node, Value } from "../../onnx/graph.js";
import { isFloat, type Tensor } from "../../onnx/tensor.js";
import type { LocatedModel } from "../located.js";
import { findModules, isTransposed, storedWeight, type Module } from "../lora/modules.js";

/** What a weight does. */
export type WeightRole = "embedding" | "linear" | "scale" | "shift" | "other";

/** One use of a stored tensor. A tensor that embedding and head share has two. */
export interface WeightSlot {
  /** For a person: the parameter's name where the file tells it, else the name in the file. */
  readonly label: string;
  /** A name that exporters keep: it ends in `.weight` or `.bias`. */
  readonly name: string | undefined;
  /** −1 = before the embedding is known, or beside it; 1 … nLayers = block; nLayers + 1 = head. */
  readonly layer: number;
  readonly role: WeightRole;
  /** Linear products between the block's entry and this use. */
  readonly depth: number;
  /** Linear `[in, out]`; embedding as stored; others without axes of length one. */
  readonly dims: readonly number[];
  /** Stored as `[out, in]`. */
  readonly isTransposed: boolean;
  readonly tensor: Tensor;
  readonly node: Node;
}

/** Operators that take a tensor as it is stored, or cast or turned. */
const STEPS = new Set(["Cast", "Transpose", "Identity"]);

/** Operators whose constant operand scales or shifts, by operand index. */
const VECTOR_ROLES: Readonly<Record<string, Readonly<Record<number, WeightRole>>>> = {
  LayerNormalization: { 1: "scale", 2: "shift" },
  SimplifiedLayerNormalization: { 1: "scale" },
  RMSNormalization: { 1: "scale" },
  Mul: { 0: "scale", 1: "scale" },
  Add: { 0: "shift", 1: "shift" },
  Gemm: { 2: "shift" },
};

/** Lists the weights of a model: stored floats with an axis of at least two, in the order of their first use. */
export function listWeights({ model, sites, lora }: LocatedModel): WeightSlot[] {
  const { graph } = model;
  const modules = findModules(graph);
  const byNode = new Map([...modules.byPath.values()].map((module) => [module.node, module]));
  // an adapter's products are reported with the weight that they change, and do not count on the way
  const added = new Set<Tensor | undefined>(
    lora?.products.flatMap(({ a, b, bias }) => [a, b, bias]),
  );
  const layers = new Map(sites.map((site, layer) => [site, layer]));
  const places = new Map<Value, Place>();
  const slots: WeightSlot[] = [];
  for (const node of graph.topologicalOrder()) {
    const place = placeOf(node, places);
    const { depth } = place;
    const weight = productWeight(node);
    const isProduct = weight !== undefined && !added.has(weight.initializer);
    for (const output of node.outputs) {
      const site = layers.get(output);
      if (site !== undefined) places.set(output, { layer: site, depth: 0 });
      else if (place.layer !== NOWHERE || isProduct)
        places.set(output, { ...place, depth: depth + (isProduct ? 1 : 0) });
    }
    if (STEPS.has(node.opType)) continue;
    node.inputs.forEach((operand, index) => {
      const stored = operand ? storedWeight(operand) : undefined;
      const tensor = stored?.initializer;
      if (!operand || stored === undefined || tensor === undefined) return;
      if (!isWeight(tensor) || added.has(tensor)) return;
      const at = place.layer === NOWHERE ? NOWHERE : place.layer + 1;
      const module = byNode.get(node);
      slots.push(slotOf({ node, index, operand, stored, tensor, at, depth, module }));
    });
  }
  return slots;
}

/** Before any site. */
const NOWHERE = -1;

interface Place {
  readonly layer: number;
  readonly depth: number;
}

/** Behind which site a node stands, and after how many products. */
function placeOf(node: Node, places: ReadonlyMap<Value, Place>): Place {
  let [layer, depth] = [NOWHERE, 0];
  for (const input of node.inputs) {
    const place = input === null ? undefined : places.get(input);
    if (place === undefined || place.layer < layer) continue;
    depth = place.layer > layer ? place.depth : Math.max(depth, place.depth);
    layer = place.layer;
  }
  return { layer, depth };
}

function productWeight(node: Node): Value | undefined {
  if (!["MatMul", "Gemm", "FusedMatMul", "MatMulNBits"].includes(node.opType)) return undefined;
  const operand = node.inputs[1];
  return operand ? storedWeight(operand) : undefined;
}

function isWeight({ dtype, dims }: Tensor): boolean {
  return isFloat(dtype) && dims.some((size) => size > 1);
}

interface Seen {
  readonly node: Node;
  readonly index: number;
  readonly operand: Value;
  readonly stored: Value;
  readonly tensor: Tensor;
  readonly at: number;
  readonly depth: number;
  readonly module: Module | undefined;
}

function slotOf(seen: Seen): WeightSlot {
  const { node, index, operand, stored, tensor, at, depth, module } = seen;
  const isOwn = module?.weightIndex === index;
  const name = isOwn ? `${module.path}.weight` : stored.name;
  const isNamed = /^[A-Za-z_][\w.]*\.(weight|bias)$/.test(name);
  const role = roleOf(seen);
  const isFlipped = role === "linear" && (node.int("transB", 0) !== 0) !== isTransposed(operand);
  const dims = isFlipped ? [...tensor.dims].reverse() : withoutOnes(role, tensor.dims);
  // the bias of a fused product acts after it, as the Add of others does
  const own = node.opType === "Gemm" && index === 2 ? depth + 1 : depth;
  const named = isNamed ? { label: name, name } : { label: stored.name, name: undefined };
  return { ...named, layer: at, role, depth: own, dims, isTransposed: isFlipped, tensor, node };
}

function roleOf({ node, index, stored, tensor, at }: Seen): WeightRole {
  if (index === 1 && productWeight(node) === stored && tensor.dims.length === 2) return "linear";
  if (index === 0 && node.opType === "Gather") return "embedding";
  // what no token flows through (rotary frequencies, masks) is spread and scaled in as many ways as there are exporters
  return at === NOWHERE ? "other" : (VECTOR_ROLES[node.opType]?.[index] ?? "other");
}

/** A vector is one, whatever axes of length one stand around it. */
function withoutOnes(role: WeightRole, dims: readonly number[]): readonly number[] {
  return role === "linear" || role === "embedding" ? dims : dims.filter((size) => size !== 1);
}
