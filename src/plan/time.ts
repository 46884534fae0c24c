/**
 * @file How long a run takes, estimated before it starts: the work that is known, in floating-point operations and rows,
 * over the speed that was measured on this machine. Where a variable can be moved at all is not known before the run, and
 * neither is when a learning stops: hence a range.
 */
import { SIDES, type Side } from "./sides.js";

/** What the work of one model depends on. */
export interface ModelWork {
  /** Elements of the matrices between the embedding and the head. */
  readonly blockParameters: number;
  readonly nLayers: number;
  readonly dModel: number;
  readonly vocab: number;
}

/** What this machine did per second, and what everything else took. */
export interface Speed {
  /** Floating-point operations per second of whole prompts. */
  readonly capture: number;
  /** … of what stands above a site, by the mean number of tokens that change; `gradient` with its derivative. */
  readonly suffixes: readonly SuffixSpeed[];
  /** Seconds to open a session, per block that it holds. */
  readonly open: { readonly forward: number; readonly gradient: number };
  /** Seconds of a learned cell beside its models and its steps. */
  readonly cell: number;
  /** Seconds of a learning row in one step, beside its model. */
  readonly row: number;
}

/** Floating-point operations per second at one number of tokens. */
export interface SuffixSpeed {
  readonly tokens: number;
  readonly forward: number;
  readonly gradient: number;
}

/** Seconds, or rows: the least that must be expected, what is expected, and the most. */
export interface Range {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
}

/** Rows through one model, and those that steps carry on beside it. */
interface RowCount {
  readonly forward: number;
  readonly gradient: number;
  readonly carried: number;
}

/** One cell: its rows where nothing can be moved, and where everything is learned. */
export interface CellWork {
  readonly layer: number;
  /** Chance that a variable can be moved here, 0 to 1 (`liveShare`). */
  readonly share: number;
  /** Tokens that change, mean over the prompts, and all tokens. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** Columns of the head that are computed for each row. */
  readonly answers: number;
  readonly idle: Readonly<Record<Side, RowCount>>;
  readonly live: Readonly<Record<keyof Range, Readonly<Record<Side, RowCount>>>>;
  /** Learning rows cost this many times those that were measured, beside the models. @defaultValue 1 */
  readonly rowWeight?: number;
}

/** Everything that a run does. */
export interface RunWork {
  readonly models: Readonly<Record<Side, ModelWork>>;
  /** Seconds until prompts run, as far as they are known: loading, digests. */
  readonly loadSeconds: number;
  readonly layers: readonly number[];
  /** Tokens of each prompt that is run once through each model. */
  readonly prompts: readonly number[];
  readonly cells: readonly CellWork[];
}

/** Estimated time. */
export interface TimeEstimate {
  readonly seconds: Range;
  /** In the order of a run; the layers each on their own. */
  readonly parts: readonly { readonly name: string; readonly seconds: Range }[];
  /** Where no variable can be moved anywhere, seconds. */
  readonly nothingMoves: number;
}

const RANGE: readonly (keyof Range)[] = ["low", "expected", "high"];
/** Prompts that the self-checks run, in whole prompts of each model. */
const CHECK_PROMPTS = 24;

/**
 * Depths, as shares of the layers, between which variables pass from the words that say them to the last token: .4 to .85 in
 * the pairs on record (six layers of a demo model, thirty of SmolLM2-135M).
 */
const PASSING = { from: 0.4, to: 0.85 } as const;

/**
 * Chance that a variable can be moved at one site: before the passage at one of the words, after it at the last token. An
 * assumption, and the largest of this estimate.
 */
export function liveShare({
  role,
  roles,
  depth,
}: {
  readonly role: string;
  readonly roles: readonly string[];
  /** Layer over layers, 0 to 1. */
  readonly depth: number;
}): number {
  const passed = Math.min(1, Math.max(0, (depth - PASSING.from) / (PASSING.to - PASSING.from)));
  if (role === "last") return passed;
  return (1 - passed) / roles.filter((each) => each !== "last").length;
}

/** Floating-point operations of one row above `layer`; a gradient costs as much again. */
export function rowFlops(
  model: ModelWork,
  { layer, tokens, promptTokens, answers }: Omit<CellWork, "idle" | "live" | "share">,
): number {
  const { blockParameters, nLayers, dModel } = model;
  const blocks = nLayers - layer;
  const seen = tokens * (promptTokens - (tokens - 1) / 2);
  return (
    (2 * tokens * blocks * blockParameters) / nLayers +
    4 * blocks * dModel * seen +
    2 * dModel * answers
  );
}

/** Floating-point operations of one whole prompt, with the whole head at its last token. */
export function promptFlops(model: ModelWork, tokens: number): number {
  return rowFlops(model, { layer: 0, tokens, promptTokens: tokens, answers: model.vocab });
}

