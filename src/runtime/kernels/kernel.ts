/**
 * @file One row of a provider's list of kernels, and how a node is compared with it.
 */
import type { DType } from "../../onnx/tensor.js";

/** A kernel: an operator in some versions for some element types of its main input. */
export interface Kernel {
  /** First operator set version that it serves. */
  readonly since: number;
  /** Element types of what it computes on (the first input that is no integer index or condition). */
  readonly types: ReadonlySet<DType>;
}

/** Kernels by operator, `com.microsoft.` before the names of that domain; newest version last. */
export type KernelTable = ReadonlyMap<string, readonly Kernel[]>;

const HALF = ["float32", "float16"] as const;
const FLOATS = ["float64", ...HALF] as const;
const NUMBERS = [...FLOATS, "int32", "int64", "uint32", "uint64"] as const;
const ALL_NUMBERS = ["bfloat16", ...NUMBERS, "int8", "int16", "uint8", "uint16"] as const;

/** Groups of element types that lists of kernels repeat. */
export const TYPES = {
  /** All that tables of decoders hold, as far as data is only moved. */
  moved: [...ALL_NUMBERS, "bool"],
  floats: FLOATS,
  wideFloats: ["bfloat16", ...FLOATS],
  half: HALF,
  wideHalf: ["bfloat16", ...HALF],
  numbers: NUMBERS,
  wideNumbers: ["bfloat16", ...NUMBERS],
  allNumbers: ALL_NUMBERS,
  bool: ["bool"],
  bfloat16Half: ["bfloat16", "float16"],
} as const satisfies Record<string, readonly DType[]>;

/** Name of a group of element types. */
export type TypeGroup = keyof typeof TYPES;

/** One row as written: versions from which a group of types is served, oldest first. */
export type KernelRow = readonly (readonly [
  since: number,
  group: TypeGroup,
  ...more: readonly DType[],
])[];

/** A table from its rows. */
export function kernelTable(rows: Readonly<Record<string, KernelRow>>): KernelTable {
  return new Map(
    Object.entries(rows).map(([op, kernels]) => [
      op,
      kernels.map(([since, group, ...more]) => ({
        since,
        types: new Set<DType>([...TYPES[group], ...more]),
      })),
    ]),
  );
}
