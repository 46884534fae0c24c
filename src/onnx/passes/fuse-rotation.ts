/**
 * @file Rotary position embeddings as one operator. With a, b the halves of x and one angle per pair
 *
 *   y = [a cos − b sin, b cos + a sin]   =   com.microsoft.RotaryEmbedding(x, position, cos, sin)
 *
 * one pass in place of eight operators (Split, four Mul, Sub, Add, Concat). Angles stand as they were made, one row per token of the batch; positions
 * only count those rows. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.RotaryEmbedding
 */
import { Builder } from "../builder.js";
import { declareContribOperators, type Node, type Value } from "../graph.js";
import { TypeInference, type SymbolicShape } from "../type-inference.js";
import { supersede, type Pass } from "./pass.js";

/** Rewrites rotations of heads `[batch, heads …, token, dHead]` by angles `[batch, 1 …, token, dHead / 2]`, in float32. */
export const fuseRotation: Pass = {
  name: "fuse rotation",
  requires: () => [],
  apply(model) {
    const candidates = model.graph.topologicalOrder().filter((node) => rotationOf(node));
    if (candidates.length === 0) return 0;
    const types = new TypeInference(model.graph);
    const angles = new Angles(new Builder(model.graph, "rotation"), types);
    const fused = candidates.filter((node) => {
      const rotation = rotationOf(node); // read again: what it rotates may have been a rotation itself
      if (rotation === undefined || !isOfHeads(rotation, types)) return false;
      supersede(node, [rotate(rotation, angles)]);
      return true;
    });
    if (fused.length > 0) declareContribOperators(model);
    return fused.length;
  },
  ensures: () => [],
};

/** y = [a cos − b sin, b cos + a sin] */
interface Rotation {
  readonly x: Value;
  readonly cos: Value;
  readonly sin: Value;
}

/** Reads a rotation off the node that joins its halves. */
function rotationOf(node: Node): Rotation | undefined {
  if (node.op !== "Concat" || node.inputs.length !== 2 || node.int("axis") !== -1) return undefined;
  const [difference, sum] = node.inputs.map((value) => value?.producer);
  if (difference?.op !== "Sub" || sum?.op !== "Add") return undefined;
  const split = difference
    .input(0)
    .producer?.inputs.map((value) => value?.producer)
    .find((producer) => producer?.op === "Split");
  if (split?.outputs.length !== 2 || split.int("axis", 0) !== -1) return undefined;
  const [a, b] = [split.output(0), split.output(1)];
  const cos = factorOf(difference.input(0), a);
  const sin = factorOf(difference.input(1), b);
  const terms = [sum.input(0), sum.input(1)];
  if (cos === undefined || sin === undefined) return undefined;
  const isTurned = terms.some((term) => factorOf(term, b) === cos);
  const isCrossed = terms.some((term) => factorOf(term, a) === sin);
  return isTurned && isCrossed ? { x: split.input(0), cos, sin } : undefined;
}

/** What `half` is multiplied by to give `product`. */
function factorOf(product: Value, half: Value): Value | undefined {
  const node = product.producer;
  if (node?.op !== "Mul" || !node.inputs.includes(half)) return undefined;
  return node.input(node.input(0) === half ? 1 : 0);
}

/** Are all sizes what the operator takes? */
function isOfHeads({ x, cos, sin }: Rotation, types: TypeInference): boolean {
  const [whole, angles, others] = [types.shape(x), types.shape(cos), types.shape(sin)];
  if (whole === undefined || angles === undefined || whole.length < 4) return false;
  if ([x, cos, sin].some((value) => types.knownDtype(value) !== "float32")) return false;
  const expected = angleShape(whole);
  const isExpected = (shape: SymbolicShape | undefined): boolean =>
    shape?.length === expected?.length && shape?.every((dim, i) => dim === expected?.[i]) === true;
  return expected !== undefined && isExpected(angles) && isExpected(others);
}

/** `[batch, 1 …, token, dHead / 2]` for heads of known number and an even, known size. */
function angleShape(x: SymbolicShape): SymbolicShape | undefined {
  const [batch = 1, token = 1, dHead] = [x[0], x.at(-2), x.at(-1)];
  const heads = x.slice(1, -2);
  if (typeof dHead !== "number" || dHead % 2 !== 0) return undefined;
  if (heads.some((dim) => typeof dim !== "number")) return undefined;
  return [batch, ...heads.map(() => 1), token, dHead / 2];
}

/** Angles as tables of one row per token of the batch, each made once. */
class Angles {
  readonly #tables = new Map<Value, Value>();
  readonly #positions = new Map<Value, Value>();

  constructor(
    readonly b: Builder,
    readonly types: TypeInference,
  ) {}

  /** `[batch · token, dHead / 2]` */
  table(angles: Value): Value {
    return once(this.#tables, angles, () =>
      this.b.op("Reshape", [angles, this.b.ints([-1, Number(this.types.shape(angles)?.at(-1))])]),
    );
  }

  /** int64 `[batch, token]`: 0, 1, … along the rows of the table. */
  positions(cos: Value): Value {
    return once(this.#positions, cos, () => {
      const { b } = this;
      const size = (value: Value, axis: number): Value =>
        b.op("Gather", [b.op("Shape", [value]), b.ints([axis])], { axis: 0n });
      const rows = b.op("Squeeze", [size(this.table(cos), 0), b.ints([0])]);
      const shape = b.op("Concat", [size(cos, 0), size(cos, -2)], { axis: 0n });
      return b.op("Reshape", [b.op("Range", [b.ints(0), rows, b.ints(1)]), shape]);
    });
  }
}

function once(known: Map<Value, Value>, key: Value, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

function rotate({ x, cos, sin }: Rotation, angles: Angles): Value {
  const { b, types } = angles;
  const shape = types.shape(x) ?? [];
  const heads = shape.slice(1, -2).map(Number);
  const dHead = Number(shape.at(-1));
  const count = heads.reduce((product, size) => product * size, 1);
  const flat = heads.length === 1 ? x : b.op("Reshape", [x, b.ints([0, count, -1, dHead])]);
  const rotated = b.op(
    "RotaryEmbedding",
    [flat, angles.positions(cos), angles.table(cos), angles.table(sin)],
    {},
    { domain: "com.microsoft" },
  );
  if (heads.length === 1) return rotated;
  return b.op("Reshape", [rotated, b.ints([0, ...heads, -1, dHead])]);
}
