import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FAMILIES } from "../../../adapters/checkpoints/index.js";
import { encodeModel } from "../../../src/onnx/encode.js";
import { openCheckpoint } from "../../../src/models/checkpoint/open.js";
import {
  changedCheckpoint,
  checkpointFixture,
  checkpointRefusal,
  type Config,
} from "../../support/checkpoints.js";
import { temporaryFolder } from "../../support/tiny-models.js";

const folder = temporaryFolder();
let copies = 0;

function changed(name: string, config: Config): string {
  return changedCheckpoint(join(folder, String(copies++)), name, { config });
}

function generated(path: string): Buffer {
  const { model } = openCheckpoint(path, FAMILIES);
  return Buffer.from(encodeModel(model).bytes);
}

/** Fixture, changed keys, and the words that must stand in the refusal. */
const REFUSED: readonly (readonly [name: string, config: Config, found: string])[] = [
  ["llama-yarn", { attention_multiplier: 0.5 }, '"attention_multiplier": 0.5'],
  ["llama-yarn", { hidden_act: "xielu" }, '"hidden_act" is "xielu"'],
  ["llama-yarn", { hidden_size: 16.5 }, '"hidden_size" is 16.5'],
  ["llama-yarn", { num_hidden_layers: undefined }, '"num_hidden_layers" is absent'],
  ["llama-yarn", { num_key_value_heads: 3 }, '"num_key_value_heads" is 3'],
  ["llama-yarn", { sliding_window: 7 }, '"sliding_window": 7'],
  ["llama-yarn", { is_encoder_decoder: true }, '"is_encoder_decoder" is true'],
  ["llama-yarn", { pruned_heads: { 0: [1] } }, '"pruned_heads"'],
  ["llama-yarn", { rope_scaling: { type: "linear", factor: "2" } }, '"rope_scaling.factor" is "2"'],
  ["mistral", { layer_types: ["full_attention", "full_attention", "full_attention"] }, '"layer_types"'],
  ["qwen2-window", { use_mrope: true }, '"use_mrope" is true'],
  ["qwen2-window", { use_sliding_window: false, layer_types: ["sliding_attention", "full_attention", "full_attention"] }, '"sliding_window"'],
  ["qwen3-linear", { layer_types: ["full_attention", "linear_attention", "full_attention"] }, '"layer_types"'],
  ["gemma2", { use_bidirectional_attention: true }, '"use_bidirectional_attention" is true'],
  ["gemma3", { attn_logit_softcapping: "50" }, '"attn_logit_softcapping" is "50"'],
  ["phi", { partial_rotary_factor: 0.1 }, '"partial_rotary_factor"'],
  ["phi3-longrope", { attention_bias: true }, '"attention_bias" is true'],
  ["phi3-longrope", { rope_scaling: { type: "longrope", short_factor: [1], long_factor: [1, 2] } }, '"rope_scaling.short_factor"'],
  ["gpt2", { n_head: 3 }, '"n_head" is 3'],
  ["gpt2", { scale_attn_weights: "yes" }, '"scale_attn_weights" is "yes"'],
  ["gptneox-sequential", { rope_theta: 5 }, '"rope_theta" is 5'],
  ["smollm3", { no_rope_layers: [1, 2, 0] }, '"no_rope_layers"'],
  ["olmo2", { clip_qkv: 8 }, '"clip_qkv": 8'],
]; // prettier-ignore

describe("a configuration that asks for more than is computed", () => {
  for (const [name, config, found] of REFUSED) {
    it(`is refused by name: ${name}, ${JSON.stringify(config)}`, async () => {
      const refusal = await checkpointRefusal(changed(name, config));
      expect(refusal).toMatchObject({ code: "CHECKPOINT_CONFIG", exitCode: 3 });
      expect(refusal.found).toContain(found);
    });
  }

  it("is refused with all its mistakes at once", async () => {
    const path = changed("gemma2", { clip_qkv: 8, rms_norm_eps: "tiny", vocab_size: 0 });
    expect((await checkpointRefusal(path)).found).toBe(
      '"vocab_size" is 0, expected a whole number, 1 or more; "rms_norm_eps" is "tiny", expected a number; "clip_qkv": 8 is not known for this family',
    );
  });

  it("is told which known key may be meant", async () => {
    const { hint } = await checkpointRefusal(changed("olmo2", { rms_norm_epsilon: 1e-5 }));
    expect(hint).toMatch(/is "rms_norm_eps" meant\?/);
  });
});

