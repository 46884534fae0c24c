/**
 * @file Every key of a PEFT LoRA configuration (0.21) and what we make of it: implemented, without effect on a forward run,
 * or refused by name unless it says that the feature is off.
 */

/** Why a key that is switched on ends the audit. */
export interface KeyRefusal {
  /** What the key switches on, for a person. */
  readonly feature: string;
  readonly hint: string;
}

/** What helps where an adapter is not understood. */
export const MERGE_FIRST =
  "merge the adapter into the base (merge_and_unload, save_pretrained) and audit that folder";

const refused = (feature: string, hint = MERGE_FIRST): KeyRefusal => ({ feature, hint });

/** One row per key. */
export const ADAPTER_KEYS: Readonly<Record<string, "implemented" | "harmless" | KeyRefusal>> = {
  // what the graph edit reads
  peft_type: "implemented",
  r: "implemented",
  lora_alpha: "implemented",
  rank_pattern: "implemented",
  alpha_pattern: "implemented",
  use_rslora: "implemented",
  lora_bias: "implemented",
  bias: "implemented",
  target_modules: "implemented",
  exclude_modules: "implemented",
  layers_to_transform: "implemented",
  layers_pattern: "implemented",
  modules_to_save: "implemented",
  init_lora_weights: "implemented",
  // A and B are [r, in] and [out, r] however the frozen weight is stored
  fan_in_fan_out: "harmless",
  // training, bookkeeping, and how the first values were drawn
  auto_mapping: "harmless",
  base_model_name_or_path: "harmless",
  corda_config: "harmless",
  eva_config: "harmless",
  inference_mode: "harmless",
  loftq_config: "harmless",
  lora_dropout: "harmless",
  lora_ga_config: "harmless",
  megatron_core: "harmless",
  peft_version: "harmless",
  qalora_group_size: "harmless",
  revision: "harmless",
  runtime_config: "harmless",
  task_type: "harmless",
  velora_config: "harmless",
  // another function than W x + s B A x
  use_dora: refused("weight-decomposed LoRA (DoRA)"),
  use_qalora: refused("quantisation-aware LoRA (QA-LoRA)"),
  use_bdlora: refused("block-diagonal LoRA"),
  kasa_config: refused("singular-value adaptation (KaSA)"),
  monteclora_config: refused("Monte Carlo LoRA"),
  arrow_config: refused("routing between several adapters (Arrow)"),
  alora_invocation_tokens: refused(
    "an adapter that is active from certain tokens on (aLoRA)",
    "such an adapter cannot be merged; audit the plain LoRA of the same training",
  ),
  layer_replication: refused("replicated layers"),
  target_parameters: refused("LoRA on bare parameters"),
  trainable_token_indices: refused("single trained rows of the embedding"),
  ensure_weight_tying: refused("adapters tied between embedding and head"),
  megatron_config: refused("Megatron's parallel layers"),
};

/** Ways to start that also rewrite the frozen weights: without the rewritten base the sum is another function. */
export const REWRITES_BASE = ["pissa", "olora", "corda", "loftq", "lora_ga"] as const;
