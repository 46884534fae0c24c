/**
 * @file The exchange of subspaces as tensors, in normalised coordinates `n = (h − μ) / σ`; what follows from it for the
 * gradient is left to automatic differentiation:
 *
 *     D = n_s P_sᵀ − n_t P_tᵀ,   change = D P_t,   h' = h_t + σ_t · change
 */
import type { Operations, Tensor } from "./operations.js";
import { tensorOf, type Table } from "./table.js";

/** One end of an exchange. */
export interface End {
  /** P, `[k, dModel]`. */
  readonly subspace: Tensor;
  /** Normalised states, `[pair, dModel]`. */
  readonly states: Table;
}

/** The exchange of each pair in one direction. */
export interface Exchanged {
  /** P_t, `[k, dModel]`. */
  readonly subspace: Tensor;
  /** D, `[pair, k]`. */
  readonly difference: Tensor;
  /** n' − n_t, `[pair, dModel of the target]`. */
  readonly change: Tensor;
}

/** Puts the source's coordinates in place of the target's. */
export function exchange(
  tf: Operations,
  { source, target }: { readonly source: End; readonly target: End },
): Exchanged {
  const coordinates = ({ subspace, states }: End): Tensor =>
    tf.matMul(tensorOf(tf, states), subspace, false, true);
  const difference = tf.sub(coordinates(source), coordinates(target));
  const { subspace } = target;
  return { subspace, difference, change: tf.matMul(difference, subspace) };
}
