/**
 * @file The shape of an empty past: which axis has length 0, and what the others are.
 *
 *   [batch, kvHeads, past, dHead]    most exporters
 *   [batch, past, kvHeads, dHead]    some
 *   [2, batch, heads, past, dHead]   keys and values in one (ORT's transformer optimiser)
 */
import type { Dim, Value } from "../onnx/graph.js";
import type { Configuration } from "./configuration.js";
import type { PastInput } from "./located.js";

/** Names of a dimension that counts tokens. */
const LENGTH_NAME = /past|seq|len|total|cache_l/i;

/** Plans one past input; a string tells why it cannot be fed. */
export function planPast(
  input: Value,
  configuration: Configuration | undefined,
): PastInput | string {
  const { dtype, shape } = input.type ?? {};
  if (shape === undefined) return `"${input.name}": no declared shape`;
  if (dtype !== "float32" && dtype !== "float16")
    return `"${input.name}": past keys and values of type ${dtype ?? "unknown"}; float32 or float16 can be fed`;
  const packed = shape.length === 5;
  if (packed && shape[0] !== 2) return `"${input.name}": the first of five dimensions is not 2`;
  const [batch, a, b, dHead] = (packed ? shape.slice(1) : shape) as [Dim, Dim, Dim, Dim]; // rank 4 or 5 by role
  if (typeof batch === "number") return `"${input.name}": a fixed batch of ${batch}`;
  const dims = axes(a, b, dHead, configuration);
  if (dims === undefined)
    return `"${input.name}" [${shape.map((dim) => dim ?? "?").join(", ")}]: head count or size is not known, neither from the graph nor from ${configuration?.file ?? "a config.json beside it"}`;
  return { name: input.name, dims: [...(packed ? [2] : []), "batch", ...dims], dtype };
}

function axes(a: Dim, b: Dim, c: Dim, configuration?: Configuration): number[] | undefined {
  const pastFirst = typeof b === "number" ? typeof a !== "number" : isLength(a) && !isLength(b);
  if (typeof a === "number" && typeof b === "number") return undefined;
  const heads = sizeOf(pastFirst ? b : a, configuration?.kvHeads);
  const dHead = sizeOf(c, configuration?.dHead);
  if (heads === undefined || dHead === undefined) return undefined;
  return pastFirst ? [0, heads, dHead] : [heads, 0, dHead];
}

function isLength(dim: Dim): boolean {
  return typeof dim === "string" && LENGTH_NAME.test(dim);
}

/** A size from the graph, else the configuration's claim. */
function sizeOf(dim: Dim, claimed: number | undefined): number | undefined {
  return typeof dim === "number" ? dim : claimed;
}
