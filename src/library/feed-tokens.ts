/**
 * @file From token ids to what a graph of the model is fed.
 */
import { PlanError } from "../errors.js";
import { feedBatch } from "../models/feed-batch.js";
import type { Feeds } from "../runtime/tensor.js";
import type { OnnxGraph } from "./onnx-graph.js";
import { locatedOf, type SitedModel } from "./sited-model.js";

/**
 * Makes the model's own inputs for rows of token ids, as far as `graph` (a half that `splitAt` gave, or a gradient of it)
 * reads them: ids, mask, positions, an empty past. Shorter rows are padded on the right; what a model makes of the padding
 * means nothing.
 *
 * @throws {@link PlanError} when there is no row, an empty one, or an id outside the vocabulary; {@link LocateError} when
 * the model takes embeddings and has no table of them.
 */
export function feedTokens(
  model: SitedModel,
  graph: Pick<OnnxGraph, "inputs">,
  rows: readonly (readonly number[])[],
): Feeds {
  const bad = rows.flat().find((id) => !Number.isInteger(id) || id < 0 || id >= model.vocab);
  if (rows.length === 0 || rows.some((row) => row.length === 0) || bad !== undefined) {
    throw new PlanError("these rows cannot be fed", {
      code: "BAD_TOKENS",
      expected: `at least one row, each of one or more ids from 0 to ${model.vocab - 1}`,
      found: bad === undefined ? "an empty list" : `the id ${bad}`,
    });
  }
  const wanted = new Set(graph.inputs.map(({ name }) => name));
  return feedBatch(locatedOf(model).feeds, rows, wanted);
}
