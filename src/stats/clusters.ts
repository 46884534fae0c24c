/** @file Trials that belong together, summed: all that drawing whole clusters again needs. */
import { invariant } from "../errors.js";

/** Name or number of a cluster. */
export type ClusterId = number | string;

/** Sums of two columns by cluster, in the order in which clusters first appear: `[cluster]` each. */
export interface ClusterTotals {
  readonly numerator: Float64Array;
  readonly denominator: Float64Array;
  /** Trials in all clusters. */
  readonly n: number;
}

/** Two columns, `[trial]` each, with the cluster of each trial. */
interface Columns {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
  readonly clusters: readonly ClusterId[];
}

/**
 * Sums two columns by cluster.
 *
 * @throws {@link InvariantError} when the columns and the clusters differ in length.
 */
export function sumByCluster({ numerator, denominator, clusters }: Columns): ClusterTotals {
  const n = clusters.length;
  invariant(
    numerator.length === n && denominator.length === n,
    `clusters of ${n} trials for rows of ${numerator.length}`,
  );
  const places = new Map<ClusterId, number>();
  for (const cluster of clusters) {
    if (!places.has(cluster)) places.set(cluster, places.size);
  }
  const sum = (column: readonly number[]): Float64Array => {
    const sums = new Float64Array(places.size);
    clusters.forEach((cluster, trial) => {
      const place = places.get(cluster) ?? Number.NaN;
      sums[place] = (sums[place] ?? Number.NaN) + (column[trial] ?? Number.NaN);
    });
    return sums;
  };
  return { numerator: sum(numerator), denominator: sum(denominator), n };
}
