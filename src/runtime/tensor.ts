/**
 * @file Tensors at the border to the runtime: element type, sizes and a typed array.
 */
import { invariant, NumericsError } from "../errors.js";

/** Array type by element type; float16 as its bits, since Node 20 has no `Float16Array`. */
export interface ArrayOf {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: Uint16Array;
  readonly int64: BigInt64Array;
  readonly int32: Int32Array;
  readonly uint8: Uint8Array;
  readonly bool: Uint8Array;
}

/** Element types that cross the border. bfloat16 does not: the runtime's JavaScript side has none. */
export type RuntimeDType = keyof ArrayOf;

/** A dense row-major tensor. */
export type RuntimeTensor = {
  readonly [D in RuntimeDType]: {
    readonly dtype: D;
    readonly dims: readonly number[];
    readonly data: ArrayOf[D];
  };
}[RuntimeDType];

/** Makes a tensor of one element type. */
export function tensor<D extends RuntimeDType>(
  dtype: D,
  dims: readonly number[],
  data: ArrayOf[D],
): Extract<RuntimeTensor, { dtype: D }> {
  return { dtype, dims, data } as Extract<RuntimeTensor, { dtype: D }>; // D picks one member of the union
}

/** Makes an int64 tensor from integers. */
export function int64(dims: readonly number[], values: ArrayLike<number>): RuntimeTensor {
  return tensor(
    "int64",
    dims,
    BigInt64Array.from({ length: values.length }, (_, i) => BigInt(values[i] ?? 0)),
  );
}

/** Named tensors, as a session takes and gives them. */
export type Feeds = Readonly<Record<string, RuntimeTensor>>;

/**
 * Returns the elements of a float32 output.
 *
 * @throws {@link InvariantError} when it is missing or of another type: our own graphs declare float32 outputs.
 */
export function float32Data(tensors: Feeds, name: string): Float32Array {
  const found = tensors[name];
  invariant(found?.dtype === "float32", `output "${name}" is ${found?.dtype ?? "missing"}`);
  return found.data;
}

/**
 * Checks that every element is a finite number.
 *
 * @throws {@link NumericsError} naming the first element that is not.
 */
export function checkFinite(data: ArrayLike<number>, what: string): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new NumericsError(`${what} is not finite`, {
        code: "NOT_FINITE",
        where: what,
        expected: "finite numbers",
        found: `${String(data[i])} at element ${i} of ${data.length}`,
        hint: "the model itself overflows or divides by zero on this input; try a float32 export",
      });
    }
  }
}
