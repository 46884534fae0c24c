/**
 * @file A suffix as a checked function: random prompts of a model, the state at one position of each as the variable,
 * for the public gradient checker.
 */
import type { CheckedFunction } from "../autodiff/gradient-check.js";
import { present } from "../errors.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import type { Stream } from "../stats/stream.js";
import { buildWhole } from "./capture-graph.js";
import type { LocatedModel } from "./located.js";
import { boundsOf } from "./preflight-bounds.js";
import { openSuffix, type ProbeRow } from "./suffix-probe.js";
import { runWhole } from "./whole-run.js";

/** Lengths of the prompts: two, so that one is padded. */
const LENGTHS = [8, 5] as const;
/** Random tokens that count as answers, each its own class. */
const ANSWERS = 8;
/** Steps as shares of the states' root mean square; see `directional.ts` for why several. */
const STEP_SHARES = [1e-2, 3e-3, 1e-3] as const;

/** A suffix ready to be checked. */
export interface GradientProbe {
  readonly checked: CheckedFunction;
  /** Natural states, rows in a line: `[row × dModel]`. */
  readonly x: Float64Array;
  /** Steps to try, in units of x; the best counts. */
  readonly steps: readonly number[];
  /** Largest relative error that passes in this element type. */
  readonly tolerance: number;
  release(): Promise<void>;
}

/**
 * Opens the suffix above `layer` on random prompts.
 *
 * @throws {@link ModelFormatError} when the runtime refuses the graph; {@link NumericsError} when a state is not finite.
 */
export async function gradientProbe(
  located: LocatedModel,
  layer: number,
  { rng, session }: { readonly rng: Stream; readonly session: SessionOptions },
): Promise<GradientProbe> {
  const rows = await naturalRows(located, layer, { rng, session });
  const answers = Array.from({ length: ANSWERS }, () => rng.int(located.vocab));
  const probe = await openSuffix(located, layer, session);
  const { dModel } = located;
  const run = (x: Float64Array): ReturnType<typeof probe.run> =>
    probe.run(
      rows.map((row, r) => ({
        ...row,
        patched: Float32Array.from(x.subarray(r * dModel, (r + 1) * dModel)),
      })),
      answers,
    );
  const x = Float64Array.from(rows.flatMap(({ patched }) => [...patched]));
  const rms = Math.sqrt(x.reduce((sum, each) => sum + each * each, 0) / x.length);
  return {
    checked: {
      forward: async (at) => (await run(at)).lossNats,
      backward: async (at) => (await run(at)).gradient,
    },
    x,
    steps: STEP_SHARES.map((share) => share * rms),
    tolerance: boundsOf(located).derivative,
    release: () => probe.release(),
  };
}

/** Random prompts; the patched position is the middle one, so that attention carries the gradient too. */
async function naturalRows(
  located: LocatedModel,
  layer: number,
  { rng, session }: { readonly rng: Stream; readonly session: SessionOptions },
): Promise<ProbeRow[]> {
  const whole = await createSession(buildWhole(located), session);
  try {
    const prompts = LENGTHS.map((n) => Array.from({ length: n }, () => rng.int(located.vocab)));
    const natural = await runWhole(whole, located, prompts);
    return natural.map(({ ids, residuals }) => {
      const residual = present(residuals[layer], `states of layer ${layer}`);
      // after the last block nothing mixes positions: only the label's own state matters there
      const position = layer === located.nLayers ? ids.length - 1 : Math.floor(ids.length / 2);
      const { dModel } = located;
      return {
        ids,
        residual,
        patchPosition: position,
        patched: residual.slice(position * dModel, (position + 1) * dModel),
        labelPosition: ids.length - 1,
        label: rng.int(ANSWERS),
      };
    });
  } finally {
    await whole.release();
  }
}
