/**
 * @file What our own arithmetic costs beside the runtime: the parts of a step, and what a cell fits once. Random states
 * of the planted kind; what a model would answer is made up beforehand, so that nothing but the algebra is timed.
 */
import { createAdam, type Adam } from "../../src/align/adam.js";
import { codeAndNoise, pairSubspaces } from "../../src/align/closed-form.js";
import type { Continuation } from "../../src/align/continuation.js";
import type { Grouping } from "../../src/align/grouping.js";
import { LEARNING_DEFAULTS, type LearningModel } from "../../src/align/learner.js";
import { fitNaturalStates } from "../../src/align/natural-states.js";
import { normaliseStates } from "../../src/align/normalisation.js";
import { inEveryDirection, type Batch, type Point } from "../../src/align/batch.js";
import { gradientAt, lossAt } from "../../src/align/objective.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { invariant, present } from "../../src/errors.js";
import { stream } from "../../src/stats/stream.js";
import type { BenchOptions } from "./options.js";
import type { Report } from "./report.js";
import { spell, spreadOf, timed, type Spread } from "./spread.js";

/** Width, items and groups of the made-up models: those of SmolLM2-135M and of a middling audit. */
const [D_MODEL, ITEMS, TRAIN, GROUPS] = [576, 700, 300, 8];
/** Two models; every model is a source and a target. */
const MODELS = 2;

/** Steps per repeat: a run takes some hundred, so that its loops are compiled; the first repeat counts for nothing. */
const STEPS = 10;

/** Times what a cell fits once, and steps from there, `rounds × repeats` times. */
export async function benchAlgebra({ batch, k, rounds, repeats }: BenchOptions): Promise<Report> {
  const times: Record<string, { readonly ms: number[]; readonly cpuMs: number[] }> = {};
  const grouping = groupItems();
  const raws = Array.from({ length: MODELS }, (_, side) => drawStates(side, grouping));
  for (let i = -1; i < rounds * repeats; i++) {
    const clock: Clock = async (name, work) => {
      const { value, ms, cpuMs } = await timed(work);
      if (i < 0) return value;
      const part = (times[name] ??= { ms: [], cpuMs: [] });
      part.ms.push(ms);
      part.cpuMs.push(cpuMs);
      return value;
    };
    const point = await timeCell({ raws, grouping, k }, clock);
    const optimisers = point.subspaces.map((p) => createAdam(p.rows, p.cols));
    for (let step = 0; step < STEPS; step++) {
      invariant(
        Number.isFinite(await timeStep(point, { batch, optimisers }, clock)),
        "a finite loss",
      );
    }
  }
  const parts = Object.entries(times).map(([name, { ms, cpuMs }]) => {
    return { name, ms: spreadOf(ms), cpuMs: spreadOf(cpuMs) };
  });
  const spellBoth = (part: { ms: Spread; cpuMs: Spread }): string =>
    `${spell(part.ms)} ms; processor ${spell(part.cpuMs)}`;
  return {
    title: `algebra, ${MODELS} models of width ${D_MODEL}, k ${k}, ${batch} pairs per direction, ${TRAIN} train items`,
    rows: parts.map((part) => [part.name, spellBoth(part)]),
    json: { dModel: D_MODEL, k, batch, train: TRAIN, items: ITEMS, parts },
  };
}

type Clock = <T>(name: string, work: () => T | Promise<T>) => Promise<T>;

