/** @file Answers and cross-entropies from rows of logits. */
import { f32 } from "../../numeric/vector.js";

/** `[row]`: place of the largest of each row's `classes` logits. */
export function largestAt(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, r) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (f32(logits, r * classes + c) > f32(logits, r * classes + best)) best = c;
    }
    return best;
  });
}

/** Cross-entropy of one row's label, nats; writes `weight × dL/d(logits)` of that row into `slope`. */
export function crossEntropyNats(
  logits: Float32Array,
  {
    row,
    classes,
    label,
  }: { readonly row: number; readonly classes: number; readonly label: number },
  { slope, weight }: { readonly slope: Float32Array; readonly weight: number },
): number {
  const at = row * classes;
  let most = -Infinity;
  for (let c = 0; c < classes; c++) most = Math.max(most, f32(logits, at + c));
  let total = 0;
  for (let c = 0; c < classes; c++) total += Math.exp(f32(logits, at + c) - most);
  for (let c = 0; c < classes; c++) {
    const share = Math.exp(f32(logits, at + c) - most) / total;
    slope[at + c] = weight * (share - (c === label ? 1 : 0));
  }
  return Math.log(total) + most - f32(logits, at + label);
}
