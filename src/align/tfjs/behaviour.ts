/**
 * @file What the frozen model answered, as a function of the exchange that automatic differentiation can go through. Its
 * own gradient at the states that were run comes from the model; from there the log-odds m of the label are carried as
 * linear in the state, as the default learner carries them:
 *
 *     L(m) = log(1 + e⁻ᵐ),   m(h') = m + J · (h' − h),   J = (dL/dh) / (dL/dm)
 */
import type { Backward } from "../continuation.js";
import { SATURATED } from "../linearised.js";
import { f32 } from "../../numeric/vector.js";
import type { Operations, Tensor } from "./operations.js";
import { numbersOf, tensorOf, tidied, type Table } from "./table.js";

/** Answers at states that were run; rows of one direction. */
export interface CarriedRows {
  /** m where it was run, `[row]`. */
  readonly logOdds: Float32Array;
  /** J, `[row, dModel]`. */
  readonly slope: Table;
  /** n' − n_t where it was run, `[row, dModel]`: states differ by σ times how far this moves. */
  readonly change: Table;
}

/** Smallest loss whose log-odds are told from others, nats: float32 has no smaller logarithm worth having. */
const LEAST_NATS = 1e-30;

/** Makes answers that can be carried on. */
export function carriedRows(
  tf: Operations,
  { lossNats, gradient }: Pick<Backward, "lossNats" | "gradient">,
  change: Table,
): CarriedRows {
  const { rows, cols } = change;
  const kept = gradient.slice();
  lossNats.forEach((loss, r) => {
    // the same rule as the default learner's: a share that float32 has no digits for is nothing
    if (-Math.expm1(-loss) < SATURATED) kept.fill(0, r * cols, (r + 1) * cols);
  });
  const [logOdds, slope] = tidied(tf, () => {
    const loss = tf.tensor1d(lossNats.map((nats) => Math.max(nats, LEAST_NATS)));
    const odds = tf.neg(tf.add(loss, tf.log(tf.neg(tf.expm1(tf.neg(loss))))));
    const along = tf.reshape(tf.grad((m) => lossOf(tf, m))(odds), [rows, 1]);
    const values = numbersOf(tf.div(tensorOf(tf, { rows, cols, values: kept }), along));
    return [numbersOf(odds), values] as const;
  });
  return { logOdds, slope: { rows, cols, values: slope }, change };
}

/** Losses of rows, `[row]`, nats, when the exchange changes the normalised states by `change` `[row, dModel]`. */
export function carriedLoss(
  tf: Operations,
  { logOdds, slope, change: before }: CarriedRows,
  { change, sigma }: { readonly change: Tensor; readonly sigma: number },
): Tensor {
  const moved = tf.mul(tf.sub(change, tensorOf(tf, before)), sigma);
  const gained = tf.sum(tf.mul(tensorOf(tf, slope), moved), 1);
  return lossOf(tf, tf.add(tf.tensor1d(logOdds), gained));
}

/** The rows from `first` to `last` (excluded). */
export function sliceRows(
  { lossNats, gradient }: Pick<Backward, "lossNats" | "gradient">,
  {
    first,
    last,
    dModel,
  }: { readonly first: number; readonly last: number; readonly dModel: number },
): Pick<Backward, "lossNats" | "gradient"> {
  return {
    lossNats: lossNats.slice(first, last),
    gradient: gradient.slice(first * dModel, last * dModel),
  };
}

/** Nats of an answer with log-odds m. */
function lossOf(tf: Operations, m: Tensor): Tensor {
  return tf.softplus(tf.neg(m));
}

/** Loss of each row of `labels`, `[row]`, nats, from log-probabilities `[row, class]`. */
export function answeredLoss(logProb: Float32Array, labels: Int32Array): number[] {
  const classes = logProb.length / labels.length;
  return Array.from(labels, (label, r) => -f32(logProb, r * classes + label));
}