/** What a cell fits once, in its order. */
async function timeCell(
  {
    raws,
    grouping,
    k,
  }: { readonly raws: readonly Float32Array[]; readonly grouping: Grouping; readonly k: number },
  clock: Clock,
): Promise<Point> {
  const train = Int32Array.from({ length: TRAIN }, (_, i) => i);
  const sites = await clock("cell: normalise", () =>
    raws.map((raw) => normaliseStates({ raw, dModel: D_MODEL, train, grouping })),
  );
  await clock("cell: closed form", () => {
    const [a, b] = sites.map(({ normalised }) => codeAndNoise(normalised, train, grouping));
    return pairSubspaces(present(a, "code"), present(b, "code"), { k, random: stream(0, "start") });
  });
  const natural = await clock("cell: covariance", () =>
    sites.map(({ normalised }) => fitNaturalStates(normalised, train, grouping)),
  );
  const units = await clock("cell: Σ⁻¹ of the train states", () =>
    natural.map((each) => each.unit(train)),
  );
  const models = sites.map((states, i): LearningModel => {
    const unit = present(units[i], "unit");
    const labels = grouping.group;
    return {
      states,
      start: randomSubspace(k, D_MODEL, stream(i, "bench/start")),
      target: {
        natural: present(natural[i], "natural states"),
        continuation: answerAtOnce(),
        labels: { train: labels, validation: labels },
        unit: { train: unit, validation: unit },
      },
    };
  });
  return { models, subspaces: models.map(({ start }) => start) };
}

/** The parts of a step, once. Returns the loss, which depends on them. */
async function timeStep(
  point: Point,
  { batch, optimisers }: { readonly batch: number; readonly optimisers: readonly Adam[] },
  clock: Clock,
): Promise<number> {
  const train = drawBatch(point.models, Math.min(batch, TRAIN));
  const calls = { maxRows: LEARNING_DEFAULTS.maxRows, where: "bench" };
  const { naturalness } = LEARNING_DEFAULTS;
  await clock("step: loss and gradient, λ 0", () =>
    gradientAt(point, train, { ...calls, naturalness: 0 }),
  );
  const { gradients } = await clock("step: loss and gradient, with naturalness", () =>
    gradientAt(point, train, { ...calls, naturalness }),
  );
  const moved = await clock("step: tangent, Adam, QR", () =>
    point.subspaces.map((p, i) =>
      present(optimisers[i], "optimiser").step(p, present(gradients[i], "gradient"), 0.03),
    ),
  );
  const all = drawBatch(point.models, TRAIN);
  return clock(`validation of ${TRAIN} pairs`, () =>
    lossAt({ ...point, subspaces: moved }, all, { ...calls, naturalness }),
  );
}

function groupItems(): Grouping {
  const group = Int32Array.from({ length: ITEMS }, (_, item) => item % GROUPS);
  return { group, nGroups: GROUPS, contrast: new Int32Array(GROUPS) };
}

/** A state is its group's place and noise that falls from axis to axis. */
function drawStates(side: number, { group, nGroups }: Grouping): Float32Array {
  const random = stream(side, "bench/states");
  const places = Float64Array.from({ length: nGroups * D_MODEL }, () => random.normal());
  return Float32Array.from({ length: ITEMS * D_MODEL }, (_, i) => {
    const [item, axis] = [Math.floor(i / D_MODEL), i % D_MODEL];
    const place = places[present(group[item], "group") * D_MODEL + axis] ?? NaN;
    return place + 2 * Math.exp(-axis / 100) * random.normal();
  });
}

/** Pair i patches train item i with the state of another. */
function drawBatch(models: readonly LearningModel[], pairs: number): Batch {
  const target = Int32Array.from({ length: pairs }, (_, pair) => pair);
  const source = target.map((pair) => (pair * 7 + 1) % TRAIN);
  return {
    split: "train",
    pairs: { target, source, group: source.map((item) => item % GROUPS) },
    chosen: inEveryDirection(models, target),
  };
}

/** A model that costs nothing: the same loss and gradient for every row. */
function answerAtOnce(): Continuation {
  const gradient = new Float32Array(4 * TRAIN * D_MODEL).fill(1e-3);
  const even = new Float32Array(4 * TRAIN * GROUPS).fill(-Math.log(GROUPS));
  const logProb = (items: Int32Array): Float32Array => even.subarray(0, items.length * GROUPS);
  return {
    dModel: D_MODEL,
    nClasses: GROUPS,
    classLogProb: (items) => Promise.resolve(logProb(items)),
    backward: (items) =>
      Promise.resolve({
        lossNats: even.subarray(0, items.length).map((x) => -x),
        classLogProb: logProb(items),
        gradient: gradient.subarray(0, items.length * D_MODEL),
      }),
  };
}
