/**
 * @file The self-checks of every run: does the cut model equal the whole, and is its gradient a gradient?
 * Returns numbers with bounds; the caller decides to stop.
 */
import { NumericsError, present } from "../errors.js";
import { createSession, type Session, type SessionOptions } from "../runtime/session.js";
import { stream } from "../stats/stream.js";
import { buildWhole } from "./capture-graph.js";
import { checkCausality, CAUSALITY_BOUND } from "./causality.js";
import type { LocatedModel } from "./located.js";
import { boundsOf, type PreflightBounds } from "./preflight-bounds.js";
import { directionalError } from "./directional.js";
import { openSuffix, type ProbeResult, type ProbeRow, type SuffixProbe } from "./suffix-probe.js";
import { logSoftmax, runWhole, type WholeRow } from "./whole-run.js";

/** One self-check with its bound. */
export interface PreflightCheck {
  readonly check: string;
  readonly value: number;
  readonly bound: number;
  readonly unit: string;
  readonly ok: boolean;
  /** Which side of the bound is good. */
  readonly relation: "at most" | "at least";
}

/** What the checks run on. */
export interface PreflightRequest {
  readonly located: LocatedModel;
  /** Prompts as token ids; a few are chosen, so that lengths differ. */
  readonly rows: readonly (readonly number[])[];
  /** Layers to be audited; the suffix is checked at the lowest and the highest. */
  readonly layers: readonly number[];
  readonly session: SessionOptions;
  readonly signal?: AbortSignal;
}

/** Answers of the checks: the most probable tokens of the first prompt. */
const ANSWERS = 16;

/** A patch must move the answers by at least this multiple of what rounding may. */
const CLEARLY = 2;

/** Worst values over layers. */
interface Worst {
  logits: number;
  variation: number;
  disagreements: number;
  identity: number;
  moved: number;
  derivative: number;
}

/**
 * Runs the self-checks of one model.
 *
 * @throws {@link LocateError} when the model looks ahead; {@link NumericsError} when logits are not finite or the
 * gradient is exactly zero.
 */
export async function preflight(request: PreflightRequest): Promise<PreflightCheck[]> {
  const { located, session: options, signal } = request;
  const bounds = boundsOf(located);
  const whole = await createSession(buildWhole(located), options);
  try {
    const causal = await checkCausality(located, whole);
    const prompts = choosePrompts(request.rows);
    const natural = await runWhole(whole, located, prompts);
    const padded = await paddingError(whole, located, natural);
    const worst = await checkSuffixes(request, natural, bounds);
    signal?.throwIfAborted();
    return report({ ...worst, padded, causal }, bounds);
  } finally {
    await whole.release();
  }
}

/** Longest and shortest prompt, and the first half of the longest, so that lengths differ in any case. */
function choosePrompts(rows: readonly (readonly number[])[]): (readonly number[])[] {
  const sorted = [...rows].sort((a, b) => b.length - a.length);
  const longest = present(sorted[0], "a prompt");
  const shortest = present(sorted.at(-1), "a prompt");
  return [longest, shortest, longest.slice(0, Math.ceil(longest.length / 2))];
}

/** Largest difference between logits of a padded batch and of its rows alone, as a share of the largest logit. */
async function paddingError(
  whole: Session,
  located: LocatedModel,
  batch: readonly WholeRow[],
): Promise<number> {
  let [difference, largest] = [0, 0];
  for (const row of batch) {
    const [alone] = await runWhole(whole, located, [row.ids]);
    row.logits.forEach((logit, i) => {
      largest = Math.max(largest, Math.abs(logit));
      difference = Math.max(difference, Math.abs(logit - present(alone?.logits[i], "logit")));
    });
  }
  return difference / largest;
}

async function checkSuffixes(
  { located, layers, session, signal }: PreflightRequest,
  natural: readonly WholeRow[],
  bounds: PreflightBounds,
): Promise<Worst> {
  const worst: Worst = {
    logits: 0,
    variation: 0,
    disagreements: 0,
    identity: 0,
    moved: Infinity,
    derivative: 0,
  };
  for (const layer of outermost(layers)) {
    signal?.throwIfAborted();
    const probe = await openSuffix(located, layer, session);
    try {
      await checkSuffix({ probe, located, layer, natural, bounds }, worst);
    } finally {
      await probe.release();
    }
  }
  return worst;
}

/** Lowest and highest, each once: the suffix of the lowest holds every operator of those between. */
function outermost(layers: readonly number[]): number[] {
  return [...new Set([Math.min(...layers), Math.max(...layers)])];
}

interface SuffixCheck {
  readonly probe: SuffixProbe;
  readonly located: LocatedModel;
  readonly layer: number;
  readonly natural: readonly WholeRow[];
  readonly bounds: PreflightBounds;
}

async function checkSuffix(check: SuffixCheck, worst: Worst): Promise<void> {
  const { probe, located, layer, natural, bounds } = check;
  const answers = likelyAnswers(present(natural[0], "a prompt"), located.vocab);
  const expected = natural.map((row) => logSoftmax(lastLogits(row, located.vocab), answers));
  const largest = Math.max(...natural.map((row) => largestLogit(lastLogits(row, located.vocab))));
  const rows = natural.map((row) =>
    identityRow(row, { located, layer, position: row.ids.length - 1 }),
  );
  const atLabel = await probe.run(rows, answers);
  const difference = compare(atLabel, expected);
  worst.logits = Math.max(worst.logits, difference.largest / largest);
  worst.variation = Math.max(worst.variation, difference.variation);
  worst.disagreements += disagreements(atLabel, expected, bounds.logits * largest);

  const early = await probe.run(
    natural.map((row) => identityRow(row, { located, layer, position: 0 })),
    answers,
  );
  worst.identity = Math.max(
    worst.identity,
    compare(early, rowsOf(atLabel, natural.length)).largest / largest,
  );

  const random = await probe.run(
    rows.map((row) => ({ ...row, patched: randomState(row.patched, layer) })),
    answers,
  );
  worst.moved = Math.min(worst.moved, compare(random, expected).smallestRow / largest);
  worst.derivative = Math.max(
    worst.derivative,
    await directionalError(probe, rows, { answers, steps: bounds.steps }),
  );
}

