/**
 * @file The assignment of least cost: each row a column of its own. Exact, by shortest augmenting paths over reduced
 * costs, the solver of Jonker and Volgenant (1987) in the form of Crouse (2016): O(n³), 2,000 rows in a second or two.
 */
import { transpose, type Matrix } from "../numeric/matrix.js";
import { assertFinite, f64, i32 } from "../numeric/vector.js";

/** An optimal assignment. */
export interface Assignment {
  /** `[row]`: the column of each row, −1 for the rows left over where there are more rows than columns. */
  readonly columns: Int32Array;
  /** Sum of the costs of the pairs. */
  readonly cost: number;
}

const NONE = -1;

/**
 * Pairs as many rows and columns of `cost` `[rows, cols]` as there can be, at the least total cost.
 *
 * @throws {@link NumericsError} for costs that are not finite.
 */
export function assign(cost: Matrix): Assignment {
  assertFinite(cost.data, "costs of an assignment");
  const columns = cost.rows > cost.cols ? inverted(solve(transpose(cost)), cost.rows) : solve(cost);
  let total = 0;
  columns.forEach((column, r) => {
    if (column !== NONE) total += f64(cost.data, r * cost.cols + column);
  });
  return { columns, cost: total };
}

/** The assignment of greatest total gain. */
export function assignMost(gain: Matrix): Assignment {
  const found = assign({ ...gain, data: gain.data.map((value) => -value) });
  return { ...found, cost: -found.cost };
}

function inverted(rowOfColumn: Int32Array, rows: number): Int32Array {
  const out = new Int32Array(rows).fill(NONE);
  rowOfColumn.forEach((r, column) => {
    out[r] = column;
  });
  return out;
}

/** What a search for an augmenting path keeps. */
interface Search {
  /** `[col]`: length of the shortest path found so far to it. */
  readonly shortest: Float64Array;
  /** `[col]`: row from which that path comes. */
  readonly from: Int32Array;
  /** Columns not reached for good yet: the first `open` entries. */
  readonly remaining: Int32Array;
  /** `[row]`, `[col]`: 1 where the shortest path is known. */
  readonly doneRow: Uint8Array;
  readonly doneCol: Uint8Array;
}

/** rows ≤ cols. */
function solve(cost: Matrix): Int32Array {
  const { rows, cols } = cost;
  const u = new Float64Array(rows);
  const v = new Float64Array(cols);
  const columnOf = new Int32Array(rows).fill(NONE);
  const rowOf = new Int32Array(cols).fill(NONE);
  const search: Search = {
    shortest: new Float64Array(cols),
    from: new Int32Array(cols),
    remaining: new Int32Array(cols),
    doneRow: new Uint8Array(rows),
    doneCol: new Uint8Array(cols),
  };
  for (let start = 0; start < rows; start++) {
    const { sink, length } = shortestPath({ cost, u, v, rowOf, start }, search);
    updateDuals({ u, v, columnOf, start, length }, search);
    augment({ columnOf, rowOf, start, sink }, search);
  }
  return columnOf;
}

interface Problem {
  readonly cost: Matrix;
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly rowOf: Int32Array;
  readonly start: number;
}

/** Dijkstra from a free row to the nearest free column, over reduced costs c − u − v ≥ 0. */
function shortestPath(
  { cost: { cols, data }, u, v, rowOf, start }: Problem,
  { shortest, from, remaining, doneRow, doneCol }: Search,
): { readonly sink: number; readonly length: number } {
  shortest.fill(Infinity);
  doneRow.fill(0);
  doneCol.fill(0);
  for (let j = 0; j < cols; j++) remaining[j] = cols - 1 - j;
  let open = cols;
  let i = start;
  let length = 0;
  for (;;) {
    doneRow[i] = 1;
    const base = length - f64(u, i);
    const at = i * cols;
    let best = -1;
    let lowest = Infinity;
    for (let r = 0; r < open; r++) {
      const j = remaining[r] as number; // in range by construction, as all reads of this loop
      const through = base + (data[at + j] as number) - (v[j] as number);
      let known = shortest[j] as number;
      if (through < known) {
        known = through;
        shortest[j] = through;
        from[j] = i;
      }
      // of equally near columns a free one ends the search at once
      if (known < lowest || (known === lowest && rowOf[j] === NONE)) {
        lowest = known;
        best = r;
      }
    }
    length = lowest;
    const j = i32(remaining, best);
    doneCol[j] = 1;
    remaining[best] = i32(remaining, --open);
    if (rowOf[j] === NONE) return { sink: j, length };
    i = i32(rowOf, j);
  }
}

function updateDuals(
  {
    u,
    v,
    columnOf,
    start,
    length,
  }: {
    readonly u: Float64Array;
    readonly v: Float64Array;
    readonly columnOf: Int32Array;
    readonly start: number;
    readonly length: number;
  },
  { shortest, doneRow, doneCol }: Search,
): void {
  u[start] = f64(u, start) + length;
  for (let i = 0; i < u.length; i++) {
    if (doneRow[i] !== 1 || i === start) continue;
    u[i] = f64(u, i) + length - f64(shortest, i32(columnOf, i));
  }
  for (let j = 0; j < v.length; j++) {
    if (doneCol[j] === 1) v[j] = f64(v, j) - length + f64(shortest, j);
  }
}

/** Turns the pairs along the path around, from its free column back to its free row. */
function augment(
  {
    columnOf,
    rowOf,
    start,
    sink,
  }: {
    readonly columnOf: Int32Array;
    readonly rowOf: Int32Array;
    readonly start: number;
    readonly sink: number;
  },
  { from }: Search,
): void {
  for (let j = sink, i = NONE; i !== start;) {
    i = i32(from, j);
    rowOf[j] = i;
    const next = i32(columnOf, i);
    columnOf[i] = j;
    j = next;
  }
}
