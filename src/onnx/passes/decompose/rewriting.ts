/**
 * @file The frame that all decompositions share: one fused node becomes primitive operators that compute the same.
 *
 * Values that do not depend on the layer (positions, masks, rotary tables) are made once and shared by all nodes.
 */
import { Builder } from "../../builder.js";
import {
  declareContribOperators,
  describeNode,
  type Model,
  type Node,
  type Value,
} from "../../graph.js";
import type { DType } from "../../tensor.js";
import { TypeInference, type SymbolicShape } from "../../type-inference.js";
import { nodesOf, supersede, type Pass } from "../pass.js";
import { checkOperator, unsupported, type OperatorTable } from "./operator-table.js";

/** One fused node that is being written out. */
export interface FusedCase {
  readonly node: Node;
  readonly b: Builder;
  readonly types: TypeInference;
  /** The value made for `key` before, in this graph; else makes it. Values in a key are compared by identity. */
  readonly shared: (key: readonly SharedKey[], make: () => Value) => Value;
}

type SharedKey = Value | string | number | boolean;

/** How one operator is written out. */
export interface Decomposition {
  readonly table: OperatorTable;
  /** Why the runtime's own CPU kernel cannot compute this node; `undefined` when it can, or nothing is known. */
  readonly beyondKernel?: (node: Node, types: TypeInference) => string | undefined;
  /** Emits primitives; one value per output of the node, `null` where nobody reads it. */
  readonly rewrite: (fused: FusedCase) => readonly (Value | null)[];
}

/** Which nodes a pass rewrites: all of the operator, or those that the runtime's CPU kernel cannot compute. */
export type Scope = "all" | "beyond-kernel";

/** The pass that applies a decomposition. */
export function decompositionPass(decomposition: Decomposition, scope: Scope): Pass {
  const { opType, domain } = decomposition.table;
  const chosen = ({ graph }: Model): Node[] => {
    const nodes = nodesOf(graph, opType, domain);
    const { beyondKernel } = decomposition;
    if (scope === "all" || nodes.length === 0) return nodes;
    const types = new TypeInference(graph);
    return nodes.filter((node) => beyondKernel?.(node, types) !== undefined);
  };
  const prefix = domain === "" ? "" : `${domain}.`;
  return {
    name: `decompose ${prefix}${opType}${scope === "all" ? "" : " that the CPU cannot run"}`,
    requires: () => [],
    apply(model) {
      const nodes = chosen(model);
      if (nodes.length > 0) rewriteAll(model, nodes, decomposition);
      return nodes.length;
    },
    ensures: (model) => chosen(model).map((node) => `${describeNode(node)} is still there`),
  };
}

function rewriteAll(model: Model, nodes: readonly Node[], decomposition: Decomposition): void {
  checkOperator(nodes, decomposition.table);
  // FusedMatMul multiplies by a transposed operand without a copy of it
  declareContribOperators(model);
  const types = new TypeInference(model.graph);
  const shared = sharedValues();
  for (const node of nodes) {
    const b = new Builder(model.graph, node.name || node.opType);
    supersede(node, decomposition.rewrite({ node, b, types, shared }));
  }
}

function sharedValues(): FusedCase["shared"] {
  const ids = new Map<Value, number>();
  const known = new Map<string, Value>();
  const idOf = (value: Value): string => {
    const id = ids.get(value) ?? ids.size;
    ids.set(value, id);
    return `#${id}`;
  };
  return (key, make) => {
    const text = key.map((each) => (typeof each === "object" ? idOf(each) : each)).join("|");
    const value = known.get(text) ?? make();
    known.set(text, value);
    return value;
  };
}

/** Shape of input `index`, whose rank has to be known. @throws {@link UnsupportedOperatorError} when it is not. */
export function shapeOfInput({ node, types }: FusedCase, index: number): SymbolicShape {
  const shape = types.shape(node.input(index));
  if (shape !== undefined) return shape;
  throw unsupported(node, `input ${index} has no known rank`);
}

/** A size that has to be known. @throws {@link UnsupportedOperatorError} when it is not. */
export function knownSize({ node, types }: FusedCase, value: Value, axis: number): number {
  const size = types.shape(value)?.at(axis);
  if (typeof size === "number") return size;
  throw unsupported(node, `dimension ${axis} of "${value.name}" is not a known number`);
}

/** x itself where it has this element type, else cast to it. */
export function inType({ b, types }: FusedCase, x: Value, dtype: DType): Value {
  return types.dtype(x) === dtype ? x : b.cast(x, dtype);
}

/** Input `index`, or `undefined` when it is omitted. */
export function optionalInput(node: Node, index: number): Value | undefined {
  return node.inputs[index] ?? undefined;
}
