/**
 * @file Keys of `config.json` that every family shares and that do not change what a causal language model computes
 * when it is evaluated: bookkeeping, training, generation, classification heads.
 */

const BOOKKEEPING = [
  ...["architectures", "model_type", "auto_map", "transformers_version", "_name_or_path", "name"],
  ...["model_name", "_commit_hash", "tokenizer_class", "prefix", "task_specific_params"],
  ...["finetuning_task", "license", "transformers.js_config", "_diffusers_version"],
  ...[
    "unsloth_version",
    "unsloth_fixed",
    "unsloth_tiled_mlp",
    "is_llama_config",
    "model_max_length",
  ],
];

/** The type in which weights were saved; what is computed in is our choice. */
const TYPES = ["torch_dtype", "dtype", "use_bfloat16"];

const EXECUTION = [
  ...["use_cache", "_attn_implementation", "attn_implementation", "_attn_implementation_autoset"],
  ...["_flash_attn_2_enabled", "use_flash_attn", "flash_attn", "torchscript", "return_dict"],
  ...["output_attentions", "output_hidden_states", "chunk_size_feed_forward", "pretraining_tp"],
  ...["gradient_checkpointing", "tf_legacy_loss", "use_return_dict", "fused_mlp", "fused_bias_fc"],
];

const TRAINING = ["initializer_range", "neftune_noise_alpha", "embedding_initializer_range"];

const GENERATION = [
  ...["max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups"],
  ...["diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty"],
  ...["length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids"],
  ...["num_return_sequences", "output_scores", "return_dict_in_generate", "suppress_tokens"],
  ...["remove_invalid_values", "exponential_decay_length_penalty", "begin_suppress_tokens"],
  ...["max_new_tokens"],
];

const CLASSIFICATION = [
  ...["id2label", "label2id", "num_labels", "problem_type", "summary_type", "summary_use_proj"],
  ...["summary_activation", "summary_proj_to_labels"],
];

const IDLE = new Set([
  ...BOOKKEEPING,
  ...TYPES,
  ...EXECUTION,
  ...TRAINING,
  ...GENERATION,
  ...CLASSIFICATION,
]);

/** Token ids that stand for something, and chances of dropping in training. */
const IDLE_ENDINGS = /(_token_id|_token_ids|dropout|dropout_prob|_pdrop)$/;

/** Does the key change nothing, whatever its value? */
export function isIdleKey(key: string): boolean {
  return IDLE.has(key) || IDLE_ENDINGS.test(key);
}

/** Keys that any family may carry, at values that ask for nothing. */
export const NEUTRAL_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  is_decoder: [true, false],
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  cross_attention_hidden_size: [],
  tie_encoder_decoder: [false],
  pruned_heads: [{}],
  quantization_config: [],
};
