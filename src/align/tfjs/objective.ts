/**
 * @file The objective of `align/objective.ts` written forwards only; TensorFlow.js differentiates it:
 *
 *     L = mean over rows of  CE(answer) + λ · (n' − c(y))ᵀ Σ⁻¹ (n' − c(y)) / unit²
 */
import { invariant } from "../../errors.js";
import { sum } from "../../numeric/vector.js";
import { continueRows, differentiateRows, type CallOptions } from "../continuation-calls.js";
import { rowCount, type Batch } from "../batch.js";
import { type Slope } from "../objective.js";
import { together } from "../together.js";
import {
  answeredLoss,
  carriedLoss,
  carriedRows,
  sliceRows,
  type CarriedRows,
} from "./behaviour.js";
import { answeringModels, directionsInto, type DirectionRows } from "./directions.js";
import type { Operations, Tensor } from "./operations.js";
import { exchanged, patchTargets, type PatchedTarget, type Place } from "./patched.js";
import { penalty } from "./penalty.js";
import { matrixOf, numbersOf, tableOf, tensorOf, tidied } from "./table.js";

/** Pairs that were run at some place, and how the targets answered there. */
export interface AnsweredBatch extends Batch {
  /** One per target, with one entry per source. */
  readonly answers: readonly (readonly CarriedRows[])[];
}

/** Loss of all directions, nats per row; forward passes of the models only. */
export async function lossAt(
  tf: Operations,
  { place, batch }: { readonly place: Place; readonly batch: Batch },
  calls: CallOptions,
): Promise<number> {
  const patched = patchTargets(tf, place, batch);
  const answers = await together(
    patched.map((rows) => continueRows(rows.answering.target.continuation, rows, calls)),
  );
  const losses = patched.flatMap(({ labels, directions }, i) => [
    ...answeredLoss(at(answers, i), labels),
    ...directions.flatMap(({ penalties }) => penalties.map((x) => place.naturalness * x)),
  ]);
  return sum(losses) / rowCount(batch);
}

/** Runs the pairs of a batch in all directions, forward and backward. */
export async function runBatch(
  tf: Operations,
  { place, batch }: { readonly place: Place; readonly batch: Batch },
  calls: CallOptions,
): Promise<AnsweredBatch> {
  const patched = patchTargets(tf, { ...place, naturalness: 0 }, batch);
  const answers = await together(
    patched.map((rows) => differentiateRows(rows.answering.target.continuation, rows, calls)),
  );
  return { ...batch, answers: patched.map((rows, i) => carriedOf(tf, rows, at(answers, i))) };
}

/** Answers of one target, cut into those of each source. */
function carriedOf(
  tf: Operations,
  { directions }: PatchedTarget,
  answers: Parameters<typeof carriedRows>[1],
): CarriedRows[] {
  return directions.map(({ change }, source) => {
    const { rows, cols: dModel } = change;
    const part = { first: source * rows, last: (source + 1) * rows, dModel };
    return carriedRows(tf, sliceRows(answers, part), change);
  });
}

/** One direction of one batch: what is summed. */
interface Term {
  readonly rows: DirectionRows;
  readonly answers: CarriedRows;
}

/**
 * Loss, nats per row, of batches that were run at this place or before, and its gradient with respect to each subspace.
 * Everything that is made on the way is disposed.
 */
export function slopeAt(tf: Operations, place: Place, batches: readonly AnsweredBatch[]): Slope {
  const { subspaces, naturalness } = place;
  const share = 1 / sum(batches.map(rowCount));
  const terms = batches.flatMap((batch) => termsOf(place, batch));
  return tidied(tf, () => {
    const objective = (...points: Tensor[]): Tensor => {
      const losses = terms.map((term) => termAt(tf, term, { points, naturalness }));
      return tf.mul(
        losses.reduce((a, b) => tf.add(a, b)),
        share,
      );
    };
    const points = subspaces.map((p) => tensorOf(tf, tableOf(p)));
    const { value, grads } = tf.valueAndGrads(objective)(points);
    const [loss] = numbersOf(value);
    invariant(loss !== undefined, "a loss is one number");
    return { loss, gradients: subspaces.map((p, i) => matrixOf(at(grads, i), p)) };
  });
}

function termsOf(place: Place, batch: AnsweredBatch): Term[] {
  return answeringModels(place.models).flatMap((answering, i) =>
    directionsInto(answering, batch, place).map((rows, source) => ({
      rows,
      answers: at(at(batch.answers, i), source),
    })),
  );
}

/** Sum of the losses of one direction's rows, nats. */
function termAt(
  tf: Operations,
  { rows, answers }: Term,
  { points, naturalness }: { readonly points: readonly Tensor[]; readonly naturalness: number },
): Tensor {
  const made = exchanged(tf, rows, (model) => at(points, model));
  const losses = carriedLoss(tf, answers, { change: made.change, sigma: rows.sigma });
  if (rows.natural === undefined) return tf.sum(losses);
  const penalties = tf.mul(penalty(tf, rows.natural, made), naturalness);
  return tf.sum(tf.add(losses, penalties));
}

function at<T>(list: readonly T[], i: number): T {
  return list[i] as T; // models and directions are indexed by their own keys
}
