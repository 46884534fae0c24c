/**
 * @file ai.onnx.Attention (operator sets 23 and 24) in primitive operators.
 *
 *   query [batch, heads, token, dHead] or [batch, token, heads · dHead]; key and value likewise with kvHeads
 *
 * The mask is boolean (true: visible) or added to the scores, after the soft cap.
 */
import type { Value } from "../../graph.js";
import { fromHeads, toHeads } from "./heads.js";
import { visibilityMask, whereVisible, type TokenAxis } from "./masks.js";
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
import {
  knownSize,
  optionalInput,
  shapeOfInput,
  type Decomposition,
  type FusedCase,
} from "./rewriting.js";
import { attend, scaleOf, softcapOf } from "./scores.js";

const TABLE: OperatorTable = {
  opType: "Attention",
  domain: "",
  attributes: {
    is_causal: IMPLEMENTED,
    q_num_heads: IMPLEMENTED,
    kv_num_heads: IMPLEMENTED,
    scale: IMPLEMENTED,
    softcap: IMPLEMENTED,
    // only says what output 3 holds
    qk_matmul_output_mode: IMPLEMENTED,
    // float32 (1) is what we compute in; coarser types ask for less (10: float16, 16: bfloat16)
    softmax_precision: refused("a softmax in float64", 0, 1, 10, 16),
  },
  inputs: [
    ...[port("Q"), port("K"), port("V"), port("attn_mask")],
    ...[refusedPort("past_key", REASONS.past), refusedPort("past_value", REASONS.past)],
    port("nonpad_kv_seqlen"),
  ],
  outputs: [
    ...[port("Y"), port("present_key"), port("present_value")],
    refusedPort("qk_matmul_output", REASONS.scores),
  ],
};

interface Layout {
  readonly isFlat: boolean;
  readonly heads: number;
  readonly kvHeads: number;
}

function layoutOf(fused: FusedCase): Layout {
  const { node } = fused;
  const ranks = [0, 1, 2].map((i) => shapeOfInput(fused, i).length).join(" ");
  if (ranks === "3 3 3")
    return { isFlat: true, heads: node.int("q_num_heads"), kvHeads: node.int("kv_num_heads") };
  if (ranks !== "4 4 4") throw unsupported(node, `query, key and value of ranks ${ranks}`);
  const count = (i: number): number => knownSize(fused, node.input(i), 1);
  return { isFlat: false, heads: count(0), kvHeads: count(1) };
}

/** Additive form of the mask input. */
function maskOf(fused: FusedCase): Value | undefined {
  const mask = optionalInput(fused.node, 3);
  if (mask === undefined) return undefined;
  if (fused.types.dtype(mask) !== "bool") return mask;
  return fused.shared(["visible where", mask], () => whereVisible(fused, mask));
}

/** Index of the last real key, from the number of real ones. */
function lastKeyOf(fused: FusedCase): Value | undefined {
  const { node, b } = fused;
  const counts = optionalInput(node, 6);
  if (counts === undefined) return undefined;
  // then the causal mask starts from the end of the real keys, which is meant for a cache outside of the graph
  if (node.int("is_causal", 0) !== 0) throw unsupported(node, "nonpad_kv_seqlen beside is_causal");
  return fused.shared(["last key", counts], () =>
    b.op("Sub", [b.cast(counts, "int64"), b.ints(1)]),
  );
}

function rewrite(fused: FusedCase): readonly (Value | null)[] {
  const { node, b } = fused;
  const { isFlat, heads, kvHeads } = layoutOf(fused);
  const byHead = (x: Value, n: number): Value => (isFlat ? toHeads(b, x, n) : x);
  const query = byHead(node.input(0), heads);
  const key = byHead(node.input(1), kvHeads);
  const value = byHead(node.input(2), kvHeads);
  const axis = (of: Value): TokenAxis => ({ of, axis: isFlat ? 1 : 2 });
  const mixed = attend(fused, {
    query,
    key,
    value,
    heads,
    kvHeads,
    scale: scaleOf(fused, query),
    softcap: softcapOf(fused),
    masks: [
      maskOf(fused),
      visibilityMask(fused, {
        tokens: axis(node.input(0)),
        keys: axis(node.input(1)),
        causal: node.int("is_causal", 0) !== 0,
        lastKey: lastKeyOf(fused),
      }),
    ],
  });
  const cached = [key, value].map((x, i) => (isUsed(node, i + 1) ? x : null));
  return [isFlat ? fromHeads(b, mixed) : mixed, ...cached, null];
}

/** ai.onnx.Attention. */
export const attention: Decomposition = { table: TABLE, rewrite };
