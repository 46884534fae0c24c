/**
 * @file RotaryEmbedding in primitive operators, in its two forms:
 *
 *   com.microsoft.RotaryEmbedding(x, position_ids, cos_cache, sin_cache)
 *   ai.onnx.RotaryEmbedding-23(x, cos, sin, position_ids?)      without positions: cos [batch, token, rotated / 2]
 *
 * x: `[batch, token, heads · dHead]` or `[batch, heads, token, dHead]`.
 */
import type { Node, Value } from "../../graph.js";
import type { TypeInference } from "../../type-inference.js";
import { splitHeads } from "./heads.js";
import { positionsOf } from "./masks.js";
import { IMPLEMENTED, port, refused, unsupported, type OperatorTable } from "./operator-table.js";
import { anglesAt, rotate, type Angles } from "./rotary.js";
import {
  knownSize,
  optionalInput,
  shapeOfInput,
  type Decomposition,
  type FusedCase,
} from "./rewriting.js";

const ATTRIBUTES = {
  interleaved: IMPLEMENTED,
  num_heads: IMPLEMENTED,
  rotary_embedding_dim: IMPLEMENTED,
};

const CONTRIB_TABLE: OperatorTable = {
  opType: "RotaryEmbedding",
  domain: "com.microsoft",
  attributes: {
    ...ATTRIBUTES,
    scale: refused("a scaled rotation", 1),
    is_packed_batching: refused("batches of packed tokens", 0),
  },
  inputs: [port("input"), port("position_ids"), port("cos_cache"), port("sin_cache")],
  outputs: [port("output")],
};

const ONNX_TABLE: OperatorTable = {
  opType: "RotaryEmbedding",
  domain: "",
  attributes: ATTRIBUTES,
  inputs: [port("X"), port("cos_cache"), port("sin_cache"), port("position_ids")],
  outputs: [port("Y")],
};

/** Rotates x by angles that stand in its own layout. */
function rotateInput(fused: FusedCase, angles: Pick<Angles, "cos" | "sin">): Value {
  const { node, b } = fused;
  const x = node.input(0);
  const rank = shapeOfInput(fused, 0).length;
  const interleaved = node.int("interleaved", 0) !== 0;
  if (rank === 4) return rotate(fused, x, { ...angles, headAxis: 1, interleaved });
  if (rank !== 3) throw unsupported(node, `input 0 of rank ${rank}`);
  const byToken = splitHeads(b, x, headsOf(fused, angles.cos));
  const rotated = rotate(fused, byToken, { ...angles, headAxis: 2, interleaved });
  return b.op("Reshape", [rotated, b.ints([0, 0, -1])]);
}

/** Heads of a flat input. Without a number of them the whole head is rotated, so that the table tells its size. */
function headsOf(fused: FusedCase, cos: Value): number {
  const given = fused.node.int("num_heads", 0);
  if (given > 0) return given;
  if (fused.node.int("rotary_embedding_dim", 0) > 0)
    throw unsupported(fused.node, "rotary_embedding_dim without num_heads");
  const heads = knownSize(fused, fused.node.input(0), -1) / (2 * knownSize(fused, cos, -1));
  if (Number.isInteger(heads)) return heads;
  throw unsupported(fused.node, "a flat input that is no whole number of heads");
}

/** Positions `[batch, token]` as given; one offset `[1]` counts on from there. */
function contribPositions(fused: FusedCase): Value {
  const { node, b } = fused;
  const given = node.input(1);
  const rank = shapeOfInput(fused, 1).length;
  if (rank === 2) return given;
  const axis = shapeOfInput(fused, 0).length === 4 ? 2 : 1;
  return fused.shared(["positions from", given, axis], () =>
    b.op("Add", [positionsOf(fused, { of: node.input(0), axis }), given]),
  );
}

function rewriteContrib(fused: FusedCase): readonly Value[] {
  const positions = contribPositions(fused);
  const at = (input: number): Value => anglesAt(fused, fused.node.input(input), positions);
  return [rotateInput(fused, { cos: at(2), sin: at(3) })];
}

function rewriteOnnx(fused: FusedCase): readonly Value[] {
  const { node } = fused;
  const positions = optionalInput(node, 3);
  const at = (table: Value): Value =>
    positions === undefined ? table : anglesAt(fused, table, positions);
  return [rotateInput(fused, { cos: at(node.input(1)), sin: at(node.input(2)) })];
}

/** The kernel does not broadcast: one row of angles for a batch of any size fails at batch 2. */
function sharedAngles(node: Node, types: TypeInference): string | undefined {
  if (optionalInput(node, 3) !== undefined) return undefined;
  const batch = types.shape(node.input(0))?.[0];
  const rows = types.shape(node.input(1))?.[0];
  return rows === 1 && batch !== 1 ? "angles of batch 1 beside a batch of any size" : undefined;
}

/** com.microsoft.RotaryEmbedding. */
export const contribRotaryEmbedding: Decomposition = {
  table: CONTRIB_TABLE,
  rewrite: rewriteContrib,
};

/** ai.onnx.RotaryEmbedding. */
export const onnxRotaryEmbedding: Decomposition = {
  table: ONNX_TABLE,
  beyondKernel: sharedAngles,
  rewrite: rewriteOnnx,
};
