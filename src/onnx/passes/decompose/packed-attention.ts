/**
 * @file com.microsoft.Attention, which projects and attends in one operator:
 *
 *   [q, k, v] = x W + bias;  y = attention(q, k, v)        x: [batch, token, dModel]
 *
 * Widths of q, k and v are equal unless `qkv_hidden_sizes` says otherwise.
 */
import type { Value } from "../../graph.js";
import { fromHeads, splitParts, toHeads } from "./heads.js";
import { keyPaddingMask } from "./key-padding.js";
import { visibilityMask } from "./masks.js";
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
import { attend, scaleOf } from "./scores.js";

const TABLE: OperatorTable = {
  opType: "Attention",
  domain: "com.microsoft",
  attributes: {
    num_heads: IMPLEMENTED,
    scale: IMPLEMENTED,
    unidirectional: IMPLEMENTED,
    mask_filter_value: IMPLEMENTED,
    qkv_hidden_sizes: IMPLEMENTED,
    do_rotary: refused("a rotation inside the operator, whose angles no input gives", 0),
    // read together with do_rotary only
    rotary_embedding_dim: IMPLEMENTED,
    past_present_share_buffer: refused(REASONS.sharedCache, 0),
  },
  inputs: [
    ...[port("input"), port("weights"), port("bias"), port("mask_index")],
    refusedPort("past", REASONS.past),
    port("attention_bias"),
    refusedPort("past_sequence_length", REASONS.sharedCache),
  ],
  outputs: [port("output"), port("present")],
};

function widthsOf(fused: FusedCase): [number, number, number] {
  const { node } = fused;
  const [q, k, v, ...others] = node.ints("qkv_hidden_sizes", []);
  if (q !== undefined && k !== undefined && v !== undefined && others.length === 0)
    return [q, k, v];
  if (node.attributes.has("qkv_hidden_sizes"))
    throw unsupported(node, "qkv_hidden_sizes that are not three sizes");
  const third = knownSize(fused, node.input(1), -1) / 3;
  if (!Number.isInteger(third))
    throw unsupported(node, "a weight that is not q, k and v side by side");
  return [third, third, third];
}

function rewrite(fused: FusedCase): readonly (Value | null)[] {
  const { node, b } = fused;
  const [x, bias] = [node.input(0), optionalInput(node, 2)];
  const product = b.op("MatMul", [x, node.input(1)]);
  const projected = bias === undefined ? product : b.op("Add", [product, bias]);
  const heads = node.int("num_heads");
  const flat = splitParts(b, projected, { axis: 2, sizes: widthsOf(fused) });
  const [query, key, value] = flat.map((part) => toHeads(b, part, heads)) as [Value, Value, Value];
  const tokens = { of: x, axis: 1 };
  const [batch = "?"] = shapeOfInput(fused, 0);
  const mixed = attend(fused, {
    query,
    key,
    value,
    heads,
    kvHeads: heads,
    scale: scaleOf(fused, query),
    masks: [
      optionalInput(node, 5),
      keyPaddingMask(fused, 3, { keys: tokens, batch }),
      visibilityMask(fused, {
        tokens,
        keys: tokens,
        causal: node.int("unidirectional", 0) !== 0,
      }),
    ],
  });
  const present = (): Value => {
    const both = [key, value].map((each) => b.op("Unsqueeze", [each, b.ints([0])]));
    return b.op("Concat", both, { axis: 0n });
  };
  return [fromHeads(b, mixed), isUsed(node, 1) ? present() : null];
}

/** com.microsoft.Attention. */
export const packedAttention: Decomposition = { table: TABLE, rewrite };
