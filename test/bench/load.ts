/**
 * @file Time from a path to sessions that run, each stage apart: the model read and its sites found, each graph built, each
 * session opened and run once on one short prompt. Files are in the system's cache after the first round.
 */
import { ADAPTERS } from "../../adapters/index.js";
import { present } from "../../src/errors.js";
import { buildCapture } from "../../src/models/capture-graph.js";
import { loadModel } from "../../src/models/load.js";
import { buildSuffix } from "../../src/models/suffix.js";
import type { Model } from "../../src/onnx/graph.js";
import { createSession } from "../../src/runtime/session.js";
import type { BenchOptions } from "./options.js";
import { DEMO, type Report } from "./report.js";
import { spell, spreadOf, timed } from "./spread.js";
import { sessionOf } from "./session-options.js";

/** Rounds that are counted, at most: opening is short, and its spread small. */
const ROUNDS = 5;

/** Runs all stages round by round. */
export async function benchLoad(options: BenchOptions): Promise<Report> {
  const path = options.model ?? DEMO;
  const times = new Map<string, number[]>();
  const record = (stage: string, ms: number): void => {
    times.set(stage, [...(times.get(stage) ?? []), ms]);
  };
  let layer = 0;
  for (let round = 0; round < Math.min(ROUNDS, options.rounds); round++) {
    const { value: located, ms } = await timed(() => loadModel(path, { adapters: ADAPTERS }));
    record("model read, sites found", ms);
    layer = options.layer ?? Math.floor(located.nLayers / 2);
    const at = layer;
    const graphs: Readonly<Record<string, () => Model>> = {
      capture: () => buildCapture(located, { layers: [at], caches: true }),
      "suffix forward": () => buildSuffix(located, at, { gradient: false, tokens: "window" }),
      "suffix with gradient": () => buildSuffix(located, at, { gradient: true, tokens: "window" }),
    };
    for (const [name, build] of Object.entries(graphs)) {
      const graph = await timed(build);
      record(`${name}: graph built`, graph.ms);
      const session = await timed(() =>
        createSession(graph.value, sessionOf([located, located], options)),
      );
      record(`${name}: session opened`, session.ms);
      await session.value.release();
    }
  }
  const spreads = [...times].map(([stage, all]) => [stage, spreadOf(all)] as const);
  const peakMb = process.resourceUsage().maxRSS / 1e3;
  return {
    title: `load, ms: after block ${layer}, ${options.threads} threads, ${present(spreads[0], "a stage")[1].n} rounds`,
    rows: [
      ...spreads.map(([stage, spread]): [string, string] => [stage, spell(spread)]),
      ["peak memory of this process, MB", peakMb.toFixed(0)],
    ],
    json: { ...Object.fromEntries(spreads), peakMb },
  };
}
