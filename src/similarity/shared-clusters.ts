/**
 * @file Clusters of units of both models (Li et al. 2016, 3.4) found on one half of the items; how near the subspaces
 * of a shared cluster are is measured on the other.
 */
import { takeColumns, takeRows, type Matrix } from "../numeric/matrix.js";
import { i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import type { PairedStates } from "./procrustes.js";
import { clusterUnits, spanAngles } from "./unit-clusters.js";
import { standardUnits } from "./unit-correlation.js";
import { drawUnits, type Halves, type UnitFigure } from "./unit-figure.js";

/** Units of each model that are clustered: the decomposition of their Laplacian grows with the cube. */
const CLUSTERED_UNITS = 64;

/** Figures of the clusters of a draw of units of x and their `partners` `[unit of x]` in y. */
export function sharedClusters(
  { fit, test }: Halves,
  partners: Int32Array,
  random: Stream,
): readonly UnitFigure[] {
  const matched = [...partners.keys()].filter((unit) => i32(partners, unit) >= 0);
  const left = drawUnits(matched, CLUSTERED_UNITS, random.fork("units"));
  const right = left.map((unit) => i32(partners, unit));
  const of = ({ x, y }: PairedStates): PairedStates => ({
    x: takeColumns(x, left),
    y: takeColumns(y, right),
  });
  const clusters = clusterUnits(of(fit), { random: random.fork("clusters") });
  const shared = clusters.filter(({ x, y }) => x.length > 0 && y.length > 0);
  const held = of(test);
  const about = { x: standardUnits(held.x).units, y: standardUnits(held.y).units };
  const cosine = (y: Matrix): number | null => {
    const cosines = shared.flatMap((own) => spanAngles({ x: about.x, y }, own).map(Math.cos));
    return cosines.length === 0 ? null : meanOf(cosines);
  };
  const value = cosine(about.y);
  const order = random.fork("apart").shuffle([...Array(about.y.rows).keys()]);
  const inShared = shared.reduce((total, { x, y }) => total + x.length + y.length, 0);
  const what = `spectral clusters (|r|, number by the eigengap) of at most ${CLUSTERED_UNITS} units of the base and their bipartite partners`;
  const sizes = { n: test.x.rows, nFit: fit.x.rows };
  return [
    {
      ...{ name: "cluster", n: fit.x.rows, value: clusters.length },
      measure: `${what}: number`,
    },
    {
      ...{ name: "shared", n: fit.x.rows, value: inShared / (2 * left.length) },
      measure: `${what}: share of units in clusters that hold units of both models`,
    },
    {
      ...{ name: "cos", ...sizes, value, chance: cosine(takeRows(about.y, order)) },
      ...(value === null && { reason: "no cluster holds units of both models" }),
      measure: `${what}: mean cosine of the principal angles of shared clusters, held-out items; chance of these clusters`,
    },
  ];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
