/**
 * @file States of a network with random weights, as the source of a control: what a transfer looks like whose source
 * has learned nothing. A random network's states hold much of the prompt (which words stood there can be read off
 * linearly), so maps that merely decode its input and steer the target show up here.
 *
 * The network: two tables of random token embeddings, one read at the position itself and one averaged over the
 * tokens up to it (attention with random weights is nearly uniform), then one random ReLU layer with a residual path,
 * at the initial scale of such networks. It needs no weights of either model, so that nothing is copied or shuffled.
 */
import { matrix, multiplyTransposed, row, type Matrix } from "../numeric/matrix.js";
import { axpy, f64 } from "../numeric/vector.js";
import { stream, type Stream } from "../stats/stream.js";

/** What a state is computed from: the prompt up to the position that is read. */
export interface ReadPrompt {
  readonly ids: readonly number[];
  /** Token whose state is wanted. */
  readonly position: number;
}

/** `[item, dModel]`: states of the random network of this seed. */
export function untrainedStates(
  prompts: readonly ReadPrompt[],
  { dModel, seed }: { readonly dModel: number; readonly seed: number },
): Float32Array {
  const random = stream(seed, "untrained");
  const own = embeddingTable(random.fork("own"), dModel);
  const seen = embeddingTable(random.fork("seen"), dModel);
  const states = matrix(prompts.length, dModel);
  prompts.forEach(({ ids, position }, item) => {
    const into = { y: row(states, item), n: dModel };
    const before = ids.slice(0, position + 1);
    for (const id of before) axpy(1 / before.length, { data: seen(id), offset: 0 }, into);
    for (const id of before.slice(-1)) axpy(1, { data: own(id), offset: 0 }, into);
  });
  return Float32Array.from(addRandomLayer(states, random.fork("layer")).data);
}

/** Embeddings of tokens, each drawn when it is first met. */
function embeddingTable(random: Stream, dModel: number): (id: number) => Float64Array {
  const known = new Map<number, Float64Array>();
  return (id) => {
    const found = known.get(id) ?? gaussian(random.fork(String(id)), dModel, 1);
    known.set(id, found);
    return found;
  };
}

/** `x + W₂ relu(W₁ x)` for each row. */
function addRandomLayer(x: Matrix, random: Stream): Matrix {
  const { cols: d } = x;
  const weight = (name: string): Matrix =>
    matrix(d, d, gaussian(random.fork(name), d * d, 1 / Math.sqrt(d)));
  const hidden = multiplyTransposed(x, weight("in"));
  const active = matrix(
    x.rows,
    d,
    hidden.data.map((value) => Math.max(0, value)),
  );
  const update = multiplyTransposed(active, weight("out"));
  return matrix(
    x.rows,
    d,
    x.data.map((value, i) => value + f64(update.data, i)),
  );
}

function gaussian(random: Stream, n: number, scale: number): Float64Array {
  return Float64Array.from({ length: n }, () => scale * random.normal());
}
