/**
 * @file From an architecture and its weights to a graph.
 *
 * Inputs: `input_ids` and `attention_mask`, int64 `[batch, token]`, padded on the right. Output: `logits`, float32
 * `[batch, token, vocab]`. All activations are float32; the weights stay where they are.
 *
 * Names that readers of the graph may rely on:
 * - the node that multiplies by the weight of a linear layer is called by the layer's Hugging Face module path
 *   (`model.layers.0.self_attn.q_proj`; packed layers by their own: `….qkv_proj`, `transformer.h.0.attn.c_attn`); its
 *   input 0 is x `[batch, token, from]`, its output 0 the product before any bias;
 * - the lookup of the embedding is called by its module path (`model.embed_tokens`);
 * - an initializer that lies in a weight file is called by its name there (`model.layers.0.self_attn.q_proj.weight`).
 */
import { Builder } from "../../onnx/builder.js";
import { Graph, type Model, type Value } from "../../onnx/graph.js";
import type { Architecture } from "./architecture.js";
import { softcap } from "./attention.js";
import { block } from "./block.js";
import { multiply, norm, type Writing } from "./linear.js";
import type { Parameters } from "./parameters.js";
import { Positions } from "./positions.js";

/** Operator sets of a generated graph. */
const OPSETS: readonly (readonly [string, number])[] = [
  ["", 18],
  ["com.microsoft", 1],
];
const IR_VERSION = 9;

/** Key under which the metadata of a generated graph names the family. */
export const FAMILY_KEY = "mas_audit.checkpoint_family";

/** Where weights come from: made for the graph that is written. */
export type OpenParameters = (graph: Graph) => Parameters;

/** Writes the graph of a decoder. Mistakes of the weights are left with `parameters`. */
export function generate(
  { architecture, family }: { readonly architecture: Architecture; readonly family: string },
  openParameters: OpenParameters,
): { readonly model: Model; readonly parameters: Parameters } {
  const graph = new Graph(family);
  const inputIds = graph.addInput("input_ids", { dtype: "int64", shape: ["batch", "token"] });
  const attentionMask = graph.addInput("attention_mask", {
    dtype: "int64",
    shape: ["batch", "token"],
  });
  const parameters = openParameters(graph);
  const writing = (prefix: string): Writing => ({
    b: new Builder(graph, prefix),
    weights: parameters,
  });
  const positions = new Positions(new Builder(graph, "positions"), { inputIds, attentionMask });
  let x = embed(writing("embedding"), architecture, { inputIds, positions });
  for (const [l, spec] of architecture.blocks.entries())
    x = block(writing(`block.${l}`), x, { spec, positions });
  const logits = head(writing("head"), x, architecture);
  graph.rename(logits, "logits");
  logits.type = { dtype: "float32", shape: ["batch", "token", architecture.vocab] };
  graph.outputs.push(logits);
  const model: Model = {
    graph,
    irVersion: IR_VERSION,
    opsets: new Map(OPSETS),
    producer: "mas-audit",
    functions: [],
    metadata: new Map([[FAMILY_KEY, family]]),
    origin: undefined,
  };
  return { model, parameters };
}

function embed(
  { b, weights }: Writing,
  { embedding, vocab, dModel }: Architecture,
  { inputIds, positions }: { readonly inputIds: Value; readonly positions: Positions },
): Value {
  // rows are chosen first and then widened: the table of a half-precision file is never widened as a whole
  const lookUp = (module: string, rows: number, indices: Value): Value => {
    const table = weights.stored(`${module}.weight`, [rows, dModel]);
    const node = b.graph.addNode({
      opType: "Gather",
      name: b.graph.freshNodeName(module),
      inputs: [table, indices],
      outputs: [b.graph.freshName(`${module}/rows`)],
      attributes: { axis: 0n },
    });
    return table.type?.dtype === "float32" ? node.output() : b.cast(node.output(), "float32");
  };
  const { module, scale, positions: learned } = embedding;
  const tokens = lookUp(module, vocab, inputIds);
  const scaled = scale === undefined ? tokens : b.op("Mul", [tokens, b.float(scale)]);
  if (learned === undefined) return scaled;
  return b.op("Add", [scaled, lookUp(learned.module, learned.rows, positions.indices())]);
}

function head(
  writing: Writing,
  x: Value,
  { norm: last, head: spec, embedding, vocab, dModel }: Architecture,
): Value {
  const { b, weights } = writing;
  const module = spec.tied ? embedding.module : spec.module;
  const weight = weights.float32(`${module}.weight`, [vocab, dModel]);
  const at = { module: spec.module, weight, transposed: true };
  const product = multiply(writing, norm(writing, x, last), at);
  const logits = spec.bias
    ? b.op("Add", [product, weights.float32(`${spec.module}.bias`, [vocab])])
    : product;
  return softcap(writing, logits, spec.softcap);
}
