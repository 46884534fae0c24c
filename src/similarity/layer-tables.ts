/**
 * @file Figures of all pairs of layers from sketches, over all items at once or over batches of them: HSIC₁ is averaged
 * over batches before it is divided (Nguyen, Raghu and Kornblith 2021, arXiv 2010.15327, eq. 3), which keeps its
 * expectation; of RSA and of neighbours it is the mean over batches that is given, and each name says so.
 */
import { invariant, present } from "../errors.js";
import { ckaName } from "./cka.js";
import type { LayerFigure, LayerTable } from "./layer-figure.js";
import type { LayerMeasure } from "./layer-measures.js";
import type { SketchFigures } from "./layer-sketch.js";
import { neighboursName, type NeighbourShare } from "./mutual-neighbours.js";
import { rsaName } from "./rsa.js";

/** All pairs of layers over one batch of items. */
export interface BatchFigures {
  /** Items. */
  readonly n: number;
  /** {@link ownHsicRoot} by layer. */
  readonly roots: { readonly base: readonly number[]; readonly tuned: readonly number[] };
  /** `[base][tuned]`. */
  readonly pairs: readonly (readonly SketchFigures[])[];
}

/** Tables `[base][tuned]` of those of `measures` that have one, from all batches. */
export function layerTables(
  batches: readonly BatchFigures[],
  measures: ReadonlySet<LayerMeasure>,
): readonly LayerTable[] {
  const sizes = batches.map(({ n }) => n);
  const tables = [
    { of: "cka", measure: ckaName(), how: "HSIC₁ averaged over", values: ckaTable },
    { of: "rsa", measure: rsaName(), how: "mean over", values: rsaTable },
  ] as const;
  return tables
    .filter(({ of }) => measures.has(of))
    .map(({ measure, how, values }) => ({
      measure: overBatches(measure, how, sizes),
      n: total(sizes),
      values: values(batches),
    }));
}

/**
 * `Σ HSIC₁(k, l) / √(Σ HSIC₁(k, k) Σ HSIC₁(l, l))`, sums over batches. Of a single batch it is that batch's CKA to the
 * last bit: each weight below is then a number over itself.
 */
function ckaTable(batches: readonly BatchFigures[]): LayerTable["values"] {
  const whole = {
    base: lengths(batches.map(({ roots }) => roots.base)),
    tuned: lengths(batches.map(({ roots }) => roots.tuned)),
  };
  return whole.base.map((base, i) =>
    whole.tuned.map((tuned, j) => {
      if (base === 0 || tuned === 0) return null;
      return total(
        batches.map(({ pairs, roots }) => {
          const weight = (at(roots.base, i) / base) * (at(roots.tuned, j) / tuned);
          return weight * (pairs[i]?.[j]?.cka ?? 0); // states that do not vary: HSIC₁ is 0
        }),
      );
    }),
  );
}

/** `√(Σ root²)` over batches, by layer: exactly the root where there is one batch. */
function lengths(roots: readonly (readonly number[])[]): readonly number[] {
  const [first = []] = roots;
  return first.map((_, layer) => Math.sqrt(total(roots.map((own) => at(own, layer) ** 2))));
}

function rsaTable(batches: readonly BatchFigures[]): LayerTable["values"] {
  const [first] = batches;
  return present(first, "a batch").pairs.map((row, i) =>
    row.map((_, j) => meanOf(batches.map(({ pairs }) => pairs[i]?.[j]?.rsa ?? null))),
  );
}

/** Mutual neighbours of two layers; `shares` by batch. */
export function neighboursFigure(
  shares: readonly (NeighbourShare | undefined)[],
  sizes: readonly number[],
): LayerFigure {
  const value = meanOf(shares.map((share) => share?.value ?? null));
  const chance = meanOf(shares.map((share) => share?.chance ?? null));
  return {
    ...{ measure: overBatches(neighboursName(), "mean over", sizes), value, n: total(sizes) },
    ...(chance !== null && { chance }),
  };
}

/** `null` where one of them is. */
function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : total(known) / known.length;
}

/** `measure`, and over which batches: all items in one need no word. */
function overBatches(measure: string, how: string, sizes: readonly number[]): string {
  invariant(sizes.length > 0, "figures of no batch");
  if (sizes.length === 1) return measure;
  const least = Math.min(...sizes).toLocaleString("en");
  const most = Math.max(...sizes).toLocaleString("en");
  const size = least === most ? most : `${least} or ${most}`;
  return `${measure}, ${how} ${sizes.length} batches of ${size} prompts`;
}

function at(values: readonly number[], i: number): number {
  return present(values[i], "a layer");
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
