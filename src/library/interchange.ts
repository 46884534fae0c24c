/**
 * @file A learned subspace in use: states of one model put into another.
 */
import { PlanError } from "../errors.js";

/** A subspace of one model at one site, with the centre and the scale of the states that it was learned on. */
export interface AlignedSubspace {
  /** `[k, dModel]`, row-major: orthonormal rows. */
  readonly P: Float32Array;
  /** Dimensions of the subspace. */
  readonly k: number;
  /** Width of the residual stream. */
  readonly dModel: number;
  /** `[dModel]`: μ, in units of the states. */
  readonly mean: Float64Array | Float32Array;
  /** σ: root mean square of a centred coordinate, in units of the states. */
  readonly sigma: number;
}

/** One end of an interchange. */
export interface InterchangeEnd {
  /** The model's subspace. */
  readonly subspace: AlignedSubspace;
  /** `[row, dModel]`, row-major. */
  readonly states: Float32Array;
}

/**
 * Puts what `source` says about the variable into the states of `target`; everything outside the subspace stays:
 *
 *     h' = h_t + σ_t P_tᵀ (P_s (h_s − μ_s) / σ_s − P_t (h_t − μ_t) / σ_t)
 *
 * @returns `[row, dModel of the target]`, patched states to continue with.
 * @throws {@link PlanError} when both have not the same rows and the same k.
 */
export function interchange(source: InterchangeEnd, target: InterchangeEnd): Float32Array {
  const rows = target.states.length / target.subspace.dModel;
  const given = source.states.length / source.subspace.dModel;
  const [{ k }, { k: other }] = [target.subspace, source.subspace];
  if (rows !== given || k !== other || !Number.isInteger(rows)) {
    throw new PlanError("these states cannot be interchanged", {
      code: "INTERCHANGE",
      expected: `${rows} source states of whole width, and k = ${k} on both sides`,
      found: `${given} source states, and k = ${other}`,
    });
  }
  const out = target.states.slice();
  const { P, dModel, sigma } = target.subspace;
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < k; j++) {
      const shift = sigma * (coordinate(source, r, j) - coordinate(target, r, j));
      for (let i = 0; i < dModel; i++) {
        out[r * dModel + i] = at(out, r * dModel + i) + shift * at(P, j * dModel + i);
      }
    }
  }
  return out;
}

/** Coordinate j of row r: P_j · (h − μ) / σ. */
function coordinate({ subspace, states }: InterchangeEnd, r: number, j: number): number {
  const { P, dModel, mean, sigma } = subspace;
  let sum = 0;
  for (let i = 0; i < dModel; i++) {
    sum += at(P, j * dModel + i) * (at(states, r * dModel + i) - at(mean, i));
  }
  return sigma === 0 ? 0 : sum / sigma; // as in learning: states without variation say nothing
}

function at(values: Float32Array | Float64Array, i: number): number {
  return values[i] as number; // lengths were checked
}
