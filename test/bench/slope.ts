/** @file A straight line through points, and how well its slope is known. */

/** Least squares. */
export interface Slope {
  readonly slope: number;
  /** Standard error of the slope. */
  readonly error: number;
}

/** Slope of `y` over `x`; at least three points. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / n;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const sum = (of: (dx: number, dy: number) => number): number =>
    points.reduce((total, point) => total + of(point[0] - x, point[1] - y), 0);
  const spread = sum((dx) => dx * dx);
  const slope = sum((dx, dy) => dx * dy) / spread;
  const left = sum((dx, dy) => (dy - slope * dx) ** 2);
  return { slope, error: Math.sqrt(left / (n - 2) / spread) };
}
