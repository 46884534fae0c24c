/**
 * @file The canonical form: no branch on an input, no Constant or Identity nodes, every residual sum a value.
 */
import type { Model } from "../graph.js";
import { constants } from "./constants.js";
import { KERNEL_LIMIT_PASSES } from "./decompose/index.js";
import { dropCache } from "./drop-cache.js";
import { exactNBits } from "./exact-nbits.js";
import { expandFunctions } from "./expand-functions.js";
import { foldIdentity } from "./fold-identity.js";
import { inlineIf } from "./inline-if.js";
import { applyPasses, type Pass, type PassRecord } from "./pass.js";
import { splitBiasedGelu } from "./split-biased-gelu.js";
import { splitEmbedNorm } from "./split-embed-norm.js";
import { splitSkipNorm } from "./split-skip-norm.js";
import { transposedWeights } from "./transposed-weights.js";
import { widen } from "./widen.js";

/**
 * In this order: inlining and expanding bring Constant and fused nodes to the top; what reads weights as they lie comes
 * last, when nothing stands between a weight and its use any more.
 */
export const CANONICAL_PASSES: readonly Pass[] = [
  inlineIf,
  expandFunctions,
  constants,
  foldIdentity,
  splitSkipNorm,
  splitEmbedNorm,
  splitBiasedGelu,
  dropCache,
  exactNBits,
  widen,
  transposedWeights,
  ...KERNEL_LIMIT_PASSES,
];

/** In which precision a model computes: all in float32, or as its file says. */
export type Precision = "float32" | "file";

/** Brings a model into canonical form, in place, and returns what each pass changed. */
export function canonicalise(model: Model, precision: Precision = "float32"): PassRecord[] {
  const isWanted = (pass: Pass): boolean => pass !== widen || precision === "float32";
  return applyPasses(model, CANONICAL_PASSES.filter(isWanted));
}
