/**
 * @file com.microsoft.MultiHeadAttention in primitive operators.
 *
 *   query [batch, token, heads · dHead]
 *   key, value [batch, key, heads · dHead], or [batch, heads, key, dHead] without a bias
 */
import type { Value } from "../../graph.js";
import { fromHeads, splitParts, toHeads } from "./heads.js";
import { keyPaddingMask } from "./key-padding.js";
import { visibilityMask, type TokenAxis } from "./masks.js";
import {
  IMPLEMENTED,
  REASONS,
  isUsed,
  port,
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
  opType: "MultiHeadAttention",
  domain: "com.microsoft",
  attributes: {
    num_heads: IMPLEMENTED,
    scale: IMPLEMENTED,
    mask_filter_value: IMPLEMENTED,
    unidirectional: IMPLEMENTED,
  },
  inputs: [
    ...[port("query"), port("key"), port("value"), port("bias")],
    ...[port("key_padding_mask"), port("attention_bias")],
    ...[refusedPort("past_key", REASONS.past), refusedPort("past_value", REASONS.past)],
    refusedPort("past_sequence_length", REASONS.sharedCache),
    refusedPort("cache_indirection", "beam search"),
  ],
  outputs: [
    ...[port("output"), port("present_key"), port("present_value")],
    refusedPort("qk", REASONS.scores),
  ],
};

/** Query, key and value by head. */
interface Heads {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
}

function headsOf(fused: FusedCase): Heads {
  const { node, b } = fused;
  const heads = node.int("num_heads");
  const ranks = [0, 1, 2].map((i) =>
    optionalInput(node, i) === undefined ? 0 : shapeOfInput(fused, i).length,
  );
  const form = ranks.join(" ");
  if (form !== "3 3 3" && form !== "3 4 4")
    throw unsupported(node, `query, key and value of ranks ${form} (packed forms are not covered)`);
  const inputs = [node.input(0), node.input(1), node.input(2)] as const;
  if (optionalInput(node, 3) !== undefined && ranks[1] === 4)
    throw unsupported(node, "a bias beside keys that are split into heads already");
  const [query, key, value] = biased(fused, inputs);
  const split = (x: Value): Value => (ranks[1] === 4 ? x : toHeads(b, x, heads));
  return { query: toHeads(b, query, heads), key: split(key), value: split(value) };
}

type Three = readonly [Value, Value, Value];

/** The bias of all three projections lies in one vector. */
function biased(fused: FusedCase, inputs: Three): Three {
  const { node, b } = fused;
  const bias = optionalInput(node, 3);
  if (bias === undefined) return inputs;
  const widths = inputs.map((x) => knownSize(fused, x, -1)) as unknown as [number, number, number];
  const parts = splitParts(b, bias, { axis: 0, sizes: widths });
  const add = (i: 0 | 1 | 2): Value => b.op("Add", [inputs[i], parts[i]]);
  return [add(0), add(1), add(2)];
}

function rewrite(fused: FusedCase): readonly (Value | null)[] {
  const { node, b } = fused;
  const heads = node.int("num_heads");
  const parts = headsOf(fused);
  const keys: TokenAxis = { of: node.input(1), axis: shapeOfInput(fused, 1).length - 2 };
  const [batch = "?"] = shapeOfInput(fused, 0);
  const mixed = attend(fused, {
    ...parts,
    heads,
    kvHeads: heads,
    scale: scaleOf(fused, parts.query),
    masks: [
      optionalInput(node, 5),
      keyPaddingMask(fused, 4, { keys, batch }),
      visibilityMask(fused, {
        tokens: { of: node.input(0), axis: 1 },
        keys,
        causal: node.int("unidirectional", 0) !== 0,
      }),
    ],
  });
  const cached = [parts.key, parts.value].map((x, i) => (isUsed(node, i + 1) ? x : null));
  return [fromHeads(b, mixed), ...cached, null];
}

/** MultiHeadAttention. */
export const multiHeadAttention: Decomposition = { table: TABLE, rewrite };
