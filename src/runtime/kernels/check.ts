/**
 * @file Which nodes of a graph a provider has no kernel for, by its list, before any session is made: such nodes are left
 * to the CPU, with a copy of their inputs and outputs each time.
 */
import type { Model, Node, Value } from "../../onnx/graph.js";
import { isFloat, type DType } from "../../onnx/tensor.js";
import { TypeInference } from "../../onnx/type-inference.js";
import type { Kernel, KernelTable } from "./kernel.js";

/** Nodes of one operator and element type for which a provider has no kernel. */
export interface MissingKernel {
  /** With its domain, where that is not the default one. */
  readonly op: string;
  /** Version of the operator's domain in the graph. */
  readonly opset: number;
  /** `undefined` where it could not be inferred. */
  readonly dtype: DType | undefined;
  readonly nodes: number;
}

/** What a provider lacks for a graph. */
export interface KernelGaps {
  /** Operators on floating-point numbers: each costs two copies per run. */
  readonly float: readonly MissingKernel[];
  /** Operators on integers and truth values (masks, positions, shapes): small, and made for the CPU. */
  readonly other: readonly MissingKernel[];
}

/** Input whose element type chooses the kernel, where it is not the first one; −1 = the first output. */
const DECIDING_INPUT: Readonly<Record<string, number>> = {
  Where: 1,
  ConstantOfShape: -1,
  Shape: -1,
  Size: -1,
  OneHot: 2,
  DequantizeLinear: 1,
  "com.microsoft.GatherBlockQuantized": 2,
  "com.microsoft.EmbedLayerNormalization": 2,
};

/** Compares every node of a graph with a list of kernels. */
export function findKernelGaps({ graph, opsets }: Model, table: KernelTable): KernelGaps {
  const types = new TypeInference(graph);
  const missing = new Map<string, MissingKernel>();
  for (const node of graph.nodes) {
    if (node.opType === "Constant") continue; // becomes an initializer
    const opset = opsets.get(node.domain) ?? 1;
    const dtype = decidingType(node, types);
    if (isServed(table.get(node.op), opset, dtype)) continue;
    const key = `${node.op}/${dtype ?? "?"}`;
    const nodes = (missing.get(key)?.nodes ?? 0) + 1;
    missing.set(key, { op: node.op, opset, dtype, nodes });
  }
  const all = [...missing.values()].sort((a, b) => b.nodes - a.nodes || (a.op < b.op ? -1 : 1));
  const onFloats = ({ dtype }: MissingKernel): boolean => dtype === undefined || isFloat(dtype);
  return { float: all.filter(onFloats), other: all.filter((each) => !onFloats(each)) };
}

function decidingType(node: Node, types: TypeInference): DType | undefined {
  const index = DECIDING_INPUT[node.op] ?? 0;
  const value: Value | null | undefined = index < 0 ? node.outputs[0] : node.inputs[index];
  return value == null ? undefined : types.knownDtype(value);
}

/** The newest kernel that is not newer than the graph decides, as in the runtime. */
function isServed(
  kernels: readonly Kernel[] | undefined,
  opset: number,
  dtype: DType | undefined,
): boolean {
  const kernel = kernels?.filter(({ since }) => since <= opset).at(-1);
  return kernel !== undefined && (dtype === undefined || kernel.types.has(dtype));
}

/** `Erf (float32, 12 nodes), Mod (int64, 1 node)`. */
export function describeGaps(gaps: readonly MissingKernel[]): string {
  return gaps
    .map(
      ({ op, dtype, nodes }) =>
        `${op} (${dtype ?? "unknown type"}, ${nodes} ${nodes === 1 ? "node" : "nodes"})`,
    )
    .join(", ");
}
