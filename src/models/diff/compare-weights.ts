/**
 * @file How far two weights are apart: norms of the difference, cosine, and, where it is low, the rank of the difference.
 */
import type { DType } from "../../onnx/tensor.js";
import { RankSketch } from "./rank-sketch.js";
import { openMatrix, type MatrixView, type Numbers } from "./weight-reader.js";
import type { WeightSlot } from "./weight-slots.js";

/** Distance of two weights of the same shape. */
export interface WeightDistance {
  /** All numbers equal, or equal up to rounding to the narrower type, or not. */
  readonly state: "identical" | "rounded" | "changed";
  /** ‖tuned − base‖ / ‖base‖ (Frobenius); null where the base is all zero. */
  readonly relative: number | null;
  /** Largest |tuned − base|; null where it was not computed. */
  readonly maxAbs: number | null;
  /** null where one side is all zero. */
  readonly cosine: number | null;
  /** Rank of the difference, where it is far below full; null where it is not, or was not looked for. */
  readonly rank: number | null;
  /** ‖base‖² and ‖tuned − base‖², for sums over tensors that changed; 0 and 0 where the bytes are shared. */
  readonly squares: { readonly base: number; readonly difference: number };
}

/** Weights of which nothing need be read. */
const UNCHANGED: WeightDistance = {
  state: "identical",
  relative: 0,
  maxAbs: 0,
  cosine: 1,
  rank: null,
  squares: { base: 0, difference: 0 },
};

/** Half a unit in the last place, relative, and half the smallest step. */
const ROUNDING: { readonly [D in DType]?: readonly [relative: number, absolute: number] } = {
  float32: [2 ** -24, 2 ** -150],
  float16: [2 ** -11, 2 ** -25],
  bfloat16: [2 ** -8, 2 ** -134],
  float64: [0, 0],
};

/** Largest difference, relative and absolute, that rounding to either type makes; the types must differ. */
function roundingOf(a: DType, b: DType): readonly [number, number] {
  if (a === b) return [0, 0];
  const [first = [0, 0], second = [0, 0]] = [ROUNDING[a], ROUNDING[b]];
  return [Math.max(first[0], second[0]), Math.max(first[1], second[1])];
}

/** Do both slots name the same bytes of the same file? Then nothing need be read. */
export function sharesBytes({ tensor: a }: WeightSlot, { tensor: b }: WeightSlot): boolean {
  if (a.data.kind !== "external" || b.data.kind !== "external") return a === b;
  return a.data.file === b.data.file && a.data.offset === b.data.offset && a.dtype === b.dtype;
}

/** Compares two weights, a strip at a time. Shapes agree. */
export function compareWeights(base: WeightSlot, tuned: WeightSlot): WeightDistance {
  if (sharesBytes(base, tuned) && base.isTransposed === tuned.isTransposed) return UNCHANGED;
  return withViews(base, tuned, (a, b) => {
    const sums = new Sums(roundingOf(base.tensor.dtype, tuned.tensor.dtype));
    const sketch = RankSketch.fits(a.rows, a.columns)
      ? new RankSketch(a.rows, a.columns)
      : undefined;
    for (let row = 0; row < a.rows; row += a.stripRows) {
      const count = Math.min(a.stripRows, a.rows - row);
      const [x, y] = [a.read(row, count), b.read(row, count)];
      sums.add(x, y);
      sketch?.add(row, x, y);
    }
    return sums.distance(sketch);
  });
}

/** Rows of a sample: enough to tell two matrices of one shape apart. */
const SAMPLE_ROWS = 64;

/** Cosine over the first rows; null where one side is zero there. */
export function sampleCosine(base: WeightSlot, tuned: WeightSlot): number | null {
  return withViews(base, tuned, (a, b) => {
    const sums = new Sums([0, 0]);
    const count = Math.min(SAMPLE_ROWS, a.rows, a.stripRows);
    sums.add(a.read(0, count), b.read(0, count));
    return sums.distance(undefined).cosine;
  });
}

function withViews<T>(
  base: WeightSlot,
  tuned: WeightSlot,
  use: (a: MatrixView, b: MatrixView) => T,
): T {
  const a = openMatrix(base.tensor, base.isTransposed);
  try {
    const b = openMatrix(tuned.tensor, tuned.isTransposed);
    try {
      return use(a, b);
    } finally {
      b.close();
    }
  } finally {
    a.close();
  }
}

class Sums {
  #xx = 0;
  #yy = 0;
  #xy = 0;
  #dd = 0;
  #max = 0;
  #isRounded = true;

  constructor(private readonly rounding: readonly [relative: number, absolute: number]) {}

  add(x: Numbers, y: Numbers): void {
    const [relative, absolute] = this.rounding;
    let [xx, yy, xy, dd, max] = [0, 0, 0, 0, this.#max];
    for (let i = 0; i < x.length; i++) {
      const a = x[i] ?? NaN;
      const b = y[i] ?? NaN;
      const d = a === b ? 0 : Math.abs(b - a); // equal infinities do not differ
      xx += a * a;
      yy += b * b;
      xy += a * b;
      dd += d * d;
      max = Math.max(max, d); // NaN, once met, stays
      if (!(d <= relative * Math.max(Math.abs(a), Math.abs(b)) + absolute)) this.#isRounded = false;
    }
    this.#xx += xx;
    this.#yy += yy;
    this.#xy += xy;
    this.#dd += dd;
    this.#max = max;
  }

  distance(sketch: RankSketch | undefined): WeightDistance {
    const [xx, yy, dd] = [this.#xx, this.#yy, this.#dd];
    const state = dd === 0 ? "identical" : this.#isRounded ? "rounded" : "changed";
    return {
      state,
      relative: finite(dd === 0 ? 0 : Math.sqrt(dd / xx)),
      maxAbs: finite(this.#max),
      cosine: dd === 0 ? 1 : finite(this.#xy / Math.sqrt(xx * yy)),
      rank: state === "changed" ? (sketch?.rank() ?? null) : null,
      squares: { base: xx, difference: dd },
    };
  }
}

/** A number for JSON; what is none becomes null, never 0. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
