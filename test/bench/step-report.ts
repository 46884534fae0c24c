/** @file What the rounds of a step bench say: medians, quartiles, ratios to the peers. */
import { present } from "../../src/errors.js";
import type { BenchOptions } from "./options.js";
import type { GemmRate } from "./gemm.js";
import type { Report } from "./report.js";
import { digits, spell, spreadOf, type Spread, type Times } from "./spread.js";
import type { StepRun } from "./step-subject.js";

/** Figures of one round. */
export interface Round {
  readonly ours: StepRun;
  readonly withNaturalnessMs: number;
  readonly gflops: GemmRate;
  /** A whole step of each peer. */
  readonly peers: Readonly<Record<string, Times>>;
}

/** What the rounds were of. */
export interface RoundsOf {
  readonly options: BenchOptions;
  readonly layer: number;
  /** Arithmetic minimum of a step, floating-point operations. */
  readonly flops: number;
  /** Relative differences from the peers. */
  readonly differences: Readonly<Record<string, number>>;
}

const PEER_TEXT: Readonly<Record<string, string>> = {
  author: "the author's way",
  pyvene: "pyvene, within one model",
  lean: "lean PyTorch, cached, all logits (kv2)",
  leanAnswers: "lean PyTorch, cached, answer logits only",
};

/** The table and the JSON. Ratios are taken within a round: what slows the machine slows both. */
export function reportSteps(rounds: readonly Round[], about: RoundsOf): Report {
  const { options, layer, flops, differences } = about;
  const of = (pick: (round: Round) => number): Spread => spreadOf(rounds.map(pick));
  const gflop = flops / 1e9;
  const own = {
    stepMs: of(({ ours }) => ours.ms),
    stepCpuMs: of(({ ours }) => ours.cpuMs),
    gflops: of(({ gflops }) => gflops.wall),
    gflopsPerCore: of(({ gflops }) => gflops.processor),
    multipleOfMinimum: of(({ ours, gflops }) => (ours.ms * gflops.wall) / gflop / 1e3),
    multipleOfMinimumCpu: of(({ ours, gflops }) => (ours.cpuMs * gflops.processor) / gflop / 1e3),
  };
  const peers = comparisons(rounds);
  const ratios = Object.fromEntries(
    peers.flatMap(({ name, ratio, cpuRatio }) => [
      [name, ratio] as const,
      [`${name}Cpu`, cpuRatio] as const,
    ]),
  );
  const figures = { ...ratios, ...own };
  return {
    title: titleOf(about),
    rows: [
      ["ours, ms", spell(own.stepMs)],
      ["  in the runtime, keys and values read", spell(of(({ ours }) => ours.graphMs))],
      ["  other feeds, results", spell(of(({ ours }) => ours.feedMs))],
      ["  algebra and update", spell(of(({ ours }) => ours.ms - ours.graphMs - ours.feedMs))],
      ["  processor time", spell(own.stepCpuMs)],
      ["ours with naturalness, ms", spell(of((round) => round.withNaturalnessMs))],
      ["GEMM limit, GFLOP/s", spell(own.gflops)],
      ["  per second of a processor", spell(own.gflopsPerCore)],
      [
        `arithmetic minimum, ${digits(gflop)} GFLOP, ms`,
        spell(of(({ gflops }) => (gflop * 1e3) / gflops.wall)),
      ],
      ["ours as a multiple of it", spell(own.multipleOfMinimum)],
      ["  of processor time", spell(own.multipleOfMinimumCpu)],
      ...peers.flatMap(({ name, ms, ratio, cpuRatio }): [string, string][] => [
        [`${PEER_TEXT[name] ?? name}, ms`, spell(ms)],
        ["  over ours", spell(ratio)],
        ["  over ours, processor time", spell(cpuRatio)],
      ]),
      ...Object.entries(differences).map(([what, x]): [string, string] => [
        `relative difference, ${what}`,
        x.toExponential(1),
      ]),
    ],
    json: {
      ...Object.fromEntries(Object.entries(figures).map(([name, { median }]) => [name, median])),
      ...{ minimumGflop: gflop, differences, spread: figures },
      settings: { ...settingsOf(options), layer, rowsPerStep: 4 * options.batch },
      rounds: rounds.map(({ ours: { ms, cpuMs }, gflops, peers: times }) => ({
        ...{ ours: { ms, cpuMs }, gflops },
        ...times,
      })),
    },
  };
}

interface Comparison {
  readonly name: string;
  readonly ms: Spread;
  /** Peer over ours. */
  readonly ratio: Spread;
  readonly cpuRatio: Spread;
}

function comparisons(rounds: readonly Round[]): Comparison[] {
  return Object.keys(rounds[0]?.peers ?? {}).map((name) => {
    const each = rounds.map(({ ours, peers }) => ({ ours, peer: present(peers[name], name) }));
    return {
      name,
      ms: spreadOf(each.map(({ peer }) => peer.ms)),
      ratio: spreadOf(each.map(({ ours, peer }) => peer.ms / ours.ms)),
      cpuRatio: spreadOf(each.map(({ ours, peer }) => peer.cpuMs / ours.cpuMs)),
    };
  });
}

function titleOf({ options, layer }: RoundsOf): string {
  const { batch, k, tokens, suffix, threads } = options;
  const rows = `${4 * batch} rows (${batch} pairs in each of 4 directions)`;
  const run = suffix === 1 ? "the last one" : `the last ${suffix}`;
  return `step: ${rows}, k = ${k}, after block ${layer}, ${run} of ${tokens} tokens run, ${threads} threads`;
}

function settingsOf(options: BenchOptions): Record<string, unknown> {
  const { threads, tokens, suffix, batch, k, rows, rounds, repeats } = options;
  return { threads, tokens, suffix, batch, k, rows, rounds, repeats };
}
