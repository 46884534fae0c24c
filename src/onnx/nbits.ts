/**
 * @file com.microsoft MatMulNBits: what a node multiplies by, and how rows of its packed weight become floats.
 *
 *   Y = A · dequant(B)ᵀ + bias;   dequant(B)[n, k] = (q[n, k] − z[n, block]) · s[n, block],   block = ⌊k / blockSize⌋
 *
 * B is uint8 `[N, blocks, blockSize · bits / 8]`, low bits first. Rows are made by primitive operators, the same for every
 * width, form of zero points and operator set from 13 on. Measured on one thread, 1536 × 1536 weights of 4 bits with the
 * product by 64 rows (ONNX Runtime 1.30): 28 ms, of which 8 are the product; DequantizeLinear on the bytes declared as
 * UINT4 takes 21 ms but needs operator set 21 (25 for 2 bits); GatherBlockQuantized takes 63 ms.
 */
import type { AttributeValue, Node, Value } from "./graph.js";
import { DTYPES, float32Tensor, int64Tensor, isFloat, type DType, type Tensor } from "./tensor.js";

/** Weight of one MatMulNBits node. Its operands are as the file has them. */
export interface PackedWeight {
  /** Rows of the dense weight: width of the result. */
  readonly n: number;
  /** Columns of the dense weight: width of the data. */
  readonly k: number;
  readonly bits: number;
  readonly blockSize: number;
  /** uint8 `[N, blocks, blockSize · bits / 8]` */
  readonly packed: Value;
  /** float `[N, blocks]` or `[N · blocks]` */
  readonly scales: Value;
  /** uint8 `[N, ⌈blocks · bits / 8⌉]`, packed, or float `[N, blocks]`; either may be flattened. 2^(bits−1) when absent. */
  readonly zeroPoints: Value | undefined;
  /** Are the zero points floats, one by block? */
  readonly hasFloatZeroPoints: boolean;
}

/** Inputs of MatMulNBits by position. */
export const NBITS_INPUTS = {
  data: 0,
  packed: 1,
  scales: 2,
  zeroPoints: 3,
  groupIndex: 4,
  bias: 5,
} as const;

/** Widths in bits that the runtime multiplies by. */
const WIDTHS: readonly number[] = [2, 4, 8];

function hasFloatZeroPoints(node: Node): boolean {
  const dtype = node.inputs[NBITS_INPUTS.zeroPoints]?.type?.dtype;
  return dtype !== undefined && isFloat(dtype);
}

/** Forms whose bytes cannot be read, or that the runtime cannot multiply by: what to say, and when. */
export const UNREADABLE_FORMS: readonly {
  readonly what: string;
  readonly is: (node: Node) => boolean;
}[] = [
  {
    what: "group indices (g_idx): an order of columns that the runtime no longer documents",
    is: (node) => Boolean(node.inputs[NBITS_INPUTS.groupIndex]),
  },
  {
    what: "weight_prepacked: bytes in the layout of one kind of device",
    is: (node) => node.int("weight_prepacked", 0) !== 0,
  },
  {
    what: `a width other than ${WIDTHS.join(", ")} bits`,
    is: (node) => !WIDTHS.includes(node.int("bits", 4)),
  },
  {
    what: "zero points in floating point beside 8 bits, which the runtime cannot multiply by (1.30)",
    is: (node) => node.int("bits", 4) === 8 && hasFloatZeroPoints(node),
  },
];

/** Reads what a MatMulNBits node multiplies by, from its attributes and operands. */
export function packedWeight(
  attributes: Pick<Node, "int">,
  operands: Pick<PackedWeight, "packed" | "scales" | "zeroPoints" | "hasFloatZeroPoints">,
): PackedWeight {
  return {
    n: attributes.int("N"),
    k: attributes.int("K"),
    bits: attributes.int("bits", 4),
    blockSize: attributes.int("block_size"),
    ...operands,
  };
}

