/**
 * @file How far a run is, and how long it will take still: the estimate that was made before it, corrected by the cells
 * that are done. Without an estimate, the mean of those cells.
 */

/** Where a cell lies; what its time depends on is its layer. */
export interface CellPlace {
  readonly audit: string;
  readonly variable: string;
  readonly layer: number;
  readonly role: string;
}

/** Expected time of all cells of one layer. */
export interface LayerTime {
  readonly layer: number;
  readonly seconds: number;
}

/** Counts cells and extrapolates. */
export class Pace {
  total = 0;
  finished = 0;
  label = "";
  place: CellPlace | undefined;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #cellStartMs = 0;
  #computed = 0;
  #computedMs = 0;
  #expectedMs = 0;
  #layers: readonly LayerTime[] = [];
  /** Cells of each layer that are not done. */
  #open = new Map<number, number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** What each layer is expected to take, where that is known; told before {@link begin}. */
  expect(layers: readonly LayerTime[]): void {
    this.#layers = layers;
  }

  /** Every layer has equally many cells. */
  begin(total: number): void {
    this.total = total;
    this.#open = new Map(this.#layers.map(({ layer }) => [layer, total / this.#layers.length]));
  }

  startCell(label: string, place: CellPlace | undefined): void {
    this.label = label;
    this.place = place;
    this.#cellStartMs = this.#nowMs();
  }

  finishCell(how: "computed" | "reused"): void {
    this.finished += 1;
    const layer = this.place?.layer;
    if (layer !== undefined) this.#open.set(layer, Math.max(0, (this.#open.get(layer) ?? 0) - 1));
    if (how === "computed") {
      this.#computed += 1;
      this.#computedMs += this.#nowMs() - this.#cellStartMs;
      this.#expectedMs += this.#cellMs(layer);
    }
    this.#cellStartMs = this.#nowMs();
  }

  elapsedMs(): number {
    return this.#nowMs() - this.#startMs;
  }

  /** Expected time left, in milliseconds; undefined while nothing tells. */
  leftMs(): number | undefined {
    const whole = this.#layers.length > 0 ? this.#byEstimate() : this.#byMean();
    if (whole === undefined) return undefined;
    return Math.max(0, whole - (this.#nowMs() - this.#cellStartMs));
  }

  /**
   * The cells so far correct the estimate; on its side stands as much time as is left of it, so that the last cells are
   * foretold by the others, and the first ones rule nothing: a variable that was learned where none was expected took 10
   * to 19 s for .6 s (SmolLM2-135M, last token, layers 4 to 11).
   */
  #byEstimate(): number | undefined {
    if (this.total === 0) return undefined;
    const left = this.#layers.reduce(
      (sum, { layer }) => sum + (this.#open.get(layer) ?? 0) * this.#cellMs(layer),
      0,
    );
    return left === 0 ? 0 : (left * (left + this.#computedMs)) / (left + this.#expectedMs);
  }

  #byMean(): number | undefined {
    if (this.#computed === 0) return undefined;
    return (this.#computedMs / this.#computed) * (this.total - this.finished);
  }

  #cellMs(layer: number | undefined): number {
    const known = this.#layers.find((each) => each.layer === layer);
    return known === undefined ? 0 : (1000 * known.seconds * this.#layers.length) / this.total;
  }
}

/** `42 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
