/** @file Angles between subspaces: the right way to compare two learned P, whose single rows mean nothing. */
import { multiplyTransposed, type Matrix } from "./matrix.js";
import { svd } from "./svd.js";

/** Principal angles (radians, ascending) between the spans of the orthonormal rows of `p` and `q`, `[k, d]` each. */
export function principalAngles(p: Matrix, q: Matrix): Float64Array {
  // rounding may carry a cosine past 1 by a few ulp, where acos is undefined
  return svd(multiplyTransposed(p, q)).s.map((cosine) => Math.acos(Math.min(1, cosine)));
}
