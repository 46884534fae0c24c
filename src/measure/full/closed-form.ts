/**
 * @file Subspaces for whole contexts without training: SVD of the cross-covariance of paired states, both models having
 * read the same texts. Its leading pairs of directions are those along which the two models vary together most.
 */
import { assertFits } from "../../align/closed-form.js";
import {
  multiplyTransposed,
  takeRows,
  transpose,
  transposedMultiply,
  multiply,
  type Matrix,
} from "../../numeric/matrix.js";
import { svd } from "../../numeric/svd.js";
import { orthonormalRows, randomSubspace } from "../../align/stiefel.js";
import type { Stream } from "../../stats/stream.js";

/**
 * Rounds of subspace iteration. A start needs no more digits than training gives, and a full decomposition of a
 * width of 1536 would take minutes.
 */
const ROUNDS = 8;

/**
 * Paired subspaces of two models, `[k, dA]` and `[k, dB]`, from the `train` rows of their normalised states. Where these share
 * fewer than k directions, random ones complete them.
 *
 * @throws {@link PlanError} when k is larger than a width.
 */
export function pairContexts(
  a: Matrix,
  b: Matrix,
  { train, k, random }: { readonly train: Int32Array; readonly k: number; readonly random: Stream },
): readonly [Matrix, Matrix] {
  assertFits(k, Math.min(a.cols, b.cols));
  const cross = transposedMultiply(takeRows(a, train), takeRows(b, train));
  const back = transpose(cross);
  let right = randomSubspace(k, b.cols, random);
  let left = randomSubspace(k, a.cols, random);
  for (let round = 0; round < ROUNDS; round++) {
    const fill = random.fork(`fill/${round}`);
    left = orthonormalRows(multiply(right, back), fill);
    right = orthonormalRows(multiply(left, cross), fill);
  }
  // rotate both bases so that row j of one belongs to row j of the other
  const { u, v } = svd(multiplyTransposed(multiply(left, cross), right));
  return [multiply(transpose(u), left), multiply(transpose(v), right)];
}
