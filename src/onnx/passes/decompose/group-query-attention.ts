/**
 * @file com.microsoft.GroupQueryAttention in primitive operators. Query i sees key j iff j ≤ i, j ≤ seqlens_k and, with
 * a window w, i − j < w. Positions count from 0 (or from the first element of position_ids, as the kernel reads it).
 *
 *   query [batch, token, heads · dHead], key and value [batch, token, kvHeads · dHead]; or all three packed in input 0
 */
import type { Node, Value } from "../../graph.js";
import type { TypeInference } from "../../type-inference.js";
import { fromHeads, splitHeads, splitParts, swapHeads } from "./heads.js";
import { positionsOf, visibilityMask } from "./masks.js";
import {
  IMPLEMENTED,
  REASONS,
  isUsed,
  port,
  refused,
  refusedPort,
  unsupported,
  type OperatorTable,
} from "./operator-table.js";
import { anglesAt, rotate } from "./rotary.js";
import { inType, optionalInput, type Decomposition, type FusedCase } from "./rewriting.js";
import { attend, inFloat32, scaleOf, softcapOf } from "./scores.js";

const QUANTISED = "a quantised cache of keys and values";

const TABLE: OperatorTable = {
  opType: "GroupQueryAttention",
  domain: "com.microsoft",
  attributes: {
    num_heads: IMPLEMENTED,
    kv_num_heads: IMPLEMENTED,
    scale: IMPLEMENTED,
    softcap: IMPLEMENTED,
    causal: IMPLEMENTED,
    local_window_size: IMPLEMENTED,
    do_rotary: IMPLEMENTED,
    rotary_interleaved: IMPLEMENTED,
    smooth_softmax: IMPLEMENTED,
    qk_norm_epsilon: IMPLEMENTED,
    // only says what output 3 holds
    qk_output: IMPLEMENTED,
    sliding_window_cache: refused("a cache that holds one window only", 0),
    k_quant_type: refused(QUANTISED, "NONE"),
    v_quant_type: refused(QUANTISED, "NONE"),
    kv_cache_bit_width: refused(QUANTISED, 0),
  },
  inputs: [
    ...[port("query"), port("key"), port("value")],
    ...[refusedPort("past_key", REASONS.past), refusedPort("past_value", REASONS.past)],
    ...[port("seqlens_k"), port("total_sequence_length"), port("cos_cache"), port("sin_cache")],
    ...[port("position_ids"), port("attention_bias"), port("head_sink")],
    ...[refusedPort("k_scale", QUANTISED), refusedPort("v_scale", QUANTISED)],
    ...[port("q_norm_weight"), port("k_norm_weight")],
  ],
  outputs: [
    ...[port("output"), port("present_key"), port("present_value")],
    refusedPort("output_qk", REASONS.scores),
  ],
};

interface Sizes {
  readonly heads: number;
  readonly kvHeads: number;
}

function sizesOf(node: Node): Sizes {
  return { heads: node.int("num_heads"), kvHeads: node.int("kv_num_heads") };
}

/** Query, key and value, each `[batch, token, heads, dHead]`. */
function projections({ node, b }: FusedCase, { heads, kvHeads }: Sizes): Value[] {
  const [key, value] = [optionalInput(node, 1), optionalInput(node, 2)];
  if (key !== undefined && value !== undefined)
    return [
      splitHeads(b, node.input(0), heads),
      splitHeads(b, key, kvHeads),
      splitHeads(b, value, kvHeads),
    ];
  if (key !== undefined || value !== undefined)
    throw unsupported(node, "a key without a value, or a value without a key");
  const packed = splitHeads(b, node.input(0), heads + 2 * kvHeads);
  return [...splitParts(b, packed, { axis: 2, sizes: [heads, kvHeads, kvHeads] })];
}

/** Per-head norm of q or k, where input `index` holds its weight `[dHead]`. */
function normed(fused: FusedCase, x: Value, index: number): Value {
  const { node, b } = fused;
  const weight = optionalInput(node, index);
  if (weight === undefined) return x;
  const epsilon = node.float("qk_norm_epsilon", 1e-6);
  const attributes = { axis: -1n, epsilon, stash_type: 1n };
  return b.op("SimplifiedLayerNormalization", [x, inFloat32(fused, weight)], attributes);
}

