/**
 * @file What stands beside the learned maps of a cell: where they lie, how large they must be, what they carry along,
 * and the same learning without naturalness, with shuffled labels, from an untrained source, and with other numbers.
 */
import { normaliseStates } from "../align/normalisation.js";
import { together } from "../align/together.js";
import { codeAndNoise } from "../align/closed-form.js";
import { present } from "../errors.js";
import { i32 } from "../numeric/vector.js";
import type { Stream } from "../stats/stream.js";
import { learnCell, type LearnedCell, type LearningParts } from "./cell-learning.js";
import { mapRuns, runControls, type TableContext } from "./controls.js";
import { measureGeometry } from "./geometry.js";
import { ownMaps, type MapsByDirection, type Subspaces } from "./interventions.js";
import { measureNullBlock } from "./joint-blocks.js";
import { measureIsolation } from "./isolation.js";
import {
  direction,
  SIDES,
  type ControlLearning,
  type DirectedHits,
  type FurtherMeasures,
  type Hits,
  type Side,
  type UntrainedSource,
} from "./measures.js";
import { learnsFromOther, weighsNaturalness } from "./map-choice.js";
import type { Site } from "./site.js";
import { startSubspaces } from "./starts.js";
import { measureSizeCurve } from "./size-curve.js";
import { leavesRoomForSteering } from "./steering-room.js";
import { firstTrials, shuffleLabels } from "./table-run.js";

/** The learned cell that everything here stands beside. */
export interface LearnedMaps {
  readonly alive: readonly Side[];
  readonly maps: MapsByDirection;
  /** What they do on the held-out trials. */
  readonly iia: DirectedHits;
  /** Steps that they took: no control gets more. */
  readonly steps: number;
  readonly random: Stream;
}

/** Measures all that stands beside the learned maps, under the causal table. */
export async function measureFurther(
  context: TableContext,
  learned: LearnedMaps,
): Promise<FurtherMeasures> {
  const { further } = context.input.options;
  report(context, "isolation");
  const sizes = { alive: learned.alive, random: learned.random.fork("sizes") };
  const [isolation, nullBlock, sizeCurve, controls, repeats] = await together([
    measureIsolation(context, learned.maps),
    measureNullBlock(context, learned.maps),
    measureSizeCurve(context, sizes),
    further.controls ? learnControls(context, learned) : Promise.resolve({}),
    learnAgain(context, learned, further.repeats),
  ]);
  return {
    bothRight: bothRight(context),
    geometry: measureGeometry(context, ownMaps(learned.maps)),
    ...(isolation && { isolation }),
    ...(nullBlock && { nullBlock }),
    sizeCurve,
    ...controls,
    repeats,
  };
}

/** The controls that cost as much as the main learning. */
async function learnControls(
  context: TableContext,
  { alive, iia, steps, random }: LearnedMaps,
): Promise<Pick<FurtherMeasures, "behaviourOnly" | "shuffledLabels" | "untrainedSource">> {
  const { k } = context.input.key;
  const startAt = (site: Site): Subspaces =>
    startSubspaces(site, { alive, k, random: random.fork("start") }); // as the main learning does
  const shuffled = shuffleLabels(context.run, random.fork("shuffled labels"));
  const [behaviourOnly, shuffledLabels, untrained] = await together([
    weighsNaturalness(context.input.options.maps) && leavesRoomForSteering(iia)
      ? learnControl(context, {
          targets: alive,
          start: startAt(context.site),
          random: random.fork("learn"), // the same minibatches too: only λ differs
          phase: "behaviour only",
          ...{ steps, naturalness: 0 },
        })
      : Promise.resolve(undefined),
    learnControl(
      { ...context, run: firstTrials(shuffled) },
      {
        targets: alive,
        // the closed form knows the labels too: the start of this control comes from shuffled groups
        start: startAt(shuffleCode(context, random.fork("shuffled groups"))),
        random: random.fork("learn"),
        phase: "shuffled labels",
        steps,
      },
    ),
    learnFromUntrained(context, { alive, steps, random }),
  ]);
  return { ...(behaviourOnly && { behaviourOnly }), shuffledLabels, ...untrained };
}

