/**
 * @file Rank of a difference of two matrices from a random sketch: Y = (B − A) Ω with a few columns has the rank of the
 * difference, where that is smaller than the number of columns (Halko, Martinsson, Tropp 2011, section 4.1).
 */
import { matrix } from "../../numeric/matrix.js";
import { rankOf, svd } from "../../numeric/svd.js";
import type { Numbers } from "./weight-reader.js";

/** Columns of Ω: ranks up to a few less can be told. */
const COLUMNS = 24;
/** Highest rank that is reported: the rest of the columns confirm that nothing follows. */
const HIGHEST = COLUMNS - 4;
/**
 * Singular values below this share of the largest count as rounding: storing W + BA in float32 leaves 6e-8 · ‖W‖ of it,
 * and the difference of a fine-tune is some thousandths of ‖W‖.
 */
const NEGLIGIBLE = 1e-3;
/** Share of the trace. */
const RIDGE = 1e-12;
/** Elements up to which the sketch costs less than reading the file. */
const LARGEST = 1 << 23;

/** Collects rows of a difference. */
export class RankSketch {
  readonly #omega: Float64Array;
  readonly #sketch: Float64Array;

  constructor(
    rows: number,
    private readonly columns: number,
  ) {
    this.#omega = signs(columns * COLUMNS);
    this.#sketch = new Float64Array(rows * COLUMNS);
  }

  /** Is a sketch of this shape cheap, and could it tell anything? */
  static fits(rows: number, columns: number): boolean {
    return Math.min(rows, columns) > COLUMNS && rows * columns <= LARGEST;
  }

  /** Rows from `first` on of both matrices. */
  add(first: number, x: Numbers, y: Numbers): void {
    for (let i = 0; i < x.length; i++) {
      const d = (y[i] ?? NaN) - (x[i] ?? NaN);
      if (d === 0) continue;
      const to = (first + Math.floor(i / this.columns)) * COLUMNS;
      const from = (i % this.columns) * COLUMNS;
      for (let j = 0; j < COLUMNS; j++)
        this.#sketch[to + j] = (this.#sketch[to + j] ?? 0) + d * (this.#omega[from + j] ?? 0);
    }
  }

  /** The rank, where it is at most {@link HIGHEST}; `undefined` otherwise. */
  rank(): number | undefined {
    const gram = new Float64Array(COLUMNS * COLUMNS);
    for (let at = 0; at < this.#sketch.length; at += COLUMNS) {
      for (let i = 0; i < COLUMNS; i++) {
        const left = this.#sketch[at + i] ?? 0;
        for (let j = 0; j < COLUMNS; j++)
          gram[i * COLUMNS + j] = (gram[i * COLUMNS + j] ?? 0) + left * (this.#sketch[at + j] ?? 0);
      }
    }
    const trace = gram.reduce((sum, each, i) => (i % (COLUMNS + 1) === 0 ? sum + each : sum), 0);
    if (!(trace > 0 && Number.isFinite(trace))) return undefined;
    // a ridge far below what counts: the decomposition checks itself, and a singular matrix has no unique answer
    for (let i = 0; i < COLUMNS; i++)
      gram[i * (COLUMNS + 1)] = (gram[i * (COLUMNS + 1)] ?? 0) + RIDGE * trace;
    const rank = rankOf(svd(matrix(COLUMNS, COLUMNS, gram)).s, NEGLIGIBLE ** 2);
    return rank <= HIGHEST ? rank : undefined;
  }
}

/** ±1 from a fixed generator (xorshift32): the same sketch in every run. */
function signs(count: number): Float64Array {
  let state = 0x9e3779b9;
  return Float64Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0x10000 ? 1 : -1;
  });
}
