/**
 * @file Phi-1, Phi-1.5 and Phi-2: parallel blocks with one norm, biases everywhere, a part of each head rotated.
 *
 *   x + dense(attention(norm x)) + fc2(act(fc1(norm x)))
 */
import { readRope } from "../../src/models/checkpoint/rope.js";
import type { BlockSpec, CheckpointFamily } from "./family.js";
import {
  layerNames,
  layerNorms,
  linearOf,
  MODEL_NAMES,
  readActivation,
  readSizes,
} from "./sizes.js";

/** Phi-1 to Phi-2. */
export const phi: CheckpointFamily = {
  id: "phi",
  models: "Phi-1, Phi-1.5, Phi-2",
  modelTypes: ["phi"],
  names: MODEL_NAMES,
  keys: { harmless: [], mustEqual: {} },
  architecture(config) {
    const sizes = readSizes(config, { contextLength: 2048 });
    const { dModel, heads, kvHeads, dHead, inner } = sizes;
    const rope = readRope(config, { ...sizes, share: 0.5 });
    const norm = layerNorms(dModel, config.optionalNumber("layer_norm_eps") ?? 1e-5);
    const activation = readActivation(config, "hidden_act", "gelu_new");
    const normsHeads = config.flag("qk_layernorm", false);
    const [q, kv] = [heads * dHead, kvHeads * dHead];
    const blocks = layerNames(sizes.nLayers, "model.layers").map((path): BlockSpec => {
      const module = `${path}.self_attn`;
      const before = norm(`${path}.input_layernorm`);
      return {
        form: "parallel",
        attention: {
          module,
          heads,
          kvHeads,
          dHead,
          scale: dHead ** -0.5,
          rope,
          projections: {
            kind: "separate",
            q: linearOf(`${module}.q_proj`, [dModel, q], true),
            k: linearOf(`${module}.k_proj`, [dModel, kv], true),
            v: linearOf(`${module}.v_proj`, [dModel, kv], true),
          },
          ...(normsHeads
            ? {
                qkNorm: {
                  over: "head",
                  q: norm(`${module}.q_layernorm`, dHead),
                  k: norm(`${module}.k_layernorm`, dHead),
                },
              }
            : {}),
          out: linearOf(`${module}.dense`, [q, dModel], true),
        },
        mlp: {
          kind: "plain",
          activation,
          up: linearOf(`${path}.mlp.fc1`, [dModel, inner], true),
          down: linearOf(`${path}.mlp.fc2`, [inner, dModel], true),
        },
        norms: { beforeAttention: before, beforeMlp: before },
      };
    });
    return {
      vocab: sizes.vocab,
      dModel,
      embedding: { module: "model.embed_tokens" },
      blocks,
      norm: norm("model.final_layernorm"),
      head: { module: "lm_head", tied: config.flag("tie_word_embeddings", false), bias: true },
    };
  },
};
