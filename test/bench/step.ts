/**
 * @file Time of one MAS step, alone and beside PyTorch on the same model, pairs, batch and threads, interleaved round by
 * round; and how far it is above the arithmetic minimum (`arithmetic.ts`) at the rate of `gemm.ts`, measured before each step.
 *
 * One step: all four directions, `batch` pairs each, so 2 · `batch` rows per target and 4 · `batch` in all; loss,
 * gradient, one update of both P.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ADAPTERS } from "../../adapters/index.js";
import { LEARNING_DEFAULTS } from "../../src/align/learner.js";
import { present, UsageError } from "../../src/errors.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { median } from "../../src/numeric/quantile.js";
import { blockSizes, stepFlops } from "./arithmetic.js";
import { openGemm, type GemmLimit, type GemmRate } from "./gemm.js";
import type { BenchOptions } from "./options.js";
import { startPeer, type Peer } from "./peer.js";
import { DEMO, type Report } from "./report.js";
import { ANSWERS } from "./prompts.js";
import { sessionOf } from "./session-options.js";
import type { Times } from "./spread.js";
import { comparePeers, taskOf, timePeer, type StepPlace } from "./step-peers.js";
import { reportSteps, type Round } from "./step-report.js";
import { openStep, type StepRun, type StepSubject } from "./step-subject.js";

/** Loads the models and the peers and runs all rounds. */
export async function benchStep(options: BenchOptions): Promise<Report> {
  const base = options.model ?? DEMO;
  const paths = [base, options.tuned ?? base];
  const models = await Promise.all(paths.map((path) => loadModel(path, { adapters: ADAPTERS })));
  const first = present(models[0], "model");
  const place = { options, paths, layer: options.layer ?? Math.floor(first.nLayers / 2) };
  checkLayer(place.layer, first);
  const flops = countFlops(place);
  const session = sessionOf(models, options);
  const subject = await openStep({ ...options, models, layer: place.layer, session });
  const gemm = await openGemm(options.threads);
  const peers: Peer[] = [];
  try {
    await startPeers(peers, { subject, place });
    await subject.run(0); // opens the sessions
    await subject.run(LEARNING_DEFAULTS.naturalness);
    const differences = await comparePeers(subject, peers);
    const rounds: Round[] = [];
    for (let i = 0; i < options.rounds; i++) {
      rounds.push(await runRound(i, { subject, gemm, peers, options }));
      process.stderr.write(`round ${i + 1} of ${options.rounds}\n`);
    }
    return reportSteps(rounds, { options, layer: place.layer, flops, differences });
  } finally {
    for (const peer of peers) peer.stop();
    await gemm.release();
    await subject.release();
  }
}

function checkLayer(layer: number, { nLayers }: LocatedModel): void {
  if (layer >= 1 && layer < nLayers) return;
  throw new UsageError("the bench does not know this layer", {
    code: "USAGE",
    expected: `a block from 1 to ${nLayers - 1}, above which others stand`,
    found: String(layer),
  });
}

function countFlops({ options, paths, layer }: StepPlace): number {
  const text = readFileSync(join(present(paths[0], "base"), "config.json"), "utf8");
  const config = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  const { suffix, tokens, batch } = options;
  const step = { rows: 4 * batch, suffix, tokens, layer, answers: ANSWERS };
  return stepFlops(blockSizes(config), step);
}

/** Starts the peers one by one into `peers`, so that those that run are stopped whatever happens. */
async function startPeers(
  peers: Peer[],
  { subject, place }: { readonly subject: StepSubject; readonly place: StepPlace },
): Promise<void> {
  const { python, threads, peers: names } = place.options;
  if (python === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-bench-task-"));
  try {
    const task = join(folder, "task.json");
    writeFileSync(task, JSON.stringify(taskOf(subject, place)));
    for (const name of names) peers.push(await startPeer(name, { python, task, threads }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface RoundParts {
  readonly subject: StepSubject;
  readonly gemm: GemmLimit;
  readonly peers: readonly Peer[];
  readonly options: BenchOptions;
}

/** Everything once, in an order that turns from round to round; nothing at the same time. */
async function runRound(round: number, parts: RoundParts): Promise<Round> {
  const { subject, gemm, peers, options } = parts;
  const { repeats } = options;
  const times: Record<string, Times> = {};
  const ours: (StepRun & { readonly gflops: GemmRate })[] = [];
  const natural: number[] = [];
  const work = [
    async (): Promise<void> => {
      for (let i = 0; i < repeats; i++) {
        const gflops = await gemm.rate();
        ours.push({ ...(await subject.run(0)), gflops });
      }
      natural.push((await subject.run(LEARNING_DEFAULTS.naturalness)).ms);
    },
    ...peers.map((peer) => async (): Promise<void> => {
      Object.assign(times, await timePeer(peer, { round, repeats }));
    }),
  ];
  for (let i = 0; i < work.length; i++) await work[(i + round) % work.length]?.();
  const rates = ours.map(({ gflops }) => gflops);
  return {
    ours: middle(ours),
    withNaturalnessMs: median(natural),
    gflops: {
      wall: median(rates.map(({ wall }) => wall)),
      processor: median(rates.map(({ processor }) => processor)),
    },
    peers: times,
  };
}

/** The run of median time. */
function middle(runs: readonly StepRun[]): StepRun {
  const sorted = [...runs].sort((a, b) => a.ms - b.ms);
  return present(sorted[Math.floor((sorted.length - 1) / 2)], "a run");
}
