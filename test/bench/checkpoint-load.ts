/**
 * @file `node dist/test/bench/checkpoint-load.js [--session] [--folder DIR]`: time and memory of a generated graph at the
 * shapes of DeepSeek-R1-Distill-Qwen-1.5B (`sparse-checkpoint.ts`). `--session` also opens a capture session and runs a batch.
 *
 * Excluded: writing the file, loading the runtime's library. Memory is what the system counts as resident, peak included.
 */
import { mkdtempSync, rmSync } from "node:fs";
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
import { writeSparseCheckpoint } from "./sparse-checkpoint.js";

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
    const bytes = writeSparseCheckpoint(folder, "BF16");
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
