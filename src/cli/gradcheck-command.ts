/** @file `mas-audit gradcheck`: gradients of a model's suffixes against finite differences. */
import { checkGradient, type GradientCheck } from "../autodiff/gradient-check.js";
import { present } from "../errors.js";
import type { Adapter } from "../models/adapter.js";
import type { LocatedModel } from "../models/located.js";
import { gradientProbe } from "../models/gradient-probe.js";
import { chooseThreads } from "../plan/threads.js";
import { chooseDevice } from "../runtime/device.js";
import type { SessionOptions } from "../runtime/session.js";
import { stream } from "../stats/stream.js";
import { layersOf } from "./choose-layers.js";
import type { GradcheckOptions, Io } from "./commands.js";
import { EXIT } from "./exit.js";
import { loadNamed } from "./load-models.js";
import { readMachine } from "./machine.js";

/** One layer's outcome. */
interface LayerCheck extends GradientCheck {
  readonly layer: number;
}

/** Checks each layer asked for; exit code 4 when one disagrees. @throws what {@link loadNamed} throws. */
export async function gradcheckCommand(
  options: GradcheckOptions,
  io: Io,
  parts: { readonly adapters: readonly Adapter[] },
): Promise<number> {
  const located = await loadNamed(options, parts);
  const { device } = await chooseDevice(options.device);
  const session = { device, threads: chooseThreads(options.threads, readMachine()) };
  const checks: LayerCheck[] = [];
  for (const layer of layersOf(options.layers, located.nLayers)) {
    io.signal.throwIfAborted();
    const check = await checkLayer(located, layer, { seed: options.seed, session });
    checks.push(check);
    if (!options.json) io.stdout.write(line(check));
  }
  if (options.json) io.stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
  return checks.every(({ verdict }) => verdict === "agrees") ? EXIT.pass : EXIT.numerics;
}

async function checkLayer(
  located: LocatedModel,
  layer: number,
  { seed, session }: { readonly seed: number; readonly session: SessionOptions },
): Promise<LayerCheck> {
  const rng = stream(seed, `gradcheck/${layer}`);
  const probe = await gradientProbe(located, layer, { rng, session });
  try {
    let best: GradientCheck | undefined;
    for (const step of probe.steps) {
      const { x, tolerance } = probe;
      const check = await checkGradient(probe.checked, { x, rng, step, tolerance });
      if (best === undefined || check.worst < best.worst) best = check;
    }
    return { layer, ...present(best, "a check") };
  } finally {
    await probe.release();
  }
}

function line({ layer, verdict, directions, worst }: LayerCheck): string {
  const pairs = directions
    .map(({ analytic, numeric }) => `${analytic.toPrecision(5)} / ${numeric.toPrecision(5)}`)
    .join("  ");
  return `layer ${String(layer).padStart(3)}  ${verdict.padEnd(10)} worst ${worst.toExponential(1)}  analytic / numeric: ${pairs}\n`;
}
