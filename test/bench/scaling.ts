/**
 * @file How the time of a step grows with the layers above the site, pairs, k, tokens and width: one size changed at a
 * time, on small random checkpoints, the sizes of a row in turns. The exponent is the slope of log time over log size: 1 is proportional.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADAPTERS } from "../../adapters/index.js";
import { loadModel } from "../../src/models/load.js";
import { median } from "../../src/numeric/quantile.js";
import type { BenchOptions } from "./options.js";
import { writeRandomCheckpoint } from "./random-checkpoint.js";
import type { Report } from "./report.js";
import { digits } from "./spread.js";
import { openStep, type StepSubject } from "./step-subject.js";

/** Sizes of one measurement. */
interface Sizes {
  readonly layersAbove: number;
  readonly pairs: number;
  readonly k: number;
  readonly tokens: number;
  readonly width: number;
}

const CENTRE: Sizes = { layersAbove: 4, pairs: 32, k: 8, tokens: 32, width: 256 };

const SWEEPS: { readonly [Name in keyof Sizes]: readonly number[] } = {
  layersAbove: [2, 4, 8],
  pairs: [16, 32, 64],
  k: [2, 8, 32],
  tokens: [16, 64, 128],
  width: [128, 256, 384],
};

const NAMES: { readonly [Name in keyof Sizes]: string } = {
  layersAbove: "layers above",
  pairs: "pairs per direction",
  k: "k",
  tokens: "tokens",
  width: "width",
};

/** Steps per size, after one that is not counted. */
const STEPS = 5;

/** Runs all sweeps; the model of the options is not looked at. */
export async function benchScaling(options: BenchOptions): Promise<Report> {
  const found: { name: string; points: { size: number; ms: number }[] }[] = [];
  // the keys of a constant table of ours
  for (const key of Object.keys(SWEEPS) as (keyof Sizes)[]) {
    const sizes = SWEEPS[key];
    const ms = await stepTimes(
      sizes.map((size) => ({ ...CENTRE, [key]: size })),
      options,
    );
    const points = sizes.map((size, i) => ({ size, ms: ms[i] ?? NaN }));
    found.push({ name: NAMES[key], points });
  }
  const { layersAbove, pairs, k, tokens, width } = CENTRE;
  return {
    title: `scaling of a step, ms: ${layersAbove} layers above, ${pairs} pairs, k = ${k}, ${tokens} tokens, width ${width}, one of them changed`,
    rows: found.map(({ name, points }) => [
      name,
      `${points.map(({ size, ms }) => `${size}: ${digits(ms)}`).join("   ")}   exponent ${exponent(points).toFixed(2)}`,
    ]),
    json: Object.fromEntries(
      found.map(({ name, points }) => [name, { points, exponent: exponent(points) }]),
    ),
  };
}

/** Median milliseconds of a step at each of several sizes, one step of each in turns. */
async function stepTimes(all: readonly Sizes[], options: BenchOptions): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-bench-models-"));
  const subjects: StepSubject[] = [];
  try {
    for (const [i, sizes] of all.entries()) {
      subjects.push(await openSized(join(folder, String(i)), sizes, options));
    }
    const times = subjects.map((): number[] => []);
    for (let i = 0; i <= STEPS; i++) {
      for (const [s, subject] of subjects.entries()) times[s]?.push((await subject.run(0)).ms);
    }
    return times.map((each) => median(each.slice(1)));
  } finally {
    for (const subject of subjects) await subject.release();
    rmSync(folder, { recursive: true });
  }
}

async function openSized(
  folder: string,
  { layersAbove, pairs, k, tokens, width }: Sizes,
  { rows, threads, suffix }: BenchOptions,
): Promise<StepSubject> {
  const layer = 1;
  mkdirSync(folder);
  writeRandomCheckpoint(folder, { layers: layer + layersAbove, dModel: width });
  const load = { adapters: ADAPTERS };
  const models = [await loadModel(folder, load), await loadModel(folder, load)];
  const session = { threads, prepack: true };
  return openStep({ models, layer, k, tokens, batch: pairs, rows, suffix, session });
}

/** Least-squares slope of log ms over log size. */
function exponent(points: readonly { size: number; ms: number }[]): number {
  const xs = points.map(({ size }) => Math.log(size));
  const ys = points.map(({ ms }) => Math.log(ms));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, x) => sum + x, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, i) => (x - mx) * ((ys[i] ?? NaN) - my)));
  return covariance / mean(xs.map((x) => (x - mx) ** 2));
}
