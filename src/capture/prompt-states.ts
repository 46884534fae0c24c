/**
 * @file One state per prompt and layer, of one model: what correlative measures compare. Kept in memory and not in
 * files, because one token of a prompt (or the mean of its tokens) is all that is kept of it.
 */
import { invariant, present } from "../errors.js";
import { buildCapture, residualName } from "../models/capture-graph.js";
import { feedBatch } from "../models/feed-batch.js";
import type { LocatedModel } from "../models/located.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import { checkFinite, float32Data, int64 } from "../runtime/tensor.js";
import { batchByLength, promptLimit } from "./batches.js";

/** A prompt and the place in it whose state is kept. */
export interface PlacedPrompt {
  /** `[token]` */
  readonly ids: readonly number[];
  /** A token, or the mean over all tokens after the first (which many models use as an attention sink). */
  readonly at: number | "mean";
}

/** How prompts are run. */
export interface PromptStatesRequest {
  readonly located: LocatedModel;
  readonly layers: readonly number[];
  /** Rows per run of the model. */
  readonly rows: number;
  readonly session: SessionOptions;
  readonly signal: AbortSignal;
  /** Told after each batch: prompts that are done. */
  readonly onDone?: (prompts: number) => void;
}

/**
 * Runs each prompt once; states `[prompt, dModel]` by layer.
 *
 * @throws {@link NumericsError} when a state is not finite; {@link HostError} when the runtime fails.
 */
export async function promptStates(
  { located, layers, rows, session: options, signal, onDone }: PromptStatesRequest,
  prompts: readonly PlacedPrompt[],
): Promise<ReadonlyMap<number, Float32Array>> {
  const { dModel } = located;
  const states = new Map(
    layers.map((layer) => [layer, new Float32Array(prompts.length * dModel)] as const),
  );
  const lengths = prompts.map(({ ids }) => ids.length);
  const session = await createSession(buildCapture(located, { layers }), options);
  let done = 0;
  try {
    for (const batch of batchByLength(lengths, promptLimit(rows))) {
      signal.throwIfAborted();
      const placed = batch.map((prompt) => present(prompts[prompt], `prompt ${prompt}`));
      const outputs = await session.run({
        ...feedBatch(
          located.feeds,
          placed.map(({ ids }) => ids),
        ),
        label_position: int64(
          [placed.length],
          placed.map(({ ids }) => ids.length - 1),
        ),
        answer_ids: int64([1], [0]), // the graph asks for an answer; nothing is done with it here
      });
      const width = Math.max(...placed.map(({ ids }) => ids.length));
      for (const [layer, into] of states) {
        const residual = float32Data(outputs, residualName(layer));
        invariant(residual.length === batch.length * width * dModel, `size at layer ${layer}`);
        batch.forEach((prompt, r) => {
          const row = residual.subarray(r * width * dModel, (r + 1) * width * dModel);
          keepState(
            row,
            present(placed[r], "prompt"),
            into.subarray(prompt * dModel, (prompt + 1) * dModel),
          );
        });
      }
      done += batch.length;
      onDone?.(done);
    }
  } finally {
    await session.release();
  }
  for (const [layer, found] of states) {
    checkFinite(found, `the residual after layer ${layer} of ${located.path}`);
  }
  return states;
}

/** The wanted state of one prompt, `row` `[token, dModel]`, into `into` `[dModel]`. */
function keepState(row: Float32Array, { ids, at }: PlacedPrompt, into: Float32Array): void {
  const d = into.length;
  if (at !== "mean") {
    into.set(row.subarray(at * d, (at + 1) * d));
    return;
  }
  const first = ids.length > 1 ? 1 : 0;
  for (let i = 0; i < d; i++) {
    let sum = 0;
    for (let token = first; token < ids.length; token++) sum += row[token * d + i] ?? NaN;
    into[i] = sum / (ids.length - first);
  }
}
