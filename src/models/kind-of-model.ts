/**
 * @file Kinds of model that an audit of a decoder cannot take, told by what the file shows: operators on the way from the
 * embedding to the logits, and inputs that only one kind of model has. One row for each kind; the first one that
 * applies is the reason given.
 */
import { LocateError } from "../errors.js";
import { reachableFrom, reaching } from "../onnx/dominance.js";
import { describeNode, type Graph, type Node, type Value } from "../onnx/graph.js";
import { carriesData } from "./operator-roles.js";

interface Kind {
  readonly code: string;
  /** Completes "the way from the embedding to the logits holds …" or "the model is …". */
  readonly what: string;
  readonly hint: string;
}

interface OperatorKind extends Kind {
  readonly operators: readonly string[];
  /** Only nodes for which this holds count. @defaultValue every node */
  readonly when?: (node: Node) => boolean;
}

/** Most telling first: a mixture of experts may also loop, and a quantised one also has quantised activations. */
export const OPERATOR_KINDS: readonly OperatorKind[] = [
  {
    code: "MIXTURE_OF_EXPERTS",
    what: "a choice between experts (a mixture of experts)",
    hint: "which expert a token goes to has no gradient; audit a dense model",
    operators: ["MoE", "QMoE", "TopK"],
  },
  {
    code: "DYNAMIC_QUANTISATION",
    what: "activations quantised at run time (dynamic int8)",
    hint: "rounding has no useful gradient; use the float32, float16 or a weight-only quantised (q4) file of this model",
    operators: [
      ...["DynamicQuantizeLinear", "DynamicQuantizeMatMul", "MatMulInteger", "QAttention"],
      ...[
        "MatMulIntegerToFloat",
        "QLinearMatMul",
        "QGemm",
        "QuantizeLinear",
        "DynamicQuantizeLSTM",
      ],
    ],
  },
  {
    code: "LINEAR_ATTENTION",
    what: "a recurrence or a convolution over tokens (linear attention, Mamba, RWKV)",
    hint: "only softmax attention is differentiated; audit a transformer",
    operators: [
      ...["LinearAttention", "CausalConvWithState", "Scan", "Loop", "CumSum", "CumProd"],
      ...["RNN", "GRU", "LSTM", "Conv"],
    ],
  },
  {
    code: "PAGED_ATTENTION",
    what: "attention over a paged or ragged batch",
    hint: "build the model for plain batches (genai builder: without use_paged_attention)",
    operators: ["PagedAttention", "PackedAttention", "PackedMultiHeadAttention", "SparseAttention"],
  },
  {
    code: "DECODING_STEP",
    what: "attention for one new token at a time",
    hint: "use the file that reads whole prompts, not the one for decoding steps",
    operators: ["DecoderMaskedMultiHeadAttention", "DecoderMaskedSelfAttention"],
  },
  {
    code: "PREPACKED_WEIGHTS",
    what: "int4 weights in a layout of one CUDA kernel (weight_prepacked)",
    hint: "build the model again without matmulnbits_weights_prepacked",
    operators: ["MatMulNBits"],
    when: (node) => node.int("weight_prepacked", 0) !== 0,
  },
  {
    code: "CONTROL_FLOW",
    what: "control flow that depends on the data",
    hint: "branches on data have no exact gradient; audit a model without them",
    operators: ["If", "NonZero", "Unique", "NonMaxSuppression"],
  },
];

/**
 * Looks for operators that the embedding's data runs into and that the logits need.
 *
 * @throws {@link LocateError} with the most telling kind, and all nodes of it by operator and count.
 */
export function refuseByOperators(graph: Graph, source: Value, logits: Value): void {
  const reached = reachableFrom(graph.topologicalOrder(), source, carriesData);
  const needed = reaching(logits, () => true);
  const onTheWay = graph.nodes.filter(
    (node) =>
      node.inputs.some((value) => value !== null && reached.has(value)) &&
      node.outputs.some((output) => needed.has(output)),
  );
  for (const { code, what, hint, operators, when = () => true } of OPERATOR_KINDS) {
    const found = onTheWay.filter((node) => operators.includes(node.opType) && when(node));
    const [first] = found;
    if (first === undefined) continue;
    throw new LocateError(`the way from the embedding to the logits holds ${what}`, {
      code,
      where: describeNode(first),
      expected: "a dense decoder with softmax attention and activations in floating point",
      found: countText(found),
      hint,
    });
  }
}

/** `2 × TopK, 1 × Scan` */
function countText(nodes: readonly Node[]): string {
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts].map(([op, n]) => `${n} × ${op}`).join(", ");
}

interface InputKind extends Kind {
  readonly inputs: RegExp;
}

/** Inputs that only one kind of model has. Names are hints: renamed, they end as inputs that cannot be fed. */
export const INPUT_KINDS: readonly InputKind[] = [
  {
    code: "ENCODER_DECODER",
    what: "part of an encoder–decoder",
    hint: "audit a decoder-only model: its answers depend on nothing but the prompt",
    inputs: /^(encoder_hidden_states|encoder_outputs|encoder_attention_mask|decoder_input_ids)$/,
  },
  {
    code: "MULTIMODAL",
    what: "a model of images or sound",
    hint: "export its language model alone, for text generation",
    inputs: /^(pixel_values|image_\w+|input_features|audio_\w+)$/,
  },
  {
    code: "ENCODER",
    what: "a bidirectional encoder, with segment ids",
    hint: "encoders and task heads cannot be asked what comes next; audit a causal decoder",
    inputs: /^token_type_ids$/,
  },
];

/** @throws {@link LocateError} when an input says that this is no decoder-only model. */
export function refuseByInputs(inputs: readonly Value[]): void {
  for (const { code, what, hint, inputs: pattern } of INPUT_KINDS) {
    const found = inputs.filter(({ name }) => pattern.test(name));
    if (found.length === 0) continue;
    throw new LocateError(`the model is ${what}`, {
      code,
      where: "inputs of the graph",
      expected: "a causal decoder: token ids, attention mask, position ids, past keys and values",
      found: `an input ${found.map(({ name }) => `"${name}"`).join(", ")}`,
      hint,
    });
  }
}
