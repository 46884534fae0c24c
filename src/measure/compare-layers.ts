/** @file All layers of both models against each other, with breath between layers for progress and Ctrl-C. */
import { anyFitted, heldOutFigures } from "../similarity/held-out-figures.js";
import type { LayerFigure, LayerTable } from "../similarity/layer-figure.js";
import type { LayerMeasure } from "../similarity/layer-measures.js";
import {
  compareSketches,
  ownHsicRoot,
  sharedNeighbours,
  sketchLayer,
  type Sketch,
  type SketchFigures,
} from "../similarity/layer-sketch.js";
import { layerTables, neighboursFigure, type BatchFigures } from "../similarity/layer-tables.js";
import type { NeighbourShare } from "../similarity/mutual-neighbours.js";
import type { Stream } from "../stats/stream.js";
import { layerRows, type ModelPair, type ModelStates, type Steps } from "./layer-states.js";

/** What {@link compareLayers} is asked. */
export interface LayerComparison extends ModelPair, Steps {
  readonly measures: ReadonlySet<LayerMeasure>;
  /** Every prompt once: those of a batch are compared with each other. */
  readonly batches: readonly (readonly number[])[];
  /** Layers of equal number mean the same place in both models. */
  readonly sameDepth: boolean;
  /** Splits the prompts into those fitted to and those scored. */
  readonly random: Stream;
}

/** Figures of two layers of one number. */
export interface LayerMatch {
  readonly layer: number;
  readonly figures: readonly LayerFigure[];
}

/**
 * Tables over all pairs of layers, and figures of matching ones. Only the sketches of the tuned layers over one batch are
 * kept (b² / 2 numbers of 4 bytes for b prompts, twice, per layer); a base layer is sketched when its row is due.
 *
 * @throws whatever `step` throws, to stop.
 */
export async function compareLayers(request: LayerComparison): Promise<{
  readonly tables: readonly LayerTable[];
  readonly matching: readonly LayerMatch[];
}> {
  const { base, tuned, batches, sameDepth, measures, begin, step } = request;
  const matched = sameDepth ? [...base.states.keys()].filter((at) => tuned.states.has(at)) : [];
  const ofPairs = measures.has("cka") || measures.has("rsa");
  const ofMatched = measures.has("neighbours") && matched.length > 0;
  const found: BatchOfLayers[] = [];
  if (ofPairs || ofMatched) {
    begin(batches.length * (base.states.size + tuned.states.size));
    for (const [i, prompts] of batches.entries()) {
      const name = batches.length === 1 ? "" : `, batch ${i + 1} of ${batches.length}`;
      found.push(await compareBatch(request, { prompts, matched, name }));
    }
  }
  const fitted = anyFitted(measures);
  if (fitted) begin(matched.length);
  const order = request.random.fork("halves").shuffle(batches.flat().sort((a, b) => a - b));
  const sizes = batches.map((prompts) => prompts.length);
  const matching: LayerMatch[] = [];
  for (const layer of matched) {
    const rows = (model: ModelStates) => layerRows(model, layer, order);
    const own = fitted ? heldOutFigures({ x: rows(base), y: rows(tuned) }, measures) : [];
    const shares = found.map(({ neighbours }) => neighbours.get(layer));
    const shared = ofMatched ? [neighboursFigure(shares, sizes)] : [];
    matching.push({ layer, figures: [...own, ...shared] });
    if (fitted) await step(`layer ${layer}`);
  }
  return { tables: ofPairs ? layerTables(found, measures) : [], matching };
}

interface BatchOfLayers extends BatchFigures {
  /** Of layers that stand for the same place, by number. */
  readonly neighbours: ReadonlyMap<number, NeighbourShare | undefined>;
}

async function compareBatch(
  { base, tuned, measures, step }: LayerComparison,
  {
    prompts,
    matched,
    name,
  }: {
    readonly prompts: readonly number[];
    readonly matched: readonly number[];
    readonly name: string;
  },
): Promise<BatchOfLayers> {
  const sketch = (model: ModelStates, layer: number): Sketch =>
    sketchLayer(layerRows(model, layer, prompts), measures);
  const sketches = new Map<number, Sketch>();
  for (const layer of tuned.states.keys()) {
    sketches.set(layer, sketch(tuned, layer));
    await step(`tuned layer ${layer}${name}`);
  }
  const roots = { base: [] as number[], tuned: [...sketches.values()].map(ownHsicRoot) };
  const pairs: SketchFigures[][] = [];
  const neighbours = new Map<number, NeighbourShare | undefined>();
  for (const layer of base.states.keys()) {
    const own = sketch(base, layer);
    roots.base.push(ownHsicRoot(own));
    pairs.push([...sketches.values()].map((other) => compareSketches(own, other)));
    const other = matched.includes(layer) ? sketches.get(layer) : undefined;
    if (other !== undefined) neighbours.set(layer, sharedNeighbours(own, other));
    await step(`base layer ${layer}${name}`);
  }
  return { n: prompts.length, roots, pairs, neighbours };
}
