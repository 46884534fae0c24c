/**
 * @file What the manifest's words mean for us: which refusal is the right one for a stated reason, and which adapter should
 * recognise a stated exporter.
 */

/** By code of a refusal: words of a reason that it answers. A refusal for another reason is a mistake. */
const REASONS: Readonly<Record<string, RegExp>> = {
  MIXTURE_OF_EXPERTS: /mixture of experts|\bmoe\b|expert/i,
  DYNAMIC_QUANTISATION: /quantised at run time|dynamic(ally)? (int8|quantis)|MatMulInteger/i,
  LINEAR_ATTENTION: /linear attention|mamba|rwkv|state.space|recurren|convolution/i,
  PAGED_ATTENTION: /paged|ragged|packed batch/i,
  DECODING_STEP: /decoding step|one (new )?token/i,
  PREPACKED_WEIGHTS: /prepacked/i,
  CONTROL_FLOW: /control flow|loop|branch/i,
  ENCODER: /bidirectional|encoder|task head/i,
  NOT_CAUSAL: /bidirectional|encoder|not (a )?causal/i,
  ENCODER_DECODER: /encoder.?.?decoder|encoder_hidden_states/i,
  MULTIMODAL: /image|audio|multimodal/i,
  PRUNED_HEAD: /last (column|position|token)|prune|chosen positions/i,
  TASK_HEAD: /task head|classif|encoder/i,
  NO_LOGITS: /without logits|no logits|no head|hidden states only/i,
  CROSS_LAYER: /cross.?layer|across (layers|blocks)|value residual|skip path/i,
  BLOCK_PATTERN: /cross.?layer|across (layers|blocks)|no residual|not a decoder/i,
  UNMADE_VALUE: /without producer|invalid file|not a graph input|cannot load/i,
};

/** Is a refusal with this code the one that `reason` asks for? */
export function isRightReason(code: string, reason: string): boolean {
  return REASONS[code]?.test(reason) === true;
}

/** Adapters that may recognise what an exporter wrote; a converter leaves its source's marks. */
const ADAPTERS_OF: readonly (readonly [RegExp, readonly string[]])[] = [
  [/onnxruntime_genai/, ["genai"]],
  [/onnxruntime session|transformers\.optimizer/, ["ort-optimiser"]],
  [/quantiz/, ["onnx-community"]],
  [/float16/, ["optimum", "torch-dynamo", "torchscript"]],
  [/ort_fusions|dynamo=True/, ["torch-dynamo"]],
  [/dynamo=False/, ["torchscript"]],
  [/optimum/, ["optimum"]],
];

/** Is `adapter` one that should recognise files of `exporter`? Exporters that are not in the table are nobody's. */
export function isRightAdapter(adapter: string, exporter: string): boolean {
  const row = ADAPTERS_OF.find(([pattern]) => pattern.test(exporter));
  return row === undefined || row[1].includes(adapter);
}
