/** @file The checkpoint families. */
import type { CheckpointFamily } from "./family.js";
import { gemma, gemma2, gemma3 } from "./gemma.js";
import { gpt2 } from "./gpt2.js";
import { gptNeox } from "./gpt-neox.js";
import { llama } from "./llama.js";
import { mistral } from "./mistral.js";
import { olmo2 } from "./olmo2.js";
import { phi } from "./phi.js";
import { phi3 } from "./phi3.js";
import { qwen2, qwen3 } from "./qwen.js";
import { smollm3 } from "./smollm3.js";

/** In alphabetical order; a `model_type` belongs to one of them. */
export const FAMILIES: readonly CheckpointFamily[] = [
  gemma,
  gemma2,
  gemma3,
  gptNeox,
  gpt2,
  llama,
  mistral,
  olmo2,
  phi,
  phi3,
  qwen2,
  qwen3,
  smollm3,
];
