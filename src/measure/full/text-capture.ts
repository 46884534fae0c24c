/**
 * @file Runs every text once through one model: states of all tokens at the wanted layers, and the whole distribution of
 * the next token. Both lie on disk; a vocabulary times a few hundred texts is larger than most captures.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { batchByLength } from "../../capture/batches.js";
import { argmax } from "../../capture/natural-answers.js";
import { StateFile } from "../../capture/state-file.js";
import { present } from "../../errors.js";
import { buildCapture, residualName } from "../../models/capture-graph.js";
import { feedBatch } from "../../models/feed-batch.js";
import type { LocatedModel } from "../../models/located.js";
import { sum } from "../../numeric/vector.js";
import { createSession, type Session, type SessionOptions } from "../../runtime/session.js";
import { checkFinite, float32Data, int64, type RuntimeTensor } from "../../runtime/tensor.js";
import type { PreparedTexts } from "./prepared-texts.js";

/** What one model does naturally with each text. */
export interface TextCapture {
  readonly lengths: readonly number[];
  /** `[item]`, most probable next token. */
  readonly top: Int32Array;
  /** States of all tokens by layer. */
  readonly states: ReadonlyMap<number, StateFile>;
  /** Copies ln p(next token) `[vocab]` of a text to `into[at…]`. */
  readLogProb(item: number, into: Float32Array, at: number): void;
  /** KL(what the model says after `wanted` ‖ what it says after `item`), nats. */
  divergence(wanted: number, item: number): number;
  close(): void;
}

/** Everything a capture of texts needs. */
export interface TextCaptureRequest {
  readonly located: LocatedModel;
  readonly prepared: PreparedTexts;
  readonly layers: readonly number[];
  /** Working folder; made when absent. */
  readonly folder: string;
  /** Distinguishes the files of several captures in one folder. */
  readonly name: string;
  readonly rows: number;
  readonly session: SessionOptions;
  readonly signal: AbortSignal;
}

/**
 * Captures all texts in one model.
 *
 * @throws {@link NumericsError} when a state or a log-probability is not finite; {@link HostError} when the runtime fails.
 */
export async function captureTexts(request: TextCaptureRequest): Promise<TextCapture> {
  const { located, prepared, layers, folder, name } = request;
  mkdirSync(folder, { recursive: true });
  const lengths = prepared.items.map(({ ids }) => ids.length);
  const file = (label: string, sizes: readonly number[], width: number): StateFile =>
    new StateFile(join(folder, `${name}-${label}.f32`), sizes, width);
  const states = new Map(
    layers.map((layer) => [layer, file(String(layer), lengths, located.dModel)]),
  );
  // one row per text: a state file of another width
  const logProb = file(
    "distribution",
    lengths.map(() => 1),
    located.vocab,
  );
  const top = new Int32Array(lengths.length);
  const session = await createSession(buildCapture(located, { layers }), request.session);
  try {
    for (const batch of batchByLength(lengths, { rows: request.rows })) {
      request.signal.throwIfAborted();
      await captureBatch({ session, request, batch, states, logProb, top });
    }
  } finally {
    await session.release();
  }
  return {
    ...{ lengths, top, states },
    readLogProb(item, into, at) {
      logProb.read(item, into, at);
    },
    divergence(wanted, item) {
      const [p, q] = [new Float32Array(located.vocab), new Float32Array(located.vocab)];
      logProb.read(wanted, p, 0);
      logProb.read(item, q, 0);
      return divergence(p, q);
    },
    close() {
      for (const each of states.values()) each.close();
      logProb.close();
    },
  };
}

/** KL(p ‖ q) = Σ p (ln p − ln q) from log-probabilities, nats. */
export function divergence(p: Float32Array, q: Float32Array): number {
  return sum(p.map((lnP, i) => Math.exp(lnP) * (lnP - present(q[i], "log-probability"))));
}

interface BatchRun {
  readonly session: Session;
  readonly request: TextCaptureRequest;
  readonly batch: readonly number[];
  readonly states: TextCapture["states"];
  readonly logProb: StateFile;
  readonly top: Int32Array;
}

async function captureBatch({
  session,
  request,
  batch,
  states,
  logProb,
  top,
}: BatchRun): Promise<void> {
  const { located, prepared } = request;
  const { dModel, vocab } = located;
  const where = `${located.path}, audit "${prepared.audit.id}"`;
  const rows = batch.map((item) => present(prepared.items[item], `item ${item}`).ids);
  const outputs = await session.run({
    ...feedBatch(located.feeds, rows),
    label_position: int64(
      [rows.length],
      rows.map((ids) => ids.length - 1),
    ),
    // every token answers: then the answer logits are the whole row of logits
    answer_ids: wholeVocabulary(vocab),
  });
  const logits = float32Data(outputs, "answer_logit");
  const normalisers = float32Data(outputs, "log_normaliser");
  checkFinite(logits, `logits of ${where}`);
  checkFinite(normalisers, `log-normaliser of ${where}`);
  batch.forEach((item, r) => {
    const own = logits.subarray(r * vocab, (r + 1) * vocab);
    const normaliser = present(normalisers[r], "log-normaliser");
    top[item] = argmax(own);
    logProb.write(
      item,
      own.map((logit) => logit - normaliser),
    );
  });
  const width = Math.max(...rows.map((ids) => ids.length));
  for (const [layer, file] of states) {
    const residual = float32Data(outputs, residualName(layer));
    batch.forEach((item, r) => {
      const start = r * width * dModel;
      const real = residual.subarray(start, start + (rows[r]?.length ?? 0) * dModel);
      checkFinite(real, `the residual after layer ${layer} of ${where}`);
      file.write(item, real);
    });
  }
}

function wholeVocabulary(vocab: number): RuntimeTensor {
  return int64(
    [vocab],
    Array.from({ length: vocab }, (_, id) => id),
  );
}
