/**
 * @file Rows of token ids become the tensors that a decoder is fed: padded on the right, with an empty past.
 *
 * NOTE: right padding is the only padding that every exporter's graph computes rightly (fused attention reads the
 * number of real tokens off the mask). What stands at padded positions is garbage and must not be read.
 */
import { invariant, LocateError } from "../errors.js";
import { f64 } from "../numeric/vector.js";
import { tensor, type Feeds, type RuntimeTensor } from "../runtime/tensor.js";
import type { EmbeddingsInput, FeedPlan, PastInput } from "./located.js";

/** Fills the padded places; any id of the vocabulary does, since nothing real attends there. */
const PAD_ID = 0;

/** `[batch, token]` from a function of row and position. */
function fill(
  dtype: "int64" | "int32" | "float32",
  [batch, token]: readonly [number, number],
  at: (row: number, position: number) => number,
): RuntimeTensor {
  const values = new Float64Array(batch * token);
  for (let r = 0; r < batch; r++) for (let i = 0; i < token; i++) values[r * token + i] = at(r, i);
  const dims = [batch, token];
  if (dtype === "int32") return tensor("int32", dims, new Int32Array(values));
  if (dtype === "float32") return tensor("float32", dims, new Float32Array(values));
  const ids = new BigInt64Array(values.length);
  let [last, long] = [0, 0n]; // one object for a run of equal numbers: masks have little else
  for (let i = 0; i < ids.length; i++) {
    const id = f64(values, i);
    if (id !== last) [last, long] = [id, BigInt(id)];
    ids[i] = long;
  }
  return tensor("int64", dims, ids);
}

/** `[batch, token, dModel]`; padding is any token's. */
function embed(
  input: EmbeddingsInput,
  [batch, token]: readonly [number, number],
  rows: readonly (readonly number[])[],
): RuntimeTensor {
  const table = tableOf(input);
  const dModel = table(PAD_ID).length;
  const values = new Float32Array(batch * token * dModel);
  for (let r = 0; r < batch; r++)
    for (let i = 0; i < token; i++)
      values.set(table(rows[r]?.[i] ?? PAD_ID), (r * token + i) * dModel);
  return tensor("float32", [batch, token, dModel], values);
}

function tableOf({ name, table }: EmbeddingsInput): NonNullable<EmbeddingsInput["table"]> {
  if (table !== undefined) return table;
  throw new LocateError("the model takes embeddings and no token ids", {
    code: "NO_EMBEDDING_TABLE",
    where: `input "${name}"`,
    expected: "a file that holds its embedding table, with token ids as its input",
    found: "embeddings as the input, and no table that makes them from tokens",
    hint: "export the whole model (genai builder: without exclude_embeds)",
  });
}

/**
 * Refuses a model that cannot be asked in tokens.
 *
 * @throws {@link LocateError} when the model takes embeddings and has no table of them.
 */
export function checkTakesTokens({ embeddings }: FeedPlan): void {
  if (embeddings !== undefined) tableOf(embeddings);
}

function emptyPast({ dims, dtype }: PastInput, batch: number): RuntimeTensor {
  const sizes = dims.map((dim) => (dim === "batch" ? batch : dim));
  return dtype === "float32"
    ? tensor("float32", sizes, new Float32Array(0))
    : tensor("float16", sizes, new Uint16Array(0));
}

/**
 * Makes the feeds of one batch. `rows[r]` are the token ids of row r, of any length of 1 or more; shorter rows are
 * padded on the right to the longest, `[batch, token]`. `wanted`: names of the inputs to make, where not all are read.
 *
 * @throws {@link InvariantError} when there is no row, or an empty one; {@link LocateError} when the model takes embeddings
 * and nobody knows those of tokens.
 */
export function feedBatch(
  { inputIds, embeddings, attentionMask, positionIds, past }: FeedPlan,
  rows: readonly (readonly number[])[],
  wanted?: ReadonlySet<string>,
): Feeds {
  invariant(rows.length > 0 && rows.every((row) => row.length > 0), "a batch without tokens");
  const shape = [rows.length, Math.max(...rows.map((row) => row.length))] as const;
  const length = (row: number): number => rows[row]?.length ?? 0;
  const feeds: Record<string, RuntimeTensor> = {};
  const put = (name: string, make: () => RuntimeTensor): void => {
    if (wanted?.has(name) ?? true) feeds[name] = make();
  };
  if (inputIds !== undefined)
    put(inputIds.name, () => fill(inputIds.dtype, shape, (r, i) => rows[r]?.[i] ?? PAD_ID));
  if (embeddings !== undefined) put(embeddings.name, () => embed(embeddings, shape, rows));
  if (attentionMask !== undefined)
    put(attentionMask.name, () =>
      fill(attentionMask.dtype, shape, (r, i) => (i < length(r) ? 1 : 0)),
    );
  // padding continues the count, as the references do; nothing real attends to it
  if (positionIds !== undefined)
    put(positionIds.name, () => fill(positionIds.dtype, shape, (_, i) => i));
  for (const each of past) put(each.name, () => emptyPast(each, rows.length));
  return feeds;
}