/** What emits nodes here: a builder of passes or the emitter of derivative rules. */
interface PackedEmitter {
  readonly op: (
    opType: string,
    inputs: readonly (Value | null)[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ) => Value;
  readonly constant: (tensor: Tensor) => Value;
}

/** Blocks of one row. */
function blocksOf({ k, blockSize }: PackedWeight): number {
  return Math.ceil(k / blockSize);
}

/** Columns of the rows that {@link dequantisedRows} makes: k, rounded up to whole blocks. */
export function paddedColumns(weight: PackedWeight): number {
  return blocksOf(weight) * weight.blockSize;
}

/** Which rows of a weight to make: some by number, int64 `[row]`, or all, once a value that is waited for is there. */
type RowChoice = { readonly rows: Value } | { readonly after: Value };

/**
 * Emits rows of the dense weight, `[row, paddedColumns]` in the type of the scales. Columns beyond k hold what the file's
 * padding holds; the caller leaves them out.
 */
export function dequantisedRows(b: PackedEmitter, weight: PackedWeight, choice: RowChoice): Value {
  const { n, bits, blockSize, packed, scales } = weight;
  const blocks = blocksOf(weight);
  const chosen = (value: Value): Value =>
    "rows" in choice ? b.op("Gather", [value, choice.rows], { axis: 0n }) : value;
  const byBlock = (value: Value): Value =>
    b.op("Reshape", [
      chosen(b.op("Reshape", [value, ints(b, [n, blocks])])),
      ints(b, [-1, blocks, 1]),
    ]);
  const bytes = "after" in choice ? after(b, packed, choice.after) : chosen(packed);
  const numbers = b.op("Reshape", [unpacked(b, bytes, bits), ints(b, [-1, blocks, blockSize])]);
  const zero = zeroPoints(b, weight);
  const centred = b.op("Sub", [numbers, zero.dims === "scalar" ? zero.value : byBlock(zero.value)]);
  const scaled = b.op("Mul", [centred, byBlock(castTo(b, scales, "float32"))]);
  const dense = b.op("Reshape", [scaled, ints(b, [-1, blocks * blockSize])]);
  return castTo(b, dense, scales.type?.dtype ?? "float32");
}

/** uint8 `[…, byte]` → float32 `[…, byte, 8 / bits]`, low bits first: a table tells what each byte holds. */
function unpacked(b: PackedEmitter, bytes: Value, bits: number): Value {
  if (bits === 8) return b.op("Cast", [bytes], { to: code("float32") });
  const perByte = 8 / bits;
  const entries = Array.from(
    { length: 256 * perByte },
    (_, i) => (Math.floor(i / perByte) >> (bits * (i % perByte))) & (2 ** bits - 1),
  );
  const table = b.constant(float32Tensor(entries, [256, perByte]));
  return b.op("Gather", [table, b.op("Cast", [bytes], { to: code("int32") })], { axis: 0n });
}

/** Zero points, float32: one for all, or by row and block. */
function zeroPoints(
  b: PackedEmitter,
  weight: PackedWeight,
): { readonly value: Value; readonly dims: "scalar" | "matrix" } {
  const { n, bits, zeroPoints: given } = weight;
  if (given === undefined)
    return { value: b.constant(float32Tensor([2 ** (bits - 1)], [])), dims: "scalar" };
  if (weight.hasFloatZeroPoints) return { value: castTo(b, given, "float32"), dims: "matrix" };
  const rows = unpacked(b, b.op("Reshape", [given, ints(b, [n, -1])]), bits);
  const flat = b.op("Reshape", [rows, ints(b, [n, -1])]);
  // the last byte of a row may hold more than the row has blocks
  const end = ints(b, [blocksOf(weight)]);
  return { value: b.op("Slice", [flat, ints(b, [0]), end, ints(b, [1])]), dims: "matrix" };
}

function castTo(b: PackedEmitter, value: Value, dtype: DType): Value {
  const isThere = (value.type?.dtype ?? "float32") === dtype;
  return isThere ? value : b.op("Cast", [value], { to: code(dtype) });
}

function code(dtype: DType): bigint {
  return BigInt(DTYPES[dtype].code);
}

/**
 * `constant` itself, but as a value that can only be computed once `value` is there: the runtime then neither folds what
 * is made of it nor makes it long before it is used. Its shape waits: it is expanded to the first none of the dimensions
 * of `value`, of which nothing else is read. A Reshape moves nothing and knows every element type, bfloat16 too.
 */
export function after(b: PackedEmitter, constant: Value, value: Value): Value {
  const none = b.op("Slice", [b.op("Shape", [value]), ints(b, [0]), ints(b, [0])]);
  const dims: readonly unknown[] = constant.initializer?.dims ?? constant.type?.shape ?? [];
  const sizes = dims.filter((dim) => typeof dim === "number");
  // a scalar has no sizes that could wait, and unknown ones cannot be written down
  if (sizes.length === 0 || sizes.length < dims.length) return b.op("Expand", [constant, none]);
  return b.op("Reshape", [constant, b.op("Expand", [ints(b, sizes), none])]);
}

function ints(b: PackedEmitter, values: readonly number[]): Value {
  return b.constant(int64Tensor(values));
}
