/** @file What each fine-tune predicts at every token of the held-out texts and of their splices; forward passes alone. */
import { ADAPTERS } from "../../adapters/index.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { runWhole } from "../../src/models/whole-run.js";
import { createSession, type Session, type SessionOptions } from "../../src/runtime/session.js";
import { spliceTokens, type Predictions, type Splice } from "./toxicity-floor.js";

/** What is read, and how. */
export interface PredictionRequest {
  /** Folder of the model. */
  readonly folder: string;
  /** `[text][token]` */
  readonly texts: readonly (readonly number[])[];
  readonly splices: readonly Splice[];
  /** Texts per run. */
  readonly batch: number;
  readonly session: SessionOptions;
}

/** Runs one model. Errors of the model and the runtime pass through. */
export async function predict(request: PredictionRequest): Promise<Predictions> {
  const { folder, texts, splices, batch } = request;
  const located = await loadModel(folder, { adapters: ADAPTERS });
  const session = await createSession(buildWhole(located), request.session);
  const run = (rows: readonly (readonly number[])[]): Promise<Int32Array[]> =>
    predictRows({ session, located, batch }, rows);
  try {
    const spliced = await run(splices.map((splice) => spliceTokens(texts, splice)));
    return { natural: await run(texts), spliced };
  } finally {
    await session.release();
  }
}

async function predictRows(
  { session, located, batch }: { session: Session; located: LocatedModel; batch: number },
  rows: readonly (readonly number[])[],
): Promise<Int32Array[]> {
  const said: Int32Array[] = [];
  for (let start = 0; start < rows.length; start += batch) {
    const run = await runWhole(session, located, rows.slice(start, start + batch));
    said.push(...run.map(({ ids, logits }) => tops(logits, ids.length)));
  }
  return said;
}

/** `[token]`, most probable token of each row of `[token, vocab]`. */
function tops(logits: Float32Array, tokens: number): Int32Array {
  const vocab = logits.length / tokens;
  return Int32Array.from({ length: tokens }, (_, t) => {
    const row = logits.subarray(t * vocab, (t + 1) * vocab);
    return row.reduce((best, value, id) => (value > (row[best] ?? -Infinity) ? id : best), 0);
  });
}