function rotated(fused: FusedCase, x: Value): Value {
  const { node } = fused;
  if (node.int("do_rotary", 0) === 0) return x;
  const positions = rotaryPositions(fused);
  const cos = anglesAt(fused, node.input(7), positions);
  const sin = anglesAt(fused, node.input(8), positions);
  const interleaved = node.int("rotary_interleaved", 0) !== 0;
  return rotate(fused, x, { cos, sin, headAxis: 2, interleaved });
}

function rotaryPositions(fused: FusedCase): Value {
  const { node, b } = fused;
  const count = positionsOf(fused, { of: node.input(0), axis: 1 });
  const given = optionalInput(node, 9);
  if (given === undefined) return count;
  return fused.shared(["first position", given, count], () => {
    const flat = b.op("Reshape", [given, b.ints([-1])]);
    return b.op("Add", [count, b.op("Gather", [flat, b.ints(0)])]);
  });
}

function maskOf(fused: FusedCase): Value | undefined {
  const { node } = fused;
  const tokens = { of: node.input(0), axis: 1 };
  const window = node.int("local_window_size", -1);
  const causal = node.int("causal", 1) !== 0;
  if (window === 0) throw unsupported(node, "a window of 0 tokens");
  if (window > 0 && !causal) throw unsupported(node, "a window without causality");
  return visibilityMask(fused, {
    tokens,
    keys: tokens,
    causal,
    window: window < 0 ? undefined : window,
    lastKey: node.input(5),
  });
}

/** A learned sink, or one of logit 0. */
function sinkOf({ node, b }: FusedCase, heads: number): Value | undefined {
  const given = optionalInput(node, 11);
  if (given !== undefined || node.int("smooth_softmax", 0) === 0) return given;
  return b.op("Expand", [b.float(0), b.ints([heads])]);
}

function rewrite(fused: FusedCase): readonly (Value | null)[] {
  const { node, b, types } = fused;
  const sizes = sizesOf(node);
  const [q, k, v] = projections(fused, sizes).map((x) => inFloat32(fused, x)) as [
    Value,
    Value,
    Value, // three projections
  ];
  const query = swapHeads(b, rotated(fused, normed(fused, q, 14)));
  const key = swapHeads(b, rotated(fused, normed(fused, k, 15)));
  const value = swapHeads(b, v);
  const mixed = attend(fused, {
    ...sizes,
    query,
    key,
    value,
    scale: scaleOf(fused, q),
    softcap: softcapOf(fused),
    masks: [optionalInput(node, 10), maskOf(fused)],
    sink: sinkOf(fused, sizes.heads),
  });
  const like = (x: Value): Value => inType(fused, x, types.dtype(node.input(0)));
  const cached = [key, value].map((x, i) => (isUsed(node, i + 1) ? like(x) : null));
  return [like(fromHeads(b, mixed)), ...cached];
}

/** Limits of the runtime's CPU kernel (1.30); other providers may have others. */
function beyondKernel(node: Node, types: TypeInference): string | undefined {
  if (optionalInput(node, 14) ?? optionalInput(node, 15)) return "norms of queries and keys";
  const { heads, kvHeads } = sizesOf(node);
  const width = types.shape(node.input(0))?.at(-1);
  if (typeof width !== "number") return undefined;
  const dHead = width / (optionalInput(node, 1) === undefined ? heads + 2 * kvHeads : heads);
  if (dHead % 8 !== 0) return `heads of size ${dHead}, no multiple of 8`;
  if (node.int("do_rotary", 0) === 0) return undefined;
  if (dHead % 16 !== 0) return `rotated heads of size ${dHead}, no multiple of 16`;
  const angles = types.shape(node.input(7))?.at(-1);
  return typeof angles === "number" && angles % 8 !== 0
    ? `${angles} angles, no multiple of 8`
    : undefined;
}

/** com.microsoft.GroupQueryAttention. */
export const groupQueryAttention: Decomposition = { table: TABLE, beyondKernel, rewrite };
