/**
 * @file The suffix's gradient against a central difference, along the gradient itself.
 */
import { NumericsError, present } from "../errors.js";
import type { ProbeRow, SuffixProbe } from "./suffix-probe.js";

/** What a directional derivative is taken with. */
export interface DirectionalOptions {
  readonly answers: readonly number[];
  /** Shares of the state's norm; the best counts. */
  readonly steps: readonly number[];
}

/**
 * Returns the relative error of the rows' directional derivatives: ‖numeric − analytic‖ / ‖analytic‖ over rows, at the
 * best step. The direction of a row is its gradient scaled to the length of its state, where the signal is largest.
 *
 * @throws {@link NumericsError} when all gradients are exactly zero.
 */
export async function directionalError(
  probe: SuffixProbe,
  rows: readonly ProbeRow[],
  { answers, steps }: DirectionalOptions,
): Promise<number> {
  const { gradient } = await probe.run(rows, answers);
  const dModel = gradient.length / rows.length;
  const directions = rows.map(({ patched }, r) => {
    const g = gradient.subarray(r * dModel, (r + 1) * dModel);
    const length = Math.hypot(...g);
    return length === 0 ? g : g.map((x) => (x * Math.hypot(...patched)) / length);
  });
  const analytic = directions.map((v, r) =>
    v.reduce((sum, x, i) => sum + x * present(gradient[r * dModel + i], "gradient"), 0),
  );
  if (!analytic.some((slope) => slope > 0)) {
    throw new NumericsError("the gradient of the suffix is zero", {
      code: "ZERO_GRADIENT",
      expected: "a gradient of the answer's loss with respect to the patched state",
      found: "exactly zero for every prompt",
      hint: "the answers do not depend on the patched position; report this with the model",
    });
  }
  const errors: number[] = [];
  for (const step of steps) {
    const plus = await probe.run(moveAll(rows, directions, step), answers);
    const minus = await probe.run(moveAll(rows, directions, -step), answers);
    const numeric = plus.lossNats.map(
      (loss, r) => (loss - present(minus.lossNats[r], "loss")) / (2 * step),
    );
    errors.push(Math.hypot(...analytic.map((a, r) => present(numeric[r], "slope") - a)));
  }
  return Math.min(...errors) / Math.hypot(...analytic);
}

function moveAll(
  rows: readonly ProbeRow[],
  directions: readonly Float32Array[],
  step: number,
): ProbeRow[] {
  return rows.map((row, r) => {
    const v = present(directions[r], "direction");
    return { ...row, patched: row.patched.map((x, i) => x + step * present(v[i], "direction")) };
  });
}
