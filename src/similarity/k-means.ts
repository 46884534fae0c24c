/** @file k-means (Lloyd) from k-means++ starts; the best of several. Seeded. */
import { matrix, row, rowRange, takeRows, type Matrix } from "../numeric/matrix.js";
import { axpy, f64, i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";

const STARTS = 10;
const MOST_ROUNDS = 200;

/** Cluster of each row of `points` `[point, d]`, numbered in order of first appearance. */
export function kMeans(points: Matrix, k: number, random: Stream): Int32Array {
  let best: { readonly cluster: Int32Array; readonly cost: number } | undefined;
  for (let start = 0; start < STARTS; start++) {
    const found = descend(points, firstCentres(points, k, random.fork(String(start))));
    if (best === undefined || found.cost < best.cost) best = found;
  }
  return renumbered(best?.cluster ?? new Int32Array(points.rows));
}

/** k-means++ (Arthur and Vassilvitskii 2007): each next centre is far from those before it. */
function firstCentres(points: Matrix, k: number, random: Stream): Matrix {
  const chosen = [random.int(points.rows)];
  while (chosen.length < k) {
    const { distances } = nearestCentres(points, takeRows(points, chosen));
    let left = random.next() * distances.reduce((a, b) => a + b, 0);
    const next = distances.findIndex((distance) => (left -= distance) < 0);
    chosen.push(next < 0 ? random.int(points.rows) : next); // all points coincide with centres
  }
  return takeRows(points, chosen);
}

function descend(points: Matrix, start: Matrix): { cluster: Int32Array; cost: number } {
  let centres = start;
  let found = nearestCentres(points, centres);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    centres = means(points, found.cluster, centres);
    const next = nearestCentres(points, centres);
    const stays = next.cluster.every((cluster, i) => cluster === found.cluster[i]);
    found = next;
    if (stays) break;
  }
  return { cluster: found.cluster, cost: found.distances.reduce((a, b) => a + b, 0) };
}

function means(points: Matrix, cluster: Int32Array, before: Matrix): Matrix {
  const out = matrix(before.rows, before.cols);
  const counts = new Int32Array(before.rows);
  for (const own of cluster) counts[own] = i32(counts, own) + 1;
  cluster.forEach((own, point) => {
    axpy(1 / i32(counts, own), row(points, point), { y: row(out, own), n: out.cols });
  });
  counts.forEach((count, own) => {
    if (count === 0) out.data.set(rowRange(before, own, own + 1).data, own * out.cols);
  });
  return out;
}

function nearestCentres(
  points: Matrix,
  centres: Matrix,
): { readonly cluster: Int32Array; readonly distances: Float64Array } {
  const cluster = new Int32Array(points.rows);
  const distances = new Float64Array(points.rows).fill(Infinity);
  for (let point = 0; point < points.rows; point++) {
    for (let c = 0; c < centres.rows; c++) {
      let distance = 0;
      for (let i = 0; i < points.cols; i++) {
        const step =
          f64(points.data, point * points.cols + i) - f64(centres.data, c * points.cols + i);
        distance += step * step;
      }
      if (distance >= f64(distances, point)) continue;
      distances[point] = distance;
      cluster[point] = c;
    }
  }
  return { cluster, distances };
}

function renumbered(cluster: Int32Array): Int32Array {
  const number = new Map<number, number>();
  for (const own of cluster) if (!number.has(own)) number.set(own, number.size);
  return cluster.map((own) => number.get(own) ?? own);
}
