/**
 * @file How fast this machine is, measured in a few seconds on the models themselves: some prompts run once, some rows above
 * the middle one of the layers with and without their gradient, and one cell without models. No operation is timed
 * alone: what a run loses between them is in the figures.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { together } from "../align/together.js";
import { capture, type Capture, type TimedRun } from "../capture/capture.js";
import { present } from "../errors.js";
import { CELL_DEFAULTS } from "../measure/cell-input.js";
import { cellRows, type CellSize } from "../measure/cell-rows.js";
import { measureCell } from "../measure/cell.js";
import { dryCell, type DrySize } from "../measure/dry-cell.js";
import { SIDES } from "../measure/measures.js";
import { suffixContinuation, SuffixSessions } from "../measure/suffix-runner.js";
import type { LocatedModel } from "../models/located.js";
import type { PreparedAudit } from "../models/prepared-items.js";
import { promptFlops, rowFlops, type Speed, type SuffixSpeed } from "../plan/time.js";
import type { SessionOptions } from "../runtime/session.js";
import { makeFolder } from "../store/atomic.js";
import { sizeOf } from "./memory-check.js";

/** What is run. */
export interface SpeedRequest {
  /** The models whose suffixes compute at the same time, each with its share; one, where they take turns. */
  readonly models: readonly SpeedModel[];
  readonly prepared: PreparedAudit;
  readonly layers: readonly number[];
  /** Runs only the tokens that change. */
  readonly window: boolean;
  /** Rows per run. */
  readonly batch: number;
  /** Of the whole machine: what whole prompts are run with. */
  readonly session: SessionOptions;
  /** A cell of the usual size. */
  readonly dry: Omit<DrySize, "steps">;
  readonly signal: AbortSignal;
  /** Where working files go; a folder for temporary files where absent. */
  readonly folder?: string;
}

interface SpeedModel {
  readonly located: LocatedModel;
  readonly session: SessionOptions;
}

/** Prompts that are run: enough to fill a batch with tokens, few enough for a moment. */
const PROMPTS = 32;
/** Prompts per run, at most: so that there are two runs or more, of which the first does not count. */
const ROWS = PROMPTS / 2;
/** Rows that are run first, uncounted: the first run makes buffers and reads weights. */
const WARM_UP = 4;
/** A measurement shorter than this is repeated, so that it counts for something. */
const LEAST_MS = 250;
/** Steps of the dry cell. */
const DRY_STEPS = 8;

function workingFolder(place: string | undefined): string {
  if (place === undefined) return mkdtempSync(join(tmpdir(), "mas-audit-speed-"));
  const folder = join(place, "speed");
  makeFolder(folder);
  return folder;
}

/**
 * Measures the speed of this machine; working files are gone when it returns.
 *
 * @throws what a capture throws: {@link NumericsError} when a model's outputs are not finite, {@link HostError} when the runtime fails.
 */
export async function measureSpeed(request: SpeedRequest): Promise<Speed> {
  const folder = workingFolder(request.folder);
  const captures: Capture[] = [];
  try {
    const prepared = fewItems(request.prepared, PROMPTS);
    const rates: number[] = [];
    for (const [i, { located }] of request.models.entries()) {
      const place = { located, prepared, folder: join(folder, String(i)) };
      const { rate, captured } = await captureSpeed(request, place);
      rates.push(rate);
      captures.push(captured);
    }
    const suffixes = await together(
      request.models.map((model, i) =>
        measureSuffixes(request, { model, prepared, captured: present(captures[i], "capture") }),
      ),
    );
    return { capture: mean(rates), ...addSpeeds(suffixes), ...(await drySpeed(request.dry)) };
  } finally {
    captures.forEach((each) => {
      each.close();
    });
    rmSync(folder, { recursive: true, force: true });
  }
}

type ModelSpeed = Pick<Speed, "suffixes" | "open">;

