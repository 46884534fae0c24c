/**
 * @file The change that a LoRA product makes to its weight, without forming it: ‖s B A‖² = s² tr((BᵀB)(A Aᵀ)).
 */
import { matrix, multiplyTransposed, transpose, type Matrix } from "../../numeric/matrix.js";
import type { Tensor } from "../../onnx/tensor.js";
import type { Product } from "../lora/plan.js";
import { type WeightDistance } from "./compare-weights.js";
import { isReadable, openMatrix } from "./weight-reader.js";
import type { WeightSlot } from "./weight-slots.js";

/** Distance of W + s B A from W. Largest element and cosine would need the product itself and stay null. */
export function compareProduct(base: WeightSlot, { a, b, scale }: Product): WeightDistance {
  const [A, B] = [numbersOf(a), transpose(numbersOf(b))];
  const [outer, inner] = [multiplyTransposed(A, A), multiplyTransposed(B, B)];
  const trace = outer.data.reduce((sum, x, i) => sum + x * (inner.data[i] ?? 0), 0);
  const difference = scale ** 2 * trace;
  const isChanged = difference !== 0;
  const square = isReadable(base.tensor) ? squareOf(base) : 0;
  return {
    state: isChanged ? "changed" : "identical",
    relative: square > 0 ? Math.sqrt(difference / square) : null,
    maxAbs: null,
    cosine: null,
    rank: isChanged ? (a.dims[0] ?? null) : null,
    squares: { base: square, difference },
  };
}

/** ‖W‖² */
function squareOf(slot: WeightSlot): number {
  const view = openMatrix(slot.tensor, false);
  try {
    let sum = 0;
    for (let row = 0; row < view.rows; row += view.stripRows) {
      for (const x of view.read(row, Math.min(view.stripRows, view.rows - row))) sum += x * x;
    }
    return sum;
  } finally {
    view.close();
  }
}

function numbersOf(tensor: Tensor): Matrix {
  const view = openMatrix(tensor, false);
  try {
    return matrix(view.rows, view.columns, Float64Array.from(view.read(0, view.rows)));
  } finally {
    view.close();
  }
}
