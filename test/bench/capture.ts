/**
 * @file Tokens per second of a capture (states of eight layers, keys and values above the lowest, natural answers, all
 * written to disk) and of a plain forward pass over the same prompts in the same batches, which gives the last token's
 * answer logits and their normaliser and nothing else. Interleaved; opening the session counts in both.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADAPTERS } from "../../adapters/index.js";
import { batchByLength, promptLimit } from "../../src/capture/batches.js";
import { capture } from "../../src/capture/capture.js";
import { present } from "../../src/errors.js";
import { buildCapture } from "../../src/models/capture-graph.js";
import { feedBatch } from "../../src/models/feed-batch.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import type { PreparedAudit } from "../../src/models/prepared-items.js";
import { createSession, type SessionOptions } from "../../src/runtime/session.js";
import { int64 } from "../../src/runtime/tensor.js";
import type { BenchOptions } from "./options.js";
import { makePrompts } from "./prompts.js";
import { DEMO, type Report } from "./report.js";
import { digits, spell, spreadOf, timed, type Times } from "./spread.js";
import { sessionOf } from "./session-options.js";

/** Prompts per round: enough that opening a session is a small part. */
const PROMPTS = 256;
const LAYERS = 8;

/** Runs captures and plain passes in turns. */
export async function benchCapture(options: BenchOptions): Promise<Report> {
  const located = await loadModel(options.model ?? DEMO, { adapters: ADAPTERS });
  const { vocab, nLayers } = located;
  const { tokens, suffix } = options;
  const prepared = makePrompts({ items: PROMPTS, tokens, suffix, vocab });
  const count = Math.min(LAYERS, nLayers);
  const layers = Array.from({ length: count }, (_, i) => Math.round(((i + 1) * nLayers) / count));
  const run = {
    located,
    prepared,
    rows: options.rows,
    session: sessionOf([located, located], options),
  };
  const times: { captured: Times; plain: Times }[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const first = round % 2 === 0 ? undefined : await plainOnce(run);
    const captured = await captureOnce(run, layers);
    times.push({ captured, plain: first ?? (await plainOnce(run)) });
  }
  const rate = (pick: (round: (typeof times)[number]) => Times): number[] =>
    times.map((round) => (1e3 * PROMPTS * tokens) / pick(round).ms);
  const captured = spreadOf(rate((round) => round.captured));
  const plain = spreadOf(rate((round) => round.plain));
  const ratio = spreadOf(times.map((round) => round.captured.ms / round.plain.ms));
  const processor = spreadOf(times.map((round) => round.captured.cpuMs / round.plain.cpuMs));
  return {
    title: `capture: ${PROMPTS} prompts of ${tokens} tokens, ${layers.length} layers from ${digits(layers[0] ?? 0)} on, batches of ${options.rows}, ${options.threads} threads`,
    rows: [
      ["capture, tokens/s", spell(captured)],
      ["plain forward, tokens/s", spell(plain)],
      ["time of capture over plain forward", spell(ratio)],
      ["the same in processor time", spell(processor)],
    ],
    json: {
      ...{ captureTokensPerSecond: captured, plainTokensPerSecond: plain },
      ...{ overPlain: ratio, processorOverPlain: processor },
    },
  };
}

interface CaptureRun {
  readonly located: LocatedModel;
  readonly prepared: PreparedAudit;
  readonly rows: number;
  readonly session: SessionOptions;
}

async function captureOnce(run: CaptureRun, layers: readonly number[]): Promise<Times> {
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-bench-"));
  try {
    const { signal } = new AbortController();
    const { value, ...times } = await timed(() =>
      capture({ ...run, layers, caches: true, folder, name: "bench", signal }),
    );
    value.close();
    return times;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same prompts in the same batches; no states, no keys. */
async function plainOnce({
  located,
  prepared,
  rows,
  session: options,
}: CaptureRun): Promise<Times> {
  const lengths = prepared.items.map(({ ids }) => ids.length);
  const answers = prepared.answerTokens.flat();
  return timed(async () => {
    const session = await createSession(buildCapture(located, { layers: [] }), options);
    for (const batch of batchByLength(lengths, promptLimit(rows))) {
      const ids = batch.map((item) => present(prepared.items[item], "item").ids);
      await session.run({
        ...feedBatch(located.feeds, ids),
        label_position: int64(
          [ids.length],
          ids.map(({ length }) => length - 1),
        ),
        answer_ids: int64([answers.length], answers),
      });
    }
    await session.release();
  });
}
