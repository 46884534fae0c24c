/**
 * @file Measures one cell: full-swap gate, closed form, learning, controls, per answer table. Counts, never opinions.
 *
 * Order matters: a dead model is never trained with, because it drags the other model's subspace away, and nothing
 * is trained where a whole-state swap moves nothing, because behaviour alone can still be steered there.
 */
import { randomSubspace } from "../align/stiefel.js";
import { present } from "../errors.js";
import { i32 } from "../numeric/vector.js";
import { countHits } from "../stats/hits.js";
import { stream, type Stream } from "../stats/stream.js";
import { cellName, checkInput, type CellInput, type CellProgress } from "./cell-input.js";
import { learnCell, type LearnedCell } from "./cell-learning.js";
import {
  frozenBasisRuns,
  fullSwapRuns,
  mapRuns,
  runControls,
  type ControlHits,
  type TableContext,
} from "./controls.js";
import { ExampleBook } from "./examples.js";
import { measureFurther } from "./further.js";
import { isShown } from "./gate.js";
import { checkIdentity } from "./identity-guard.js";
import { ENDS, ownMaps, permuteSources, rotations, type MapsByDirection } from "./interventions.js";
import { jointBlocks } from "./joint-blocks.js";
import { describeMaps, jointSides } from "./map-choice.js";
import { mapTensors, type CellTensor } from "./map-tensors.js";
import {
  direction,
  DIRECTIONS,
  SIDES,
  type Alone,
  type CellMeasures,
  type DirectedHits,
  type Examples,
  type FurtherMeasures,
  type Learning,
  type Side,
  type Trials,
} from "./measures.js";
import { checkPairs } from "./pair-guard.js";
import { measureSimilarity } from "./similarity.js";
import { bySide, prepareSite } from "./site.js";
import { startSubspaces } from "./starts.js";
import { firstTrials, laterTrials, tableRuns } from "./table-run.js";
import { judgeWhole, swapWhole, type WholeSwap } from "./whole-swap.js";

/** What a cell leaves behind. */
export interface CellResult {
  readonly measures: CellMeasures;
  /** What `mapTensors` names, for each table. */
  readonly tensors: Readonly<Record<string, CellTensor>>;
}

/** What one answer table gave. */
interface TableResult {
  readonly trials: Trials;
  readonly learning?: Learning;
  readonly further?: FurtherMeasures;
  /** Of the learned maps; absent where nothing was learned. */
  readonly examples?: Examples;
  /** Learned ones only. */
  readonly maps: MapsByDirection;
}

/**
 * Measures one cell.
 *
 * @throws {@link NumericsError} when a model returns NaN, natural states do not vary, or a guard finds that the run does
 * not measure what it says (`guards.ts`); {@link PlanError} when k exceeds a width or a counterfactual has no natural example; the signal's reason when aborted.
 */
export async function measureCell(input: CellInput): Promise<CellResult> {
  checkInput(input);
  const runs = tableRuns(input);
  checkPairs(input, runs);
  await checkIdentity(input);
  const site = prepareSite(input);
  const results: TableResult[] = [];
  for (const run of runs) results.push(await measureTable({ input, site, run }));
  const [causal, own] = results;
  const made = describeMaps(
    input.options.maps,
    input.joint?.variables.map(({ variable }) => variable),
  );
  const measures: CellMeasures = {
    cell: input.key,
    dModel: bySide((side) => input.sides[side].dModel),
    ...(made && { maps: made }),
    trials: results.map(({ trials }) => trials),
    ...(causal?.learning && { learning: causal.learning }),
    ...(causal?.further && { further: causal.further }),
    ...(causal?.examples && { examples: causal.examples }),
    ...(own?.learning && { ownLearning: own.learning }),
    ...(input.own && { ownTable: spellTable(input.own.answer, input) }),
    similarity: measureSimilarity(input, site),
  };
  const tensors = Object.fromEntries(
    results.flatMap(({ trials, maps }) => mapTensors(trials.table, maps, site)),
  );
  return { measures, tensors };
}

/** A site where the whole state moves nothing is known by the first trials, and then stands in the result with these alone. */
async function measureTable(context: TableContext): Promise<TableResult> {
  report(context, "full swap");
  const first = { ...context, run: firstTrials(context.run) };
  const scout = judgeWhole(first, await swapWhole(first));
  if (scout.alive.length === 0) return { trials: scout.trials, maps: {} };
  const whole = judgeWhole(context, await completeWhole(context, scout.trials.fullSwap));
  if (whole.alive.length === 0) return { trials: whole.trials, maps: {} };
  return learnTable(context, whole);
}

/** Hits of the first trials, followed by those of the later ones. */
async function completeWhole(context: TableContext, first: DirectedHits): Promise<DirectedHits> {
  const run = laterTrials(context.run);
  if (run.test.target.length === 0) return first;
  const later = await swapWhole({ ...context, run });
  const whole = DIRECTIONS.filter((key) => first[key] !== undefined).map(
    (key) => [key, (first[key] ?? "") + (later[key] ?? "")] as const,
  );
  return Object.fromEntries(whole);
}

