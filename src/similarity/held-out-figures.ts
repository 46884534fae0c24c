/** @file What is fitted between two layers on one half of the items and scored on the other. */
import { rowRange } from "../numeric/matrix.js";
import { canonicalCorrelations, ccaNames } from "./canonical-correlation.js";
import { DEBIASED_ITEMS } from "./cka.js";
import type { LayerFigure } from "./layer-figure.js";
import type { LayerMeasure } from "./layer-measures.js";
import { procrustes, PROCRUSTES_NAME, type PairedStates } from "./procrustes.js";

/** Most items that maps between layers are fitted to: their decompositions grow with the cube. */
const FIT_ITEMS = 256;

/** The measures that are fitted. */
const FITTED: readonly LayerMeasure[] = ["procrustes", "cca"];

/** Whether any of `measures` is fitted. */
export function anyFitted(measures: ReadonlySet<LayerMeasure>): boolean {
  return FITTED.some((measure) => measures.has(measure));
}

/**
 * Procrustes and canonical correlations of `x` `[item, d₁]` and `y` `[item, d₂]`, as far as they are asked for. Items
 * stand in random order: the first half (at most 256) is fitted to, the second scored. Memory grows with item × d.
 */
export function heldOutFigures(
  { x, y }: PairedStates,
  measures: ReadonlySet<LayerMeasure>,
): readonly LayerFigure[] {
  const half = Math.floor(x.rows / 2);
  const fitted = Math.min(half, FIT_ITEMS);
  const parts = {
    fit: { x: rowRange(x, 0, fitted), y: rowRange(y, 0, fitted) },
    test: { x: rowRange(x, half, x.rows), y: rowRange(y, half, y.rows) },
  };
  const enough = fitted >= DEBIASED_ITEMS;
  const figure = (measure: string, value: number | undefined): LayerFigure => ({
    ...{ measure, value: value ?? null, n: x.rows - half, nFit: fitted },
  });
  const turned = (): readonly LayerFigure[] => [
    figure(PROCRUSTES_NAME, enough ? procrustes(parts) : undefined),
  ];
  const correlated = (): readonly LayerFigure[] => {
    const found = enough ? canonicalCorrelations(parts) : undefined;
    const names = ccaNames();
    return [figure(names.mean, found?.mean), figure(names.pwcca, found?.pwcca)];
  };
  return [
    ...(measures.has("procrustes") ? turned() : []),
    ...(measures.has("cca") ? correlated() : []),
  ];
}
