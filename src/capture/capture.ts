/**
 * @file Runs every prompt of an audit once through one model: residual states at the wanted layers, natural answers.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { invariant, present } from "../errors.js";
import { buildCapture, cacheShapes } from "../models/capture-graph.js";
import { feedBatch } from "../models/feed-batch.js";
import type { LocatedModel } from "../models/located.js";
import { cacheName } from "../models/window/window.js";
import type { PreparedAudit } from "../models/prepared-items.js";
import { createSession, type Session, type SessionOptions } from "../runtime/session.js";
import { checkFinite, float32Data, int64 } from "../runtime/tensor.js";
import { answerMass, answerTokens, classLogProb, type AnswerTokens } from "./answer-table.js";
import { batchByLength } from "./batches.js";
import { CacheFile } from "./cache-file.js";
import { StateFile } from "./state-file.js";

/** What one model does naturally with each item. */
export interface NaturalAnswers {
  /** `[item]`, most probable class within the answer set. */
  readonly chosen: Int32Array;
  /** `[item, class]`, log-probability within the answer set, nats. */
  readonly logProb: Float32Array;
  /** `[item]`, probability of the whole answer set, 0 to 1. */
  readonly mass: Float64Array;
  /** `[item]`, largest |logit| of an answer token: what rounding is measured by. */
  readonly largestLogit: Float64Array;
}

/** One model's capture of one audit. */
export interface Capture {
  readonly natural: NaturalAnswers;
  /** Residual states by layer. */
  readonly states: ReadonlyMap<number, StateFile>;
  /** Keys and values, where windowed suffixes are to be run. */
  readonly caches: CacheFile | undefined;
  /** `[item, dModel]` at one layer and position role. */
  siteStates(layer: number, role: string): Float32Array;
  close(): void;
}

/** Everything a capture needs. */
export interface CaptureRequest {
  readonly located: LocatedModel;
  readonly prepared: PreparedAudit;
  readonly layers: readonly number[];
  /** Also keys and values. */
  readonly caches: boolean;
  /** Working folder for the state files; made when absent. */
  readonly folder: string;
  /** Distinguishes the files of several captures in one folder. */
  readonly name: string;
  readonly rows: number;
  readonly session: SessionOptions;
  readonly signal: AbortSignal;
}

/**
 * Captures one audit in one model.
 *
 * @throws {@link NumericsError} when a state or a logit is not finite; {@link HostError} when the runtime fails.
 */
export async function capture(request: CaptureRequest): Promise<Capture> {
  const { located, prepared, layers, folder, name } = request;
  mkdirSync(folder, { recursive: true });
  const lengths = prepared.items.map(({ ids }) => ids.length);
  const states = new Map(
    layers.map((layer) => [
      layer,
      new StateFile(join(folder, `${name}-${layer}.f32`), lengths, located.dModel),
    ]),
  );
  const natural: NaturalAnswers = {
    chosen: new Int32Array(prepared.items.length),
    logProb: new Float32Array(prepared.items.length * prepared.classes.length),
    mass: new Float64Array(prepared.items.length),
    largestLogit: new Float64Array(prepared.items.length),
  };
  const graph = buildCapture(located, { layers, caches: request.caches });
  const caches = request.caches
    ? new CacheFile(join(folder, `${name}-caches.f32`), lengths, cacheShapes(graph))
    : undefined;
  const session = await createSession(graph, request.session);
  try {
    for (const batch of batchByLength(lengths, { rows: request.rows })) {
      request.signal.throwIfAborted();
      await captureBatch({ session, request, states, caches, natural, batch });
    }
  } finally {
    await session.release();
  }
  return {
    natural,
    states,
    caches,
    siteStates(layer, role) {
      const file = present(states.get(layer), `states of layer ${layer}`);
      const out = new Float32Array(prepared.items.length * located.dModel);
      prepared.items.forEach(({ positions }, item) => {
        const token = present(positions[role], `role "${role}"`);
        file.readToken(item, { token, into: out, at: item * located.dModel });
      });
      return out;
    },
    close() {
      for (const file of states.values()) file.close();
      caches?.close();
    },
  };
}

async function captureBatch(run: {
  session: Session;
  request: CaptureRequest;
  states: ReadonlyMap<number, StateFile>;
  caches: CacheFile | undefined;
  natural: NaturalAnswers;
  batch: readonly number[];
}): Promise<void> {
  const { located, prepared } = run.request;
  const answers = answerTokens(prepared.answerTokens);
  const rows = run.batch.map((item) => present(prepared.items[item], `item ${item}`).ids);
  const outputs = await run.session.run({
    ...feedBatch(located.feeds, rows),
    label_position: int64(
      [rows.length],
      rows.map((ids) => ids.length - 1),
    ),
    answer_ids: int64([answers.ids.length], answers.ids),
  });
  const logits = float32Data(outputs, "answer_logit");
  const normalisers = float32Data(outputs, "log_normaliser");
  const where = `${located.path}, audit "${prepared.audit.id}"`;
  checkFinite(logits, `answer logits of ${where}`);
  checkFinite(normalisers, `log-normaliser of ${where}`);
  recordAnswers(run.natural, { batch: run.batch, logits, normalisers, answers });
  const width = Math.max(...rows.map((ids) => ids.length));
  for (const [layer, file] of run.states) {
    const residual = float32Data(outputs, `residual_${layer}`);
    invariant(residual.length === rows.length * width * located.dModel, `residual_${layer} size`);
    run.batch.forEach((item, row) => {
      const start = row * width * located.dModel;
      const states = residual.subarray(start, start + (rows[row]?.length ?? 0) * located.dModel);
      checkFinite(states, `the residual after layer ${layer} of ${where}`);
      file.write(item, states);
    });
  }
  const { caches } = run;
  if (caches === undefined) return;
  const count = caches.shapes.length;
  const keys = caches.shapes.map((_, cut) => float32Data(outputs, cacheName(count - 1 - cut)));
  run.batch.forEach((item, row) => {
    caches.write(item, { row, width, caches: keys });
  });
}

function recordAnswers(
  natural: NaturalAnswers,
  batch: {
    batch: readonly number[];
    logits: Float32Array;
    normalisers: Float32Array;
    answers: AnswerTokens;
  },
): void {
  const n = batch.answers.ids.length;
  batch.batch.forEach((item, row) => {
    const logits = batch.logits.subarray(row * n, (row + 1) * n);
    const logProb = classLogProb(logits, batch.answers);
    natural.chosen[item] = argmax(logProb);
    natural.logProb.set(logProb, item * logProb.length);
    natural.largestLogit[item] = logits.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    natural.mass[item] = answerMass(logits, present(batch.normalisers[row], "log-normaliser"));
  });
}

/** Index of the largest element; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] ?? -Infinity) > (values[best] ?? -Infinity)) best = i;
  }
  return best;
}
