/**
 * @file Fused attention and rotation, written out in primitive operators: what suffix graphs are differentiated
 * through. Graphs that are only run forwards keep the fused kernels, which are faster, where the CPU has them.
 */
import type { Model } from "../../graph.js";
import { applyPasses, type Pass, type PassRecord } from "../pass.js";
import { attention } from "./attention.js";
import { groupQueryAttention } from "./group-query-attention.js";
import { multiHeadAttention } from "./multi-head-attention.js";
import { packedAttention } from "./packed-attention.js";
import { contribRotaryEmbedding, onnxRotaryEmbedding } from "./rotary-embedding.js";
import { decompositionPass, type Decomposition } from "./rewriting.js";

/** Every operator that is written out. */
export const DECOMPOSITIONS: readonly Decomposition[] = [
  contribRotaryEmbedding,
  onnxRotaryEmbedding,
  groupQueryAttention,
  multiHeadAttention,
  packedAttention,
  attention,
];

/** Writes out every fused operator. */
export const DECOMPOSITION_PASSES: readonly Pass[] = DECOMPOSITIONS.map((decomposition) =>
  decompositionPass(decomposition, "all"),
);

/** Writes out the nodes that the runtime's CPU kernel refuses; part of the canonical form. */
export const KERNEL_LIMIT_PASSES: readonly Pass[] = DECOMPOSITIONS.filter(
  ({ beyondKernel }) => beyondKernel !== undefined,
).map((decomposition) => decompositionPass(decomposition, "beyond-kernel"));

/**
 * Writes out all fused attention and rotation of a graph, in place.
 *
 * @throws {@link UnsupportedOperatorError} naming every form that is not covered.
 */
export function decompose(model: Model): PassRecord[] {
  return applyPasses(model, DECOMPOSITION_PASSES);
}