async function learnTable(single: TableContext, whole: WholeSwap): Promise<TableResult> {
  const { alive, trials } = whole;
  const blocks = await jointBlocks(single, alive);
  const context = { ...single, ...(blocks && { blocks }) };
  const { input, run } = context;
  const random = stream(input.key.seed, `cell/${cellName(input.key)}/${run.table}`);
  const bothLive = alive.length === SIDES.length;
  const first = { ...context, run: firstTrials(run) };
  // between two live models a whole swap tells whether the codes lie in one basis; into a dead one it tells nothing
  const across = await runControls(first, bothLive ? fullSwapRuns(first, "across") : []);
  report(context, "closed form");
  const start = startSubspaces(context.site, {
    alive,
    k: input.key.k,
    random: random.fork("start"),
  });
  // with one model alone it is what tells whether the other can still be read
  const described = bothLive ? first : context;
  const closedRuns = mapRuns(described, "closedForm", { maps: rotations(start) });
  const { closedForm } = await runControls(described, closedRuns);
  const learned = await learnCell(context, {
    targets: alive,
    start,
    random: random.fork("learn"),
  });
  report(context, "controls");
  const book = new ExampleBook(input.causal.classes);
  const controls = await measureControls(context, learned, { random, book });
  const alone = await learnAlone(context, { alive, trials: { ...trials, ...controls }, random });
  // the tuned model's own table explains a loss; what decides and what stands beside it is the causal one
  const further =
    run.table === "causal"
      ? await measureFurther(context, {
          ...{ alive, random, maps: learned.maps },
          iia: controls.iia,
          steps: mostSteps(learned.learning),
        })
      : undefined;
  return {
    trials: {
      ...trials,
      ...controls,
      closedForm,
      ...(alone && { alone }),
      fullSwap: { ...trials.fullSwap, ...across.fullSwap },
    },
    learning: learned.learning,
    examples: book.examples(),
    ...(further && { further }),
    maps: learned.maps,
  };
}

/** Of the longest of the learnings that a method consists of. */
function mostSteps({ steps, others = [] }: Learning): number {
  return Math.max(steps, ...others.map((part) => part.steps));
}

/** Each model alone, where both were learned together and that did not show its code. */
async function learnAlone(
  context: TableContext,
  { alive, trials, random }: { alive: readonly Side[]; trials: Trials; random: Stream },
): Promise<Trials["alone"]> {
  if (alive.length < SIDES.length) return undefined;
  const { input, run } = context;
  const found: Partial<Record<Side, Alone>> = {};
  for (const side of jointSides(input.options.maps)) {
    const own = direction(side, side);
    const nulls = [trials.noIntervention[side], trials.permuted[own], trials.randomSubspace[own]];
    const nullShare = Math.max(...nulls.map((hits = "") => countHits(hits).hits / hits.length));
    if (isShown({ hits: trials.iia[own] ?? "", nullShare }, input.options.gate)) continue;
    const fork = random.fork(`alone/${side}`);
    const start = startSubspaces(context.site, {
      alive: [side],
      k: input.key.k,
      random: fork.fork("start"),
    });
    const { maps } = await learnCell(context, {
      targets: [side],
      start,
      random: fork.fork("learn"),
      ...{ alone: true, phase: "alone" },
    });
    const order = fork.fork("permuted").shuffle([...run.test.target.keys()]);
    const { iia, permuted } = await runControls(context, [
      ...mapRuns(context, "iia", { maps }),
      ...mapRuns(context, "permuted", { maps, trials: permuteSources(run.test, order) }),
    ]);
    found[side] = { iia: present(iia[own], own), permuted: present(permuted[own], own) };
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

/** The learned maps with everything that they must beat, on the same trials. */
async function measureControls(
  context: TableContext,
  { maps }: LearnedCell,
  { random, book }: { readonly random: Stream; readonly book: ExampleBook },
): Promise<ControlHits> {
  const { input, run } = context;
  const order = random.fork("permuted").shuffle([...run.test.target.keys()]);
  const arbitrary = bySide((side) =>
    randomSubspace(input.key.k, input.sides[side].dModel, random.fork(`random/${side}`)),
  );
  const sameWidth = input.sides.base.dModel === input.sides.tuned.dModel;
  const { base } = ownMaps(maps);
  const runs = [
    ...mapRuns(context, "iia", { maps }),
    ...mapRuns(context, "permuted", { maps, trials: permuteSources(run.test, order) }),
    // within the live models only: what a random subspace moves depends on the target, hardly on the source
    ...mapRuns(context, "randomSubspace", { maps: rotations(arbitrary) }).filter(
      ({ direction: way }) => ENDS[way].source === ENDS[way].target && maps[way] !== undefined,
    ),
    ...(base !== undefined && sameWidth ? frozenBasisRuns(context, base) : []),
  ];
  return runControls(context, runs, book);
}

function report({ input, run }: TableContext, phase: CellProgress["phase"]): void {
  input.onProgress?.({ table: run.table, phase });
}

function spellTable(answer: Int32Array, { causal }: CellInput): Record<string, string> {
  return Object.fromEntries(
    causal.groupNames.map((name, group) => [
      name,
      present(causal.classes[i32(answer, group)], "class"),
    ]),
  );
}