async function learnAgain(
  context: TableContext,
  { alive, random }: LearnedMaps,
  repeats: number,
): Promise<ControlLearning[]> {
  const { k } = context.input.key;
  return together(
    Array.from({ length: repeats }, (_, i) => {
      const own = random.fork(`repeat/${i + 1}`);
      const start = startSubspaces(context.site, { alive, k, random: own.fork("start") });
      return learnControl(context, {
        targets: alive,
        start,
        random: own.fork("learn"),
        phase: "repeat",
      });
    }),
  );
}

async function learnControl(context: TableContext, parts: LearningParts): Promise<ControlLearning> {
  const learned = await learnCell(context, parts);
  const { steps, bestStep, naturalness } = learned.learning;
  return { iia: await score(context, learned), steps, bestStep, naturalness };
}

async function score(context: TableContext, { maps }: LearnedCell): Promise<DirectedHits> {
  return (await runControls(context, mapRuns(context, "iia", { maps }))).iia;
}

/**
 * Into each model, with the other one replaced by a network of random weights of the same width. It tells how little a
 * transfer may prove, so nothing where only one model was learned.
 */
async function learnFromUntrained(
  context: TableContext,
  { alive, steps, random }: Pick<LearnedMaps, "alive" | "steps" | "random">,
): Promise<Pick<FurtherMeasures, "untrainedSource">> {
  const { input } = context;
  if (input.untrained === undefined || alive.length < SIDES.length) return {};
  const { untrained } = input;
  const targets = alive.filter((target) => learnsFromOther(input.options.maps, target));
  const learned = await together(
    targets.map((target) => learnInto(context, { target, untrained, steps, random })),
  );
  return { untrainedSource: Object.fromEntries(targets.map((target, i) => [target, learned[i]])) };
}

async function learnInto(
  context: TableContext,
  parts: {
    readonly target: Side;
    readonly untrained: (dModel: number) => Float32Array;
    readonly steps: number;
    readonly random: Stream;
  },
): Promise<UntrainedSource> {
  const { target, untrained, steps, random } = parts;
  const source: Side = target === "base" ? "tuned" : "base";
  const raw = untrained(context.input.sides[source].dModel);
  const replaced = { ...context, site: replaceSource(context, source, raw) };
  const own = random.fork(`untrained/${target}`);
  const start = startSubspaces(replaced.site, {
    alive: SIDES,
    k: context.input.key.k,
    random: own.fork("start"),
  });
  const learned = await learnCell(replaced, {
    targets: [target],
    sources: [source],
    start,
    random: own.fork("learn"),
    phase: "untrained source",
    steps,
  });
  const way = direction(source, target);
  const runs = mapRuns(replaced, "iia", { maps: learned.maps });
  const { iia } = await runControls(
    replaced,
    runs.filter((run) => run.direction === way),
  );
  const { steps: taken, bestStep } = learned.learning;
  return { iia: present(iia[way], way), steps: taken, bestStep };
}

/** The site with other states of one model. */
function replaceSource({ input, site }: TableContext, source: Side, raw: Float32Array): Site {
  const { train } = input;
  const { dModel } = input.sides[source];
  const states = normaliseStates({ raw, dModel, train, grouping: site.grouping });
  const code = codeAndNoise(states.normalised, train, site.grouping);
  return {
    ...site,
    states: (side) => (side === source ? states : site.states(side)),
    code: (side) => (side === source ? code : site.code(side)),
  };
}

/** The site with codes of groups that were dealt anew among the train items, alike in both models. */
function shuffleCode({ input, site }: TableContext, random: Stream): Site {
  const { train } = input;
  const dealt = Int32Array.from(random.shuffle([...train]));
  const group = site.grouping.group.slice();
  train.forEach((item, i) => (group[item] = i32(site.grouping.group, i32(dealt, i))));
  const grouping = { ...site.grouping, group };
  return {
    ...site,
    code: (side) => codeAndNoise(site.states(side).normalised, train, grouping),
  };
}

/** Trials whose two items both models answer rightly by themselves. */
function bothRight({ input, run }: TableContext): Hits {
  const { causal } = input;
  const isRight = (item: number): boolean =>
    SIDES.every(
      (side) =>
        i32(input.sides[side].naturalClass, item) === i32(causal.answer, i32(causal.group, item)),
    );
  return [...run.test.target]
    .map((item, i) => (isRight(item) && isRight(i32(run.test.source, i)) ? "1" : "0"))
    .join("");
}

function report({ input, run }: TableContext, phase: "isolation"): void {
  input.onProgress?.({ table: run.table, phase });
}
