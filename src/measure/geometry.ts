/** @file Where learned subspaces lie: angles between the models, dormant directions, size of the code inside. */
import { EigenvalueDecomposition, Matrix as MlMatrix } from "ml-matrix";
import { distinctItems } from "../align/distinct.js";
import { residualsOf } from "../align/grouping.js";
import { subspaceOf, type AlignmentMap } from "../align/maps/alignment-map.js";
import { principalAngles } from "../numeric/angles.js";
import { factorRows } from "../numeric/qr.js";
import {
  gram,
  matrix,
  multiplyTransposed,
  row,
  squaredNorm,
  takeRows,
  type Matrix,
} from "../numeric/matrix.js";
import { axpy, f64, sum } from "../numeric/vector.js";
import type { CellInput } from "./cell-input.js";
import { sidesOf, type Subspaces } from "./interventions.js";
import { SIDES, type Geometry, type Side } from "./measures.js";
import type { Site } from "./site.js";

/** Share of the variance of natural states that the directions not called dormant hold. */
const NATURAL_VARIANCE = 0.99;

/** Share of the largest diagonal element of R from which a row adds a direction. */
const INDEPENDENT = 1e-6;

/** Geometry of the learned subspaces of a cell, from its train items. */
export function measureGeometry(
  { input, site }: { readonly input: CellInput; readonly site: Site },
  maps: Readonly<Partial<Record<Side, AlignmentMap>>>,
): Geometry {
  const subspaces = spansOf(maps);
  const { base, tuned } = subspaces;
  const by = (figure: (subspace: Matrix, side: Side) => number): Geometry["codeSize"] =>
    Object.fromEntries(
      sidesOf(subspaces).map((side) => [side, figure(subspaces[side] as Matrix, side)]), // sidesOf: has one
    );
  return {
    ...(base !== undefined &&
      tuned?.cols === base.cols && { principalAngles: [...principalAngles(base, tuned)] }),
    dormantShare: by((subspace, side) => dormantShare(subspace, naturalStates(input, site, side))),
    codeSize: by((subspace, side) => {
      const { code } = site.code(side);
      const inside = squaredNorm(multiplyTransposed(code, subspace)) / Math.max(1, code.rows);
      return site.states(side).normalisation.sigma * Math.sqrt(inside);
    }),
  };
}

/** Orthonormal rows of what each map moves states in; a map that has no fixed directions has none. */
function spansOf(maps: Readonly<Partial<Record<Side, AlignmentMap>>>): Subspaces {
  return Object.fromEntries(
    SIDES.flatMap((side) => {
      const map = maps[side];
      if (map === undefined) return [];
      const subspace = subspaceOf(map) ?? spanOf(map);
      return subspace === undefined ? [] : [[side, subspace]];
    }),
  );
}

function spanOf({ form, parameters, mask }: AlignmentMap): Matrix | undefined {
  const moves = form.moves?.(parameters);
  if (moves === undefined) return undefined;
  const kept = [...Array(moves.rows).keys()].filter((i) => mask?.[i] !== 0);
  const { q, diagonal } = factorRows(takeRows(moves, kept));
  // rows that say the same span fewer directions than k: then there is no subspace of k to describe
  return Math.min(...diagonal) > INDEPENDENT * Math.max(...diagonal) ? q : undefined;
}

/** Distinct train states of a model about their mean, `[item, dModel]`. */
function naturalStates({ train }: CellInput, site: Site, side: Side): Matrix {
  const { normalised } = site.states(side);
  const distinct = distinctItems(normalised, train, site.grouping);
  const mean = matrix(1, normalised.cols);
  for (const item of distinct) {
    axpy(1 / distinct.length, row(normalised, item), { y: row(mean, 0), n: normalised.cols });
  }
  const all = { group: new Int32Array(normalised.rows), nGroups: 1, contrast: new Int32Array(1) };
  return residualsOf(normalised, distinct, { means: mean, grouping: all });
}

/**
 * Share of the rows of `subspace` outside the leading principal directions of `states` that hold 99 % of their
 * variance: 1 − Σ over those directions |P u|² / k. From the Gram matrix, as u = Xᵀ w / √λ.
 */
export function dormantShare(subspace: Matrix, states: Matrix): number {
  const { rows: n } = states;
  const inner = gram(states);
  const ml = new MlMatrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) ml.set(i, j, f64(inner.data, i * n + j));
  }
  const found = new EigenvalueDecomposition(ml, { assumeSymmetric: true });
  const values = found.realEigenvalues;
  const order = [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  const total = sum(values.map((value) => Math.max(0, value))); // rounding leaves zeros a little below 0
  const seen = multiplyTransposed(states, subspace); // [item, k]
  let held = 0;
  let inside = 0;
  for (const index of order) {
    const value = values[index] ?? 0;
    if (held >= NATURAL_VARIANCE * total || value <= 0) break;
    held += value;
    inside += squaredImage(found.eigenvectorMatrix, index, seen) / value;
  }
  return 1 - inside / subspace.rows;
}

/** `|wᵀ seen|²` of one eigenvector w. */
function squaredImage(vectors: MlMatrix, index: number, seen: Matrix): number {
  const image = { data: new Float64Array(seen.cols), offset: 0 };
  for (let r = 0; r < seen.rows; r++) {
    axpy(vectors.get(r, index), row(seen, r), { y: image, n: seen.cols });
  }
  return image.data.reduce((total, x) => total + x * x, 0);
}
