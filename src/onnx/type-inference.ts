/**
 * @file Element types and symbolic shapes of the values of a graph, worked out from its inputs and constants. Types
 * that a file declares for inner values are not trusted for sizes: a cut or an edit may have made them stale.
 *
 * Sound, not complete: two dimensions with equal symbols are equal; two different symbols may still be equal. A
 * dimension that cannot be known gets a symbol of its own; a value whose rank cannot be known gets no shape.
 */
import { ModelFormatError, present } from "../errors.js";
import { readElements } from "./element-inference.js";
import { describeNode, type Graph, type Value } from "./graph.js";
import { DTYPE_RULES, SHAPE_RULES } from "./inference-rules.js";
import type { DType } from "./tensor.js";

/** A known size, or a symbol. */
export type SymbolicDim = number | string;

/** A shape of known rank. */
export type SymbolicShape = readonly SymbolicDim[];

/** Longest integer vector whose elements are followed; shapes are never longer. */
export const MAX_ELEMENTS = 16;

/** What is known of the values of one graph. Made after all edits: it remembers what it has inferred. */
export class TypeInference {
  readonly #dtypes = new Map<Value, DType | undefined>();
  readonly #shapes = new Map<Value, SymbolicShape | undefined>();
  readonly #elements = new Map<Value, SymbolicShape | undefined>();
  #fresh = 0;

  constructor(graph: Graph) {
    // in order, so that the recursion below never runs deeper than one node
    for (const node of graph.topologicalOrder()) {
      for (const value of node.outputs) {
        this.knownDtype(value);
        this.shape(value);
        this.elements(value);
      }
    }
  }

  /** A dimension about which nothing is known. */
  fresh(): string {
    return `?${++this.#fresh}`;
  }

  /** An integer about which nothing is known; unlike a dimension it may be −1 or 0. */
  freshElement(): string {
    return `=${++this.#fresh}`;
  }

  /** `rank` unknown dimensions. */
  freshShape(rank: number): SymbolicShape {
    return Array.from({ length: rank }, () => this.fresh());
  }

  /** Element type, where it can be known. */
  knownDtype(value: Value): DType | undefined {
    if (!this.#dtypes.has(value)) this.#dtypes.set(value, this.#inferDtype(value));
    return this.#dtypes.get(value);
  }

  /**
   * Element type.
   *
   * @throws {@link ModelFormatError} when neither the file nor the operators tell it.
   */
  dtype(value: Value): DType {
    const dtype = this.knownDtype(value);
    if (dtype !== undefined) return dtype;
    throw new ModelFormatError("the element type of a value cannot be inferred", {
      code: "UNKNOWN_ELEMENT_TYPE",
      where: value.producer === undefined ? `value "${value.name}"` : describeNode(value.producer),
      expected: `a declared type, or operators whose result types are known, for "${value.name}"`,
      hint: "run the model through onnx.shape_inference and audit the result",
    });
  }

  /** Shape, when at least the rank is known. */
  shape(value: Value): SymbolicShape | undefined {
    if (!this.#shapes.has(value)) this.#shapes.set(value, this.#inferShape(value));
    return this.#shapes.get(value);
  }

  /** Takes note of a shape that the maker of `value` knows; where both are known, the more telling dimensions stay. */
  refine(value: Value, shape: SymbolicShape | undefined): void {
    const known = this.shape(value);
    if (shape === undefined) return;
    const merged = known?.length === shape.length ? known : shape;
    this.#shapes.set(
      value,
      merged.map((dim, i) => mostTelling(dim, shape[i] ?? dim)),
    );
  }

  /** Elements of a short integer vector or scalar, each known or a symbol: the arithmetic of shapes. */
  elements(value: Value): SymbolicShape | undefined {
    if (!this.#elements.has(value)) this.#elements.set(value, readElements(value, this));
    return this.#elements.get(value);
  }

  /** Elements of a short integer vector or scalar, when all are known. */
  integers(value: Value | null | undefined): readonly number[] | undefined {
    const elements = value ? this.elements(value) : undefined;
    const known = elements?.filter((each) => typeof each === "number");
    return known?.length === elements?.length ? known : undefined;
  }

  #inferDtype(value: Value): DType | undefined {
    const declared = value.initializer?.dtype ?? value.type?.dtype;
    const node = value.producer;
    if (declared !== undefined || node === undefined) return declared;
    const rule = DTYPE_RULES[node.opType];
    if (rule !== undefined) return rule({ node, types: this, output: value.outputIndex });
    const first = node.inputs[0];
    return first ? this.knownDtype(first) : undefined;
  }

  #inferShape(value: Value): SymbolicShape | undefined {
    if (value.initializer !== undefined) return value.initializer.dims;
    const node = value.producer;
    const declared = value.type?.shape;
    if (node === undefined) return declared?.map((dim) => dim ?? this.fresh());
    const inferred = SHAPE_RULES[node.opType]?.({ node, types: this, output: value.outputIndex });
    // of a declared inner shape only the rank is taken
    return inferred ?? (declared === undefined ? undefined : this.freshShape(declared.length));
  }
}

/** A number before a name, a name before an unknown. */
function mostTelling(a: SymbolicDim, b: SymbolicDim): SymbolicDim {
  const rank = (dim: SymbolicDim): number =>
    typeof dim === "number" ? 0 : dim.includes("?") ? 2 : 1;
  return rank(b) < rank(a) ? b : a;
}

/** Shape of the result when the shapes are broadcast together; `undefined` when one has no known rank. */
export function broadcastShapes(
  shapes: readonly (SymbolicShape | undefined)[],
  types: TypeInference,
): SymbolicShape | undefined {
  let result: SymbolicShape = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    result = broadcastPair(result, shape, types);
  }
  return result;
}

function broadcastPair(a: SymbolicShape, b: SymbolicShape, types: TypeInference): SymbolicShape {
  const rank = Math.max(a.length, b.length);
  const at = (shape: SymbolicShape, i: number): SymbolicDim =>
    i < rank - shape.length ? 1 : present(shape[i - (rank - shape.length)], "dimension");
  return Array.from({ length: rank }, (_, i) => broadcastDim(at(a, i), at(b, i), types));
}

function broadcastDim(a: SymbolicDim, b: SymbolicDim, types: TypeInference): SymbolicDim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  // a known size other than 1 wins: the symbol beside it can only be 1 or the same
  if (typeof a === "number") return a;
  return typeof b === "number" ? b : types.fresh();
}
