/**
 * @file Model types of well-known checkpoints that cannot be audited, with the reason: better than "unknown".
 */

const REASONS = {
  encoder: "a bidirectional encoder: it has no causal residual stream to patch",
  encoderDecoder: "an encoder-decoder model",
  experts: "a mixture of experts: which weights a token meets depends on the data",
  recurrent: "a recurrent or linear-attention model",
  multimodal: "a multimodal model; the text model inside it may be saved on its own",
} as const;

const TYPES: Readonly<Record<keyof typeof REASONS, readonly string[]>> = {
  encoder: [
    ...[
      "bert",
      "roberta",
      "distilbert",
      "albert",
      "electra",
      "deberta",
      "deberta-v2",
      "xlm-roberta",
    ],
    ...["modernbert", "mpnet", "camembert"],
  ],
  encoderDecoder: ["t5", "mt5", "umt5", "bart", "mbart", "pegasus", "marian", "whisper", "t5gemma"],
  experts: [
    ...["mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "phimoe", "granitemoe", "deepseek_v2"],
    ...["deepseek_v3", "gpt_oss", "dbrx", "jamba", "llama4", "llama4_text", "ernie4_5_moe"],
  ],
  recurrent: [
    ...["mamba", "mamba2", "falcon_mamba", "rwkv", "recurrent_gemma", "zamba", "zamba2", "bamba"],
    ...["qwen3_next", "lfm2", "granitemoehybrid", "xlstm"],
  ],
  multimodal: [
    ...[
      "llava",
      "llava_next",
      "qwen2_vl",
      "qwen2_5_vl",
      "qwen3_vl",
      "gemma3",
      "gemma3n",
      "paligemma",
    ],
    ...["idefics3", "smolvlm", "mllama", "phi4_multimodal", "mistral3"],
  ],
};

/** Why checkpoints of this model type are refused, where that is known. */
export function refusalOf(modelType: string): string | undefined {
  const kinds = Object.keys(TYPES) as (keyof typeof TYPES)[]; // keys of a literal
  const kind = kinds.find((each) => TYPES[each].includes(modelType));
  return kind && REASONS[kind];
}