describe("a configuration with bookkeeping", () => {
  it("gives the same graph", () => {
    const plain = changed("qwen2-window", {});
    const bookkeeping = {
      _name_or_path: "x",
      torch_dtype: "float16",
      transformers_version: "9",
      unsloth_version: "1",
      eos_token_id: [1, 2],
      attention_dropout: 0.5,
      use_cache: false,
      auto_map: { AutoModel: "x" },
      something_of_the_future: null,
      another_switch: false,
      num_labels: 3,
      max_length: 5,
    };
    const busy = changed("qwen2-window", bookkeeping);
    // the locations of the weights differ, and nothing else
    const graphs = [plain, busy].map((path) => openCheckpoint(path, FAMILIES).model.graph);
    const [a, b] = graphs.map((graph) =>
      graph.nodes.map((node) => [node.name, node.op, node.inputs.map((v) => v?.name)]),
    );
    expect(b).toEqual(a);
  });
});

describe("the spelling of transformers 5", () => {
  it("gives the same graph: one rotation", () => {
    const old = checkpointFixture("llama-yarn");
    const path = changed("llama-yarn", {
      rope_theta: undefined,
      rope_scaling: undefined,
      dtype: "float32",
      rope_parameters: {
        rope_type: "yarn",
        factor: 4,
        original_max_position_embeddings: 8,
        rope_theta: 10_000,
      },
    });
    expect(tables(path)).toEqual(tables(old));
  });

  it("gives the same graph: a rotation for each type of layer", () => {
    const path = changed("gemma3", {
      rope_theta: undefined,
      rope_scaling: undefined,
      rope_local_base_freq: undefined,
      rope_parameters: {
        full_attention: { rope_type: "linear", factor: 8, rope_theta: 1000 },
        sliding_attention: { rope_type: "default", rope_theta: 100 },
      },
    });
    expect(tables(path)).toEqual(tables(checkpointFixture("gemma3")));
  });

  /** Small constants of a graph: the frequencies are among them. */
  function tables(path: string): unknown {
    const { graph } = openCheckpoint(path, FAMILIES).model;
    const found = graph.initializers.flatMap(({ name, initializer }) =>
      initializer?.data.kind === "inline" ? [[name, initializer] as const] : [],
    );
    expect(found.map(([name]) => name)).toContain("positions/inverse_frequencies");
    return found;
  }
});

describe("a folder of another kind", () => {
  it("of a mixture of experts or an encoder is refused with the reason", async () => {
    const experts = await checkpointRefusal(changed("qwen2-window", { model_type: "qwen2_moe" }));
    expect(experts).toMatchObject({ code: "CHECKPOINT_FAMILY", exitCode: 3 });
    expect(experts.found).toMatch(/mixture of experts/);
    const encoder = await checkpointRefusal(changed("gpt2", { model_type: "bert" }));
    expect(encoder.found).toMatch(/bidirectional encoder/);
  });

  it("of an unknown family is refused with the nearest one", async () => {
    const { code, hint } = await checkpointRefusal(changed("gemma2", { model_type: "gemma4" }));
    expect(code).toBe("CHECKPOINT_FAMILY");
    expect(hint).toMatch(/^the nearest one known is "gemma/);
  });

  it("without a language-model head is refused", async () => {
    const path = changed("mistral", { architectures: ["MistralForSequenceClassification"] });
    expect((await checkpointRefusal(path)).code).toBe("CHECKPOINT_CLASS");
  });

  it("with quantised weights is refused with the method", async () => {
    const path = changed("mistral", { quantization_config: { quant_method: "gptq", bits: 4 } });
    expect(await checkpointRefusal(path)).toMatchObject({
      code: "CHECKPOINT_QUANTISED",
      found: 'quantization_config with quant_method "gptq"',
    });
  });
});

describe("the table of families", () => {
  it("gives every model type to one family", () => {
    const types = FAMILIES.flatMap(({ modelTypes }) => modelTypes);
    expect(new Set(types).size).toBe(types.length);
  });

  it("makes the same bytes twice", () => {
    const path = checkpointFixture("phi");
    expect(generated(path).equals(generated(path))).toBe(true);
  });
});
