/**
 * @file The canonical form: no branch on an input, no Constant or Identity nodes, every residual sum a value.
 */
import type { Model } from "../graph.js";
import { constants } from "./constants.js";
import { foldIdentity } from "./fold-identity.js";
import { inlineIf } from "./inline-if.js";
import { applyPasses, type Pass, type PassRecord } from "./pass.js";
import { splitSkipNorm } from "./split-skip-norm.js";

/** In this order: inlining brings Constant and Skip nodes of the branch to the top. */
export const CANONICAL_PASSES: readonly Pass[] = [inlineIf, constants, foldIdentity, splitSkipNorm];

/** Brings a model into canonical form, in place, and returns what each pass changed. */
export function canonicalise(model: Model): PassRecord[] {
  return applyPasses(model, CANONICAL_PASSES);
}