/** Time of a run, by part. */
export function estimateTime(work: RunWork, speed: Speed): TimeEstimate {
  const perLayer = work.layers.map((layer) => {
    const cells = work.cells.filter((cell) => cell.layer === layer);
    return { name: `layer ${layer}`, seconds: layerSeconds(work, { layer, cells }, speed) };
  });
  const parts = [
    { name: "loading and checking", seconds: fixed(startSeconds(work, speed)) },
    { name: "running the prompts", seconds: fixed(promptSeconds(work, speed)) },
    ...perLayer,
  ];
  const idle = work.cells.map((cell) => cellSeconds(work, cell, { rows: cell.idle, speed }));
  const opened = work.layers.map((layer) => openSeconds(work, layer, speed).forward);
  return {
    seconds: parts.map(({ seconds }) => seconds).reduce(addRanges, fixed(0)),
    parts,
    nothingMoves: sum([startSeconds(work, speed), promptSeconds(work, speed), ...idle, ...opened]),
  };
}

function startSeconds(work: RunWork, speed: Speed): number {
  const layers = [Math.min(...work.layers), Math.max(...work.layers)];
  const opened = layers.map((layer) => openSeconds(work, layer, speed));
  const lowest = opened[0]?.forward ?? 0;
  const longest = Math.max(0, ...work.prompts);
  const run = sum(SIDES.map((side) => CHECK_PROMPTS * promptFlops(work.models[side], longest)));
  return (
    work.loadSeconds +
    openSeconds(work, 0, speed).forward +
    sum(opened.map(({ forward, gradient }) => forward + gradient)) +
    lowest + // the check of the windows
    run / speed.capture
  );
}

function promptSeconds(work: RunWork, speed: Speed): number {
  const flops = SIDES.flatMap((side) => {
    const model = work.models[side];
    return work.prompts.map((tokens) => promptFlops(model, tokens));
  });
  return openSeconds(work, 0, speed).forward + sum(flops) / speed.capture;
}

/** Sessions of one layer are opened once for each kind of site, those with a gradient only where something is learned. */
function layerSeconds(
  work: RunWork,
  { layer, cells }: { readonly layer: number; readonly cells: readonly CellWork[] },
  speed: Speed,
): Range {
  const opened = openSeconds(work, layer, speed);
  // one token has a graph of its own
  const kinds = new Set(cells.map(({ tokens }) => tokens === 1)).size;
  const idleChance = cells.reduce((chance, { share }) => chance * (1 - share), 1);
  return mapRange((end) => {
    const learns = end === "high" ? 1 : 1 - idleChance;
    const own = cells.map((cell) => {
      const share = end === "high" ? 1 : cell.share;
      const live = cellSeconds(work, cell, { rows: cell.live[end], speed }) + speed.cell;
      return share * live + (1 - share) * cellSeconds(work, cell, { rows: cell.idle, speed });
    });
    return kinds * (opened.forward + learns * opened.gradient) + sum(own);
  });
}

/** Both models. */
function openSeconds(
  { models }: RunWork,
  layer: number,
  { open }: Speed,
): Pick<RowCount, "forward" | "gradient"> {
  const blocks = sum(SIDES.map((side) => models[side].nLayers - layer));
  return { forward: blocks * open.forward, gradient: blocks * open.gradient };
}

function cellSeconds(
  { models }: RunWork,
  cell: CellWork,
  { rows, speed }: { readonly rows: CellWork["idle"]; readonly speed: Speed },
): number {
  const rate = nearest(speed.suffixes, cell.tokens);
  return sum(
    SIDES.map((side) => {
      const { forward, gradient, carried } = rows[side];
      const flops = rowFlops(models[side], cell);
      const beside = carried * speed.row * (cell.rowWeight ?? 1);
      return (forward * flops) / rate.forward + (2 * gradient * flops) / rate.gradient + beside;
    }),
  );
}

/** The speed at the number of tokens that is nearest in proportion. */
function nearest(speeds: readonly SuffixSpeed[], tokens: number): SuffixSpeed {
  const away = (speed: SuffixSpeed): number => Math.abs(Math.log(speed.tokens / tokens));
  return speeds.reduce((best, each) => (away(each) < away(best) ? each : best));
}

function fixed(seconds: number): Range {
  return mapRange(() => seconds);
}

function addRanges(a: Range, b: Range): Range {
  return mapRange((end) => a[end] + b[end]);
}

function mapRange(of: (end: keyof Range) => number): Range {
  const [low = NaN, expected = NaN, high = NaN] = RANGE.map(of);
  return { low, expected, high };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
