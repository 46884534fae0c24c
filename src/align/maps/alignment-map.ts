/** @file One model's alignment map: a form and the parameters that were learned for it. */
import type { Matrix } from "../../numeric/matrix.js";
import { ORTHOGONAL_FORM } from "./linear.js";
import { parameter, type MapForm, type MapParameters } from "./map.js";

/** A map in use. */
export interface AlignmentMap {
  readonly form: MapForm;
  readonly parameters: MapParameters;
  /** `[k]`: share of each coordinate that is exchanged; absent where all are, whole. */
  readonly mask?: Float64Array;
}

/** The map whose coordinates are those of `subspace` `[k, d]`, orthonormal rows. */
export function rotation(subspace: Matrix): AlignmentMap {
  return { form: ORTHOGONAL_FORM, parameters: { p: subspace } };
}

/** P `[k, d]` of a map that is nothing but a rotation, all of it exchanged. */
export function subspaceOf({ form, parameters, mask }: AlignmentMap): Matrix | undefined {
  return form === ORTHOGONAL_FORM && mask === undefined ? parameter(parameters, "p") : undefined;
}