/** The natural state put where it already is. */
function identityRow(
  { ids, residuals }: WholeRow,
  at: { readonly located: LocatedModel; readonly layer: number; readonly position: number },
): ProbeRow {
  const { dModel } = at.located;
  const residual = present(residuals[at.layer], `states of layer ${at.layer}`);
  return {
    ids,
    residual,
    patchPosition: at.position,
    patched: residual.slice(at.position * dModel, (at.position + 1) * dModel),
    labelPosition: ids.length - 1,
    // the second most likely answer: the loss of the most likely may be too close to 0 to have a gradient
    label: 1,
  };
}

function lastLogits({ logits }: WholeRow, vocab: number): Float32Array {
  return logits.subarray(logits.length - vocab);
}

function largestLogit(logits: Float32Array): number {
  return logits.reduce((largest, logit) => Math.max(largest, Math.abs(logit)), 0);
}

function likelyAnswers(row: WholeRow, vocab: number): number[] {
  const logits = lastLogits(row, vocab);
  const order = Array.from(logits.keys()).sort(
    (a, b) => present(logits[b], "logit") - present(logits[a], "logit"),
  );
  return order.slice(0, ANSWERS);
}

function rowsOf({ logProb }: ProbeResult, n: number): Float32Array[] {
  const width = logProb.length / n;
  return Array.from({ length: n }, (_, r) => logProb.slice(r * width, (r + 1) * width));
}

interface Difference {
  /** Largest |Δ log p| of any answer, nats. */
  readonly largest: number;
  /** Largest |Δ log p| within the row that moved least, nats. */
  readonly smallestRow: number;
  /** Largest total variation distance of any row. */
  readonly variation: number;
}

function compare(result: ProbeResult, expected: readonly Float32Array[]): Difference {
  const rows = rowsOf(result, expected.length).map((row, r) => {
    let [largest, variation] = [0, 0];
    row.forEach((logP, i) => {
      const logQ = present(expected[r]?.[i], "log-probability");
      largest = Math.max(largest, Math.abs(logP - logQ));
      variation += Math.abs(Math.exp(logP) - Math.exp(logQ)) / 2;
    });
    return { largest, variation };
  });
  return {
    largest: Math.max(...rows.map((row) => row.largest)),
    smallestRow: Math.min(...rows.map((row) => row.largest)),
    variation: Math.max(...rows.map((row) => row.variation)),
  };
}

/** Rows whose most likely answer changed although its lead exceeds what rounding explains. */
function disagreements(
  result: ProbeResult,
  expected: readonly Float32Array[],
  margin: number,
): number {
  return rowsOf(result, expected.length).filter((row, r) => {
    const wanted = present(expected[r], "row");
    const [top, found] = [wanted.indexOf(Math.max(...wanted)), row.indexOf(Math.max(...row))];
    return present(wanted[top], "answer") - present(wanted[found], "answer") > margin;
  }).length;
}

/** A random direction of the natural state's length; the stream is named, so the same run draws the same. */
function randomState(state: Float32Array, layer: number): Float32Array {
  const draw = stream(0, `preflight/${layer}`);
  const direction = state.map(() => draw.normal());
  const scale = Math.hypot(...state) / Math.hypot(...direction);
  return direction.map((x) => x * scale);
}

function report(
  found: Worst & { readonly padded: number; readonly causal: number },
  bounds: PreflightBounds,
): PreflightCheck[] {
  const share = "share of the largest logit";
  const atMost = (check: string, value: number, bound: number, unit: string): PreflightCheck =>
    ({ check, value, bound, unit, ok: value <= bound, relation: "at most" }) as const;
  const movedBound = CLEARLY * bounds.logits;
  const checks: PreflightCheck[] = [
    atMost("prefix and suffix equal the whole model: logits", found.logits, bounds.logits, share),
    atMost(
      "prefix and suffix equal the whole model: total variation",
      found.variation,
      bounds.variation,
      "share of the answers' probability",
    ),
    atMost(
      "prefix and suffix equal the whole model: other top answer",
      found.disagreements,
      0,
      "prompts",
    ),
    atMost("a state put in its own place changes nothing", found.identity, bounds.logits, share),
    atMost("a padded batch equals its rows alone", found.padded, bounds.logits, share),
    {
      check: "a random state moves the answers",
      value: found.moved,
      bound: movedBound,
      unit: share,
      ok: found.moved >= movedBound,
      relation: "at least",
    },
    atMost(
      "the gradient agrees with a finite difference",
      found.derivative,
      bounds.derivative,
      "relative error",
    ),
    atMost("earlier logits do not depend on later tokens", found.causal, CAUSALITY_BOUND, share),
  ];
  const broken = checks.find(({ value }) => !Number.isFinite(value));
  if (broken !== undefined) {
    throw new NumericsError("a self-check gave no number", {
      code: "PREFLIGHT_NAN",
      where: broken.check,
      expected: `${broken.relation} ${broken.bound}`,
      found: String(broken.value),
      hint: "the model overflows on these prompts; try a float32 export",
    });
  }
  return checks;
}
