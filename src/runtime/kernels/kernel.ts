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

/** Groups of element types that lists of kernels repeat. */
export const TYPES = {
  /** All that tables of decoders hold, as far as data is only moved. */
  moved: [
    "bfloat16",
    "bool",
    "float64",
    "float32",
    "float16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
  ],
  floats: ["float64", "float32", "float16"],
  wideFloats: ["bfloat16", "float64", "float32", "float16"],
  half: ["float32", "float16"],
  wideHalf: ["bfloat16", "float32", "float16"],
  numbers: ["float64", "float32", "float16", "int32", "int64", "uint32", "uint64"],
  wideNumbers: ["bfloat16", "float64", "float32", "float16", "int32", "int64", "uint32", "uint64"],
  allNumbers: [
    "bfloat16",
    "float64",
    "float32",
    "float16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
  ],
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
