/**
 * @file `node dist/test/bench/checkpoint-load.js [--session] [--folder DIR]`: time and memory of a generated graph at the
 * shapes of DeepSeek-R1-Distill-Qwen-1.5B, with weights that are written sparsely: a header and a hole, which reads as
 * zeros and takes no disk. `--session` also opens a capture session and runs a batch.
 *
 * Excluded: writing the file, loading the runtime's library. Memory is what the system counts as resident, peak included.
 */
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ADAPTERS } from "../../adapters/index.js";
import { buildCapture } from "../../src/models/capture-graph.js";
import { openCheckpoint } from "../../src/models/checkpoint/open.js";
import { feedBatch } from "../../src/models/feed-batch.js";
import { loadModel } from "../../src/models/load.js";
import { encodeModel } from "../../src/onnx/encode.js";
import { createSession } from "../../src/runtime/session.js";
import { int64 } from "../../src/runtime/tensor.js";

/** `config.json` of the model, but for token ids. */
const CONFIG = {
  architectures: ["Qwen2ForCausalLM"],
  attention_dropout: 0,
  hidden_act: "silu",
  hidden_size: 1536,
  initializer_range: 0.02,
  intermediate_size: 8960,
  max_position_embeddings: 131_072,
  max_window_layers: 21,
  model_type: "qwen2",
  num_attention_heads: 12,
  num_hidden_layers: 28,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  sliding_window: 4096,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  use_cache: true,
  use_mrope: false,
  use_sliding_window: false,
  vocab_size: 151_936,
} as const;

function shapes(): [string, number[]][] {
  const { hidden_size: d, intermediate_size: inner, vocab_size: vocab } = CONFIG;
  const kv = (d / CONFIG.num_attention_heads) * CONFIG.num_key_value_heads;
  const layer = (l: number): [string, number[]][] =>
    Object.entries({
      "input_layernorm.weight": [d],
      "mlp.down_proj.weight": [d, inner],
      "mlp.gate_proj.weight": [inner, d],
      "mlp.up_proj.weight": [inner, d],
      "post_attention_layernorm.weight": [d],
      "self_attn.k_proj.bias": [kv],
      "self_attn.k_proj.weight": [kv, d],
      "self_attn.o_proj.weight": [d, d],
      "self_attn.q_proj.bias": [d],
      "self_attn.q_proj.weight": [d, d],
      "self_attn.v_proj.bias": [kv],
      "self_attn.v_proj.weight": [kv, d],
    }).map(([name, shape]) => [`model.layers.${l}.${name}`, shape]);
  return [
    ["lm_head.weight", [vocab, d]],
    ["model.embed_tokens.weight", [vocab, d]],
    ...Array.from({ length: CONFIG.num_hidden_layers }, (_, l) => layer(l)).flat(),
    ["model.norm.weight", [d]],
  ];
}

/** Writes a file whose tensors are a hole; returns their size in bytes. */
function writeSparse(path: string): number {
  let at = 0;
  const header = Object.fromEntries(
    shapes().map(([name, shape]) => {
      const start = at;
      at += 2 * shape.reduce((product, size) => product * size, 1);
      return [name, { dtype: "BF16", shape, data_offsets: [start, at] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, "w");
  writeSync(file, Buffer.concat([length, text]));
  ftruncateSync(file, 8 + text.length + at);
  closeSync(file);
  return at;
}

interface Timed<T> {
  readonly value: T;
  readonly ms: number;
}

async function timed<T>(work: () => T | Promise<T>): Promise<Timed<T>> {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}

function report(what: string, ms: number): void {
  const resident = process.memoryUsage().rss / 1e6;
  const peak = process.resourceUsage().maxRSS / 1e3;
  process.stdout.write(
    `${what.padEnd(34)} ${ms.toFixed(0).padStart(7)} ms   resident ${resident.toFixed(0).padStart(6)} MB   peak ${peak.toFixed(0).padStart(6)} MB\n`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { session: { type: "boolean" }, folder: { type: "string" } },
  });
  const folder = mkdtempSync(join(values.folder ?? tmpdir(), "checkpoint-load-"));
  try {
    writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
    const bytes = writeSparse(join(folder, "model.safetensors"));
    report(`(before; weights of ${(bytes / 1e9).toFixed(2)} GB)`, 0);
    const families = ADAPTERS.flatMap(({ checkpoints }) => checkpoints ?? []);
    const generated = await timed(() => openCheckpoint(folder, families));
    const { nodes } = generated.value.model.graph;
    report(`graph of ${nodes.length} nodes generated`, generated.ms);
    const encoded = await timed(() => encodeModel(generated.value.model).bytes.length);
    report(`encoded, ${Math.ceil(encoded.value / 1000)} kB`, encoded.ms);
    const loaded = await timed(() => loadModel(folder, { adapters: ADAPTERS }));
    const located = loaded.value;
    report(`loaded, ${located.sites.length} sites found`, loaded.ms);
    if (values.session !== true) return;
    const session = await timed(() =>
      createSession(buildCapture(located, { layers: [0, 14, 28] }), { threads: 2 }),
    );
    report("capture session opened", session.ms);
    const rows = Array.from({ length: 4 }, () => Array.from({ length: 32 }, (_, i) => i));
    const feeds = {
      ...feedBatch(located.feeds, rows),
      label_position: int64([4], [31, 31, 31, 31]),
      answer_ids: int64([2], [1, 2]),
    };
    for (const what of ["first", "second"]) {
      const run = await timed(() => session.value.run(feeds));
      report(`${what} batch of 4 × 32 tokens`, run.ms);
    }
    await session.value.release();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