/** Of models that compute at the same time: what is done in a second adds up, and openings overlap. */
function addSpeeds(speeds: readonly ModelSpeed[]): ModelSpeed {
  const [first] = speeds;
  const total = (of: (speed: ModelSpeed) => number): number =>
    speeds.reduce((sum, speed) => sum + of(speed), 0);
  return {
    suffixes: present(first, "a model").suffixes.map(({ tokens }, i) => ({
      tokens,
      forward: total(({ suffixes }) => present(suffixes[i], "suffix").forward),
      gradient: total(({ suffixes }) => present(suffixes[i], "suffix").gradient),
    })),
    open: {
      forward: total(({ open }) => open.forward) / speeds.length ** 2,
      gradient: total(({ open }) => open.gradient) / speeds.length ** 2,
    },
  };
}

/** Floating-point operations per second of whole prompts, and what they left. */
async function captureSpeed(
  { layers, window, session, batch, signal }: SpeedRequest,
  place: {
    readonly located: LocatedModel;
    readonly prepared: PreparedAudit;
    readonly folder: string;
  },
): Promise<{ readonly rate: number; readonly captured: Capture }> {
  const { located } = place;
  const runs: TimedRun[] = [];
  const captured = await capture({
    ...{ ...place, session, signal, caches: window, name: "speed", rows: Math.min(batch, ROWS) },
    layers: [middleOf(layers, located)],
    onRun: (run) => {
      runs.push(run);
    },
  });
  // the first run makes buffers and reads weights: it is no part of the speed where there are others
  const counted = runs.length > 1 ? runs.slice(1) : runs;
  const model = sizeOf(located);
  const flops = counted
    .flatMap(({ lengths }) => lengths)
    .reduce((sum, length) => sum + promptFlops(model, length), 0);
  return { rate: flops / counted.reduce((sum, { seconds }) => sum + seconds, 0), captured };
}

async function measureSuffixes(
  { layers, window, batch, signal }: SpeedRequest,
  given: {
    readonly model: SpeedModel;
    readonly prepared: PreparedAudit;
    readonly captured: Capture;
  },
): Promise<ModelSpeed> {
  const { located, session } = given.model;
  const layer = middleOf(layers, located);
  const sessions = new SuffixSessions(located, { layer, window }, session);
  try {
    const found: { readonly speed: SuffixSpeed; readonly open: Speed["open"] }[] = [];
    for (const role of tellingRoles(given.prepared)) {
      const site = { located, prepared: given.prepared, window, batch, signal, role, layer };
      found.push(await suffixSpeed({ ...site, sessions }, given.captured));
    }
    const blocks = Math.max(1, located.nLayers - layer);
    return {
      suffixes: found.map(({ speed }) => speed),
      open: {
        forward: mean(found.map(({ open }) => open.forward)) / blocks,
        gradient: mean(found.map(({ open }) => open.gradient)) / blocks,
      },
    };
  } finally {
    await sessions.release();
  }
}

/** About `n` of the items, spread over all of them. */
function fewItems(prepared: PreparedAudit, n: number): PreparedAudit {
  const stride = Math.max(1, Math.floor(prepared.items.length / n));
  return { ...prepared, items: prepared.items.filter((_, i) => i % stride === 0) };
}

/** The middle one of the layers that have a block above them. */
function middleOf(layers: readonly number[], { nLayers }: LocatedModel): number {
  const inside = layers.filter((layer) => layer < nLayers);
  const sorted = (inside.length > 0 ? inside : layers).toSorted((a, b) => a - b);
  return present(sorted[Math.floor(sorted.length / 2)], "a layer");
}

/** The roles with the fewest and the most tokens behind them. */
function tellingRoles(prepared: PreparedAudit): string[] {
  const behind = (role: string): number => tokensOf(prepared, role, true).tokens;
  const sorted = prepared.roles.toSorted((a, b) => behind(a) - behind(b));
  return [...new Set([...sorted.slice(0, 1), ...sorted.slice(-1)])];
}

/** Tokens of the prompts, means: those that a suffix runs, and all. */
export function tokensOf(
  { items }: PreparedAudit,
  role: string,
  window: boolean,
): { readonly tokens: number; readonly promptTokens: number } {
  const behind = items.map(({ ids, positions }) => ids.length - present(positions[role], role));
  const promptTokens = mean(items.map(({ ids }) => ids.length));
  return { tokens: window ? mean(behind) : promptTokens, promptTokens };
}

