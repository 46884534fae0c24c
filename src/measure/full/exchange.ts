/** @file The stepwise interchange: the subspace is exchanged at every token but the first, token by token. */
import { coordinateDifference, patchStates, type End } from "../../align/interchange.js";
import { squaredDistances } from "../../align/naturalness.js";
import type { Matrix } from "../../numeric/matrix.js";
import type { ContextModel } from "./context-model.js";
import type { RowPairs } from "./token-rows.js";

/** A model with its subspace, `[k, dModel]`. */
export interface Participant {
  readonly model: ContextModel;
  readonly subspace: Matrix;
}

/** One direction on some pairs, worked out. */
export interface Exchange {
  readonly source: End;
  readonly target: End;
  /** D, `[row, k]`. */
  readonly difference: Matrix;
  /** h', `[row, dModel of the target]`. */
  readonly patched: Float32Array;
}

/** Exchanges the subspaces on all rows of the pairs. */
export function exchange(from: Participant, into: Participant, rows: RowPairs): Exchange {
  const end = ({ model, subspace }: Participant, items: Int32Array): End => ({
    ...{ subspace, items },
    normalised: model.states.normalised,
  });
  const [source, target] = [end(from, rows.source), end(into, rows.target)];
  const difference = coordinateDifference(source, target);
  const { raw, normalisation } = into.model.states;
  const patched = patchStates({ raw, sigma: normalisation.sigma, target }, difference);
  return { source, target, difference, patched };
}

/**
 * Squared Mahalanobis distance of each patched row from the target's own state at the same token of the source text, over
 * the squared natural distance: `[row]`, 0 = exactly what the target would hold.
 *
 * @param visit - called with each row's half derivative, not yet divided by the unit; the run is overwritten afterwards.
 */
export function departures(
  { target, difference }: Exchange,
  { model, rows }: { readonly model: ContextModel; readonly rows: RowPairs },
  visit?: Parameters<typeof squaredDistances>[1],
): Float64Array {
  const { natural, unit } = model;
  natural.prepare(rows.source);
  const { normalised, subspace, items } = target;
  const squares = squaredDistances(
    { normalised, natural, subspace, items, groups: rows.source, difference },
    visit,
  );
  return squares.map((x) => x / unit ** 2);
}
