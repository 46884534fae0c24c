/**
 * @file Numbers on their way into and out of tensors: float32 rows that outlive the tensors made of them, because what a
 * step makes is disposed with the step.
 */
import { present } from "../../errors.js";
import { matrix, takeRows, type Matrix } from "../../numeric/matrix.js";
import type { Operations, Tensor } from "./operations.js";

/** `[rows, cols]` in float32. */
export interface Table {
  readonly rows: number;
  readonly cols: number;
  readonly values: Float32Array;
}

/** A matrix, each number rounded once. */
export function tableOf({ rows, cols, data }: Matrix): Table {
  return { rows, cols, values: Float32Array.from(data) };
}

/** The rows of `a` with these indices, `[indices, cols]`. */
export function tableOfRows(a: Matrix, indices: Iterable<number>): Table {
  return tableOf(takeRows(a, indices));
}

/** A tensor `[rows, cols]` of these numbers; whoever calls it tidies. */
export function tensorOf(tf: Operations, { rows, cols, values }: Table): Tensor {
  return tf.tensor2d(values, [rows, cols]);
}

/** The numbers of a tensor, row after row. */
export function numbersOf(tensor: Tensor): Float32Array {
  return tensor.dataSync<"float32">();
}

/** A tensor of rank 2 as a matrix. */
export function matrixOf(tensor: Tensor, { rows, cols }: Pick<Matrix, "rows" | "cols">): Matrix {
  return matrix(rows, cols, Float64Array.from(numbersOf(tensor)));
}

/** What `work` makes of tensors, which are disposed with all that it made on the way. */
export function tidied<T>(tf: Pick<Operations, "tidy">, work: () => T): T {
  const made: T[] = []; // tf.tidy itself returns nothing but tensors
  tf.tidy(() => {
    made.push(work());
  });
  return present(made[0], "what was made of tensors");
}
