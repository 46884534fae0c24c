/**
 * @file What differs between two models in structure and weights, before anything causal is asked.
 */
import type { LocatedModel } from "../located.js";
import type { Product } from "../lora/plan.js";
import { compareProduct } from "./compare-product.js";
import { compareWeights, finite, sharesBytes, type WeightDistance } from "./compare-weights.js";
import { matchWeights, type MatchedBy } from "./match-weights.js";
import { isReadable } from "./weight-reader.js";
import { listWeights, type WeightRole, type WeightSlot } from "./weight-slots.js";

/** One weight of one side. */
export interface WeightNote {
  readonly name: string;
  /** 0 = before the first block; 1 … nLayers = block; nLayers + 1 = head. */
  readonly layer: number;
  readonly role: WeightRole;
  readonly dtype: string;
  readonly dims: readonly number[];
}

/** One pair of weights. */
export interface WeightDiff extends WeightDistance {
  readonly name: string;
  /** Name in the tuned model, where it is another. */
  readonly tunedName: string | null;
  readonly layer: number;
  readonly role: WeightRole;
  readonly dims: readonly number[];
  readonly dtype: { readonly base: string; readonly tuned: string };
  readonly matchedBy: MatchedBy;
  /** Both models read the same bytes of one file. */
  readonly shared: boolean;
  /** The change is a low-rank product beside the weight (LoRA). */
  readonly lora: boolean;
}

/** Sums over the weights of one part of the model. */
export interface LayerDiff {
  readonly layer: number;
  readonly weights: number;
  readonly changed: number;
  readonly onlyOneSide: number;
  /** ‖Δ‖ / ‖base‖ over the pairs of the layer that changed; null where it cannot be told. */
  readonly relative: number | null;
  /** The weight that changed most, relative to its size. */
  readonly most: string | null;
}

/** A property that both models have. */
export interface StructureRow {
  readonly property: string;
  readonly base: string | number | null;
  readonly tuned: string | number | null;
  readonly equal: boolean;
}

/** The whole comparison. */
export interface ModelDiff {
  readonly structure: readonly StructureRow[];
  readonly layers: readonly LayerDiff[];
  readonly weights: readonly WeightDiff[];
  readonly onlyBase: readonly WeightNote[];
  readonly onlyTuned: readonly WeightNote[];
  /** Pairs of a type that is not read as numbers. */
  readonly notCompared: readonly string[];
}

/** What the comparison tells its caller on the way. */
export interface DiffWatch {
  begin(total: number): void;
  weight(name: string): void;
  /** Resolves when the next weight may be read; throws to stop. */
  done(): Promise<void>;
}

/** Compares two models; weights are read a strip at a time. */
export async function diffModels(
  { base, tuned }: { readonly base: LocatedModel; readonly tuned: LocatedModel },
  watch: DiffWatch,
): Promise<ModelDiff> {
  const matching = matchWeights(listWeights(base), listWeights(tuned));
  const products = productsByNode(tuned);
  const weights: WeightDiff[] = [];
  const notCompared: string[] = [];
  watch.begin(matching.pairs.length);
  for (const pair of matching.pairs) {
    watch.weight(pair.base.label);
    const product =
      pair.tuned.role === "linear" || pair.tuned.role === "embedding"
        ? products.get(pair.tuned.node)
        : undefined;
    const shared = sharesBytes(pair.base, pair.tuned);
    if (!shared && !(isReadable(pair.base.tensor) && isReadable(pair.tuned.tensor)))
      notCompared.push(pair.base.label);
    else {
      const distance = distanceOf(pair.base, pair.tuned, { shared, product });
      weights.push({ ...noteOf(pair), ...distance, shared, lora: product !== undefined });
    }
    await watch.done();
  }
  const onlyBase = matching.onlyBase.map(describe);
  const onlyTuned = matching.onlyTuned.map(describe);
  return {
    structure: structureRows(base, tuned),
    layers: layerRows(Math.max(base.nLayers, tuned.nLayers), weights, [...onlyBase, ...onlyTuned]),
    weights,
    onlyBase,
    onlyTuned,
    notCompared,
  };
}

function distanceOf(
  base: WeightSlot,
  tuned: WeightSlot,
  { shared, product }: { readonly shared: boolean; readonly product: Product | undefined },
): WeightDistance {
  if (product !== undefined && shared) return compareProduct(base, product);
  return compareWeights(base, tuned);
}

function productsByNode({ lora }: LocatedModel): Map<unknown, Product> {
  return new Map((lora?.products ?? []).map((product) => [product.module.node, product]));
}

function noteOf({ base, tuned, by }: { base: WeightSlot; tuned: WeightSlot; by: MatchedBy }) {
  const { name, layer, role, dims } = describe(base);
  return {
    name,
    tunedName: tuned.label === name ? null : tuned.label,
    layer,
    role,
    dims,
    dtype: { base: base.tensor.dtype, tuned: tuned.tensor.dtype },
    matchedBy: by,
  };
}

function describe({ label, layer, role, dims, tensor }: WeightSlot): WeightNote {
  return { name: label, layer: Math.max(layer, 0), role, dims, dtype: tensor.dtype };
}

function layerRows(
  nLayers: number,
  weights: readonly WeightDiff[],
  alone: readonly WeightNote[],
): LayerDiff[] {
  return Array.from({ length: nLayers + 2 }, (_, layer) => {
    const own = weights.filter((weight) => weight.layer === layer);
    const changed = own.filter(({ state }) => state === "changed");
    const base = changed.reduce((sum, { squares }) => sum + squares.base, 0);
    const difference = changed.reduce((sum, { squares }) => sum + squares.difference, 0);
    const [most] = [...changed].sort((a, b) => (b.relative ?? Infinity) - (a.relative ?? Infinity));
    return {
      layer,
      weights: own.length,
      changed: changed.length,
      onlyOneSide: alone.filter((note) => note.layer === layer).length,
      relative: changed.length === 0 ? 0 : finite(Math.sqrt(difference / base)),
      most: most?.name ?? null,
    };
  });
}

const PROPERTIES: readonly (readonly [string, (model: LocatedModel) => string | number | null])[] =
  [
    ["form", ({ adapter }) => adapter],
    ["blocks", ({ nLayers }) => nLayers],
    ["width", ({ dModel }) => dModel],
    ["vocabulary", ({ vocab }) => vocab],
    ["context", ({ contextLength }) => contextLength ?? null],
    ["LoRA", ({ lora }) => (lora === undefined ? "none" : `${lora.products.length} products`)],
  ];

function structureRows(base: LocatedModel, tuned: LocatedModel): StructureRow[] {
  return PROPERTIES.map(([property, of]) => {
    const [a, b] = [of(base), of(tuned)];
    return { property, base: a, tuned: b, equal: a === b };
  });
}
