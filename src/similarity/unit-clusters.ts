/**
 * @file Many units to many units (Li et al. 2016, 3.4): spectral clustering of the units of both models together. A
 * cluster with units of both is a shared subspace; how shared, its principal angles say.
 */
import { EigenvalueDecomposition, Matrix as MlMatrix } from "ml-matrix";
import { principalAngles } from "../numeric/angles.js";
import { matrix, takeColumns, transpose, type Matrix } from "../numeric/matrix.js";
import { rankOf, svd } from "../numeric/svd.js";
import { f64, i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { kMeans } from "./k-means.js";
import type { PairedStates } from "./procrustes.js";
import { standardUnits, unitCorrelations } from "./unit-correlation.js";

/** One cluster. */
export interface UnitCluster {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Between the spans of its units over items, radians ascending; absent unless both models have units in it. */
  readonly angles?: readonly number[];
}

/** Most clusters that the eigengap may choose, unless said otherwise. */
const MOST_CLUSTERS = 20;

/**
 * Clusters the units of x and y together. Units that do not vary belong to none.
 *
 * @param k - clusters; without, the eigengap of the Laplacian chooses (at most 20).
 */
export function clusterUnits(
  { x, y }: PairedStates,
  { k, random }: { readonly k?: number; readonly random: Stream },
): readonly UnitCluster[] {
  const [left, right] = [standardUnits(x), standardUnits(y)];
  const units = [
    ...variable(left.units.cols, left.constant).map((unit) => ({ side: "x" as const, unit })),
    ...variable(right.units.cols, right.constant).map((unit) => ({ side: "y" as const, unit })),
  ];
  const together = matrix(x.rows, units.length);
  units.forEach(({ side, unit }, c) => {
    const from = side === "x" ? left.units : right.units;
    for (let r = 0; r < x.rows; r++) {
      together.data[r * units.length + c] = f64(from.data, r * from.cols + unit);
    }
  });
  const { values, vectors } = laplacianSpectrum(unitCorrelations(together, together));
  const count = k ?? eigengap(values);
  const cluster = kMeans(unitRows(vectors, count), count, random);
  return Array.from({ length: Math.max(...cluster) + 1 }, (_, own) => {
    const members = units.filter((_unit, i) => i32(cluster, i) === own);
    const of = (side: "x" | "y"): number[] =>
      members.flatMap((member) => (member.side === side ? [member.unit] : []));
    const [a, b] = [of("x"), of("y")];
    const isShared = a.length > 0 && b.length > 0;
    return {
      ...{ x: a, y: b },
      ...(isShared && { angles: spanAngles({ x: left.units, y: right.units }, { x: a, y: b }) }),
    };
  });
}

function variable(count: number, constant: readonly number[]): number[] {
  const left = new Set(constant);
  return Array.from({ length: count }, (_, unit) => unit).filter((unit) => !left.has(unit));
}

/** Eigenvalues (ascending) and eigenvectors `[unit, eigenvalue]` of `I − D^−½ |C| D^−½`. */
function laplacianSpectrum(correlations: Matrix): {
  readonly values: readonly number[];
  readonly vectors: Matrix;
} {
  const n = correlations.rows;
  const affinity = correlations.data.map(Math.abs);
  const degree = Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += f64(affinity, i * n + j);
    return sum;
  });
  const ml = new MlMatrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const tie = f64(affinity, i * n + j) / Math.sqrt(f64(degree, i) * f64(degree, j));
      ml.set(i, j, (i === j ? 1 : 0) - tie);
    }
  }
  const found = new EigenvalueDecomposition(ml, { assumeSymmetric: true });
  const order = [...found.realEigenvalues.keys()].sort(
    (a, b) => (found.realEigenvalues[a] ?? 0) - (found.realEigenvalues[b] ?? 0),
  );
  const vectors = matrix(n, n);
  order.forEach((from, c) => {
    for (let r = 0; r < n; r++) vectors.data[r * n + c] = found.eigenvectorMatrix.get(r, from);
  });
  return { values: order.map((at) => found.realEigenvalues[at] ?? 0), vectors };
}

/** Number of eigenvalues before the widest gap among the smallest. */
function eigengap(values: readonly number[]): number {
  const gaps = values.slice(1, MOST_CLUSTERS + 1).map((value, i) => value - (values[i] ?? 0));
  return 1 + gaps.indexOf(Math.max(...gaps));
}

/** The first `count` columns, each row brought to length 1 (Ng, Jordan and Weiss 2002). */
function unitRows(vectors: Matrix, count: number): Matrix {
  const out = matrix(vectors.rows, count);
  for (let r = 0; r < vectors.rows; r++) {
    const own = vectors.data.subarray(r * vectors.cols, r * vectors.cols + count);
    const length = Math.hypot(...own);
    out.data.set(
      own.map((value) => (length > 0 ? value / length : 0)),
      r * count,
    );
  }
  return out;
}

/**
 * Principal angles (radians, ascending) between the spans over items of some units of x and some of y, whose states are
 * about their means. Spans of many units over few items meet by chance.
 */
export function spanAngles(
  { x, y }: PairedStates,
  units: { readonly x: readonly number[]; readonly y: readonly number[] },
): readonly number[] {
  return [...principalAngles(spanOf(takeColumns(x, units.x)), spanOf(takeColumns(y, units.y)))];
}

/** Orthonormal rows `[rank, item]` that span `columns` `[item, unit]`. */
function spanOf(columns: Matrix): Matrix {
  const { u, s } = svd(columns);
  const rank = rankOf(s, 1e-10);
  const all = transpose(u);
  return matrix(rank, all.cols, all.data.slice(0, rank * all.cols));
}
