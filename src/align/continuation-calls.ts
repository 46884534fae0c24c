/**
 * @file Calls of a continuation in chunks of at most `maxRows`, with its promises checked: lengths and finite numbers.
 */
import { invariant, NumericsError } from "../errors.js";
import { f32, joined } from "../numeric/vector.js";
import type { Backward, Continuation } from "./continuation.js";

/** How calls are cut, named in errors, and ended early. */
export interface CallOptions {
  readonly maxRows: number;
  /** Names the caller in errors. */
  readonly where: string;
  readonly signal?: AbortSignal | undefined;
}

/** Rows to continue: `[row]` items and `[row, dModel]` patched states. */
export interface PatchedRows {
  readonly items: Int32Array;
  readonly patched: Float32Array;
}

/**
 * Log-probabilities `[row, class]` of all rows.
 *
 * @throws {@link NumericsError} when the model returns NaN or +∞ (−∞ is probability 0).
 */
export async function continueRows(
  model: Continuation,
  rows: PatchedRows,
  options: CallOptions,
): Promise<Float32Array> {
  const out = new Float32Array(rows.items.length * model.nClasses);
  for (const [start, end] of chunks(rows.items.length, options)) {
    const part = await model.classLogProb(
      rows.items.subarray(start, end),
      rows.patched.subarray(start * model.dModel, end * model.dModel),
    );
    invariant(part.length === (end - start) * model.nClasses, "continuation: one row per item");
    out.set(part, start * model.nClasses);
  }
  assertNumbers(out, "class log-probabilities", options.where);
  return out;
}

/**
 * Loss and gradient of all rows, as {@link Continuation.backward}.
 *
 * @throws {@link NumericsError} when a loss or gradient is not finite.
 */
export async function differentiateRows(
  model: Continuation,
  rows: PatchedRows & { readonly labels: Int32Array },
  options: CallOptions,
): Promise<Pick<Backward, "lossNats" | "gradient">> {
  const n = rows.items.length;
  const d = model.dModel;
  const parts: Backward[] = [];
  for (const [start, end] of chunks(n, options)) {
    const part = await model.backward(
      rows.items.subarray(start, end),
      rows.patched.subarray(start * d, end * d),
      rows.labels.subarray(start, end),
    );
    invariant(part.gradient.length === (end - start) * d, "continuation: one gradient per row");
    parts.push(part);
  }
  const lossNats = whole(parts.map((part) => part.lossNats));
  const gradient = whole(parts.map((part) => part.gradient));
  assertNumbers(lossNats, "loss", options.where, true);
  assertNumbers(gradient, "gradient", options.where, true);
  return { lossNats, gradient };
}

/** All parts in one array; a single one is that. */
function whole(parts: readonly Float32Array[]): Float32Array {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  return joined(parts, (length) => new Float32Array(length));
}

function* chunks(n: number, { maxRows, signal }: CallOptions): Generator<[number, number]> {
  for (let start = 0; start < n; start += maxRows) {
    signal?.throwIfAborted();
    yield [start, Math.min(n, start + maxRows)];
  }
}

function assertNumbers(values: Float32Array, what: string, where: string, finite = false): void {
  // a loop of its own: `findIndex` makes an object of every number, megabytes of them in each step of a learning
  for (let i = 0; i < values.length; i++) {
    const value = f32(values, i);
    if (value < Infinity && (value > -Infinity || !finite)) continue; // NaN is on neither side
    throw new NumericsError(`${what} of a patched run is ${value}`, {
      code: "NAN_LOSS",
      where,
      expected: "finite numbers",
      found: `${value} at index ${i}`,
      hint: "check the model with `mas-audit gradcheck`; half precision may overflow",
    });
  }
}