/** Tokens that answer for a class. */
export function answersOf({ answerTokens }: PreparedAudit): number {
  return answerTokens.flat().length;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

async function suffixSpeed(
  given: Pick<SpeedRequest, "prepared" | "window" | "batch" | "signal"> & {
    readonly located: LocatedModel;
    readonly role: string;
    readonly layer: number;
    readonly sessions: SuffixSessions;
  },
  captured: Capture,
): Promise<{ readonly speed: SuffixSpeed; readonly open: Speed["open"] }> {
  const { located, prepared, role, layer, sessions, window, batch, signal } = given;
  const site = { sessions, capture: captured, prepared, role, rows: batch, signal };
  const continuation = suffixContinuation(site);
  const states = captured.siteStates(layer, role);
  const { dModel } = located;
  const rowsOf = (n: number): [Int32Array, Float32Array, Int32Array] => {
    // as in learning, every target has two sources
    const items = Int32Array.from({ length: n }, (_, row) => (row >> 1) % prepared.items.length);
    const patched = new Float32Array(n * dModel);
    items.forEach((item, row) => {
      patched.set(states.subarray(item * dModel, (item + 1) * dModel), row * dModel);
    });
    return [items, patched, new Int32Array(n)];
  };
  const rows = rowsOf(batch);
  const few = rowsOf(Math.min(WARM_UP, batch));
  const forward = await openAndRun((full) => {
    const [items, patched] = full ? rows : few;
    return continuation.classLogProb(items, patched);
  });
  const gradient = await openAndRun((full) => continuation.backward(...(full ? rows : few)));
  const sizes = { layer, ...tokensOf(prepared, role, window), answers: answersOf(prepared) };
  const flops = batch * rowFlops(sizeOf(located), sizes);
  return {
    speed: {
      tokens: sizes.tokens,
      forward: flops / forward.seconds,
      gradient: (2 * flops) / gradient.seconds,
    },
    open: { forward: forward.openSeconds, gradient: gradient.openSeconds },
  };
}

/** A session is opened by its first run: what that takes longer than the second one is opening. */
async function openAndRun(
  run: (full: boolean) => Promise<unknown>,
): Promise<{ readonly seconds: number; readonly openSeconds: number }> {
  const first = await timed(() => run(false));
  const second = await timed(() => run(false));
  const openSeconds = Math.max(0, first.seconds - second.seconds);
  return { seconds: await repeated(() => run(true)), openSeconds };
}

/** What a cell takes beside its models: once, and for each row that is learned from. */
async function drySpeed(size: SpeedRequest["dry"]): Promise<Pick<Speed, "cell" | "row">> {
  const stepMs: number[] = [];
  const cell = dryCell({ ...size, steps: DRY_STEPS });
  const { seconds } = await timed(() =>
    measureCell({
      ...cell,
      onProgress: ({ step }) => {
        if (step !== undefined) stepMs.push(performance.now());
      },
    }),
  );
  // the first step also waits for what is fitted once
  const [first = 0, last = 0] = [stepMs[0], stepMs.at(-1)];
  const perStep = (last - first) / 1e3 / (DRY_STEPS - 1);
  return { cell: seconds - DRY_STEPS * perStep, row: perStep / rowsPerStep() };
}

/** Learning rows that a step of a dry cell looks at, both models. */
function rowsPerStep(): number {
  const { learning } = CELL_DEFAULTS;
  const size: CellSize = {
    ...{ alive: SIDES, trials: 0, validation: 0, isolation: 0, sizes: 0, sameWidth: true },
    ...{ steps: 1, learning, fallsShort: false, further: { controls: false, repeats: 0 } },
  };
  return SIDES.reduce((sum, side) => sum + cellRows(size, side).carried, 0);
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1e3 };
}

/** Seconds per call, over as many as fill the least time. */
async function repeated(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let calls = 0;
  do {
    await work();
    calls += 1;
  } while (performance.now() - start < LEAST_MS);
  return (performance.now() - start) / 1e3 / calls;
}
