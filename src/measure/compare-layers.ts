/** @file All layers of both models against each other, with breath between layers for progress and Ctrl-C. */
import {
  compareSketches,
  layerTables,
  matchLayers,
  sketchLayer,
  type LayerFigure,
  type LayerTable,
} from "../similarity/layer-tables.js";
import type { Stream } from "../stats/stream.js";
import { layerStates, type ModelPair, type Steps } from "./layer-states.js";

/** What {@link compareLayers} is asked. */
export interface LayerComparison extends ModelPair, Steps {
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
 * Tables over all pairs of layers, and figures of matching ones. Only the sketches of the tuned layers are kept
 * (n² / 2 numbers of 4 bytes, twice, per layer); a base layer is sketched when its row is due.
 *
 * @throws whatever `step` throws, to stop.
 */
export async function compareLayers({
  base,
  tuned,
  sameDepth,
  random,
  begin,
  step,
}: LayerComparison): Promise<{
  readonly tables: readonly LayerTable[];
  readonly matching: readonly LayerMatch[];
}> {
  begin(base.states.size + tuned.states.size);
  const sketches = new Map<number, ReturnType<typeof sketchLayer>>();
  for (const layer of tuned.states.keys()) {
    sketches.set(layer, sketchLayer(layerStates(tuned, layer)));
    await step(`tuned layer ${layer}`);
  }
  const rows: ReturnType<typeof compareSketches>[][] = [];
  const matching: LayerMatch[] = [];
  let n = 0;
  for (const layer of base.states.keys()) {
    const x = layerStates(base, layer);
    n = x.rows;
    const own = sketchLayer(x);
    rows.push([...sketches.values()].map((other) => compareSketches(own, other)));
    const other = sameDepth ? sketches.get(layer) : undefined;
    if (other !== undefined) {
      const order = random.fork("halves").shuffle([...Array(n).keys()]);
      const y = layerStates(tuned, layer);
      matching.push({ layer, figures: matchLayers({ x, y }, { a: own, b: other, order }) });
    }
    await step(`base layer ${layer}`);
  }
  return { tables: layerTables(rows, n), matching };
}
