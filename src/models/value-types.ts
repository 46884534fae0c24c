/**
 * @file Element types and shapes of inner values: as our inference finds them, else as the runtime infers them, else as one
 * small run shows them.
 */
import { present } from "../errors.js";
import { inferredType } from "../onnx/annotate-types.js";
import { copyModel } from "../onnx/copy.js";
import type { Model, Value, ValueType } from "../onnx/graph.js";
import { TypeInference } from "../onnx/type-inference.js";
import { createSession, type Session } from "../runtime/session.js";
import { feedBatch } from "./feed-batch.js";
import type { FeedPlan } from "./located.js";

/** Two rows of three tokens: sizes that no model dimension is likely to share. */
const PROBE = [
  [0, 0, 0],
  [0, 0, 0],
] as const;

/**
 * Returns the types of `values`. Where rank and last size cannot be inferred, a session is made with the values as
 * outputs *without* type information: the runtime infers them and no weights are run. Where a
 * Reshape hides the rank from it as well, the graph runs once on a few tokens, and only element type, rank and last
 * size are kept.
 *
 * @throws {@link ModelFormatError} when the runtime refuses the graph.
 */
export async function typesOf(
  model: Model,
  values: readonly Value[],
  feeds: FeedPlan,
): Promise<ValueType[]> {
  const inference = new TypeInference(model.graph);
  const own = values.map((value) => inferredType(inference, value));
  if (own.every(isKnown)) return own;
  const { model: copy, of } = copyModel(model);
  const outputs = values.map(of);
  for (const output of outputs) {
    output.type = undefined;
    output.origin = undefined;
  }
  copy.graph.outputs.splice(0, Infinity, ...new Set(outputs));
  copy.graph.prune();
  const session = await createSession(copy);
  try {
    const inferred = new Map(session.outputs.map(({ name, ...type }) => [name, type]));
    const types = [...inferred.values()].every(isKnown) ? inferred : await observe(session, feeds);
    return outputs.map(({ name }) => present(types.get(name), `type of "${name}"`));
  } finally {
    await session.release();
  }
}

function isKnown(type: ValueType | undefined): type is ValueType {
  return typeof type?.shape?.at(-1) === "number";
}

async function observe(session: Session, feeds: FeedPlan): Promise<Map<string, ValueType>> {
  const results = await session.run(feedBatch(withAnyEmbedding(feeds, session), PROBE));
  return new Map(
    Object.entries(results).map(([name, { dtype, dims }]) => [
      name,
      { dtype, shape: dims.map((size, axis) => (axis === dims.length - 1 ? size : null)) },
    ]),
  );
}

/** Types do not depend on what is embedded: zeros will do. */
function withAnyEmbedding(feeds: FeedPlan, session: Session): FeedPlan {
  if (feeds.embeddings === undefined) return feeds;
  const { name } = feeds.embeddings;
  const width = session.inputs.find((input) => input.name === name)?.shape.at(-1);
  const zeros = new Float32Array(typeof width === "number" ? width : 1);
  return { ...feeds, embeddings: { name, table: () => zeros } };
}
