/** @file The layers of a run: the text of `--layers` against a model, or against both. */
import { InvariantError, PlanError } from "../errors.js";
import type { Side } from "../measure/measures.js";
import type { LocatedModel } from "../models/located.js";
import { parseLayerSpec, resolveLayers } from "../plan/layers.js";

/**
 * Layers to examine, ascending.
 *
 * @throws {@link PlanError} when the models differ in depth, or a layer does not exist.
 */
export function chooseLayers(
  text: string,
  { base, tuned }: Readonly<Record<Side, Pick<LocatedModel, "nLayers" | "path">>>,
): readonly number[] {
  if (base.nLayers !== tuned.nLayers) {
    throw new PlanError("the two models differ in depth", {
      code: "DEPTHS_DIFFER",
      where: `${base.path} and ${tuned.path}`,
      expected: `${base.nLayers} blocks, as in the base`,
      found: `${tuned.nLayers} blocks in the tuned model`,
      hint: "layers are compared one to one: give two checkpoints of one architecture",
    });
  }
  return layersOf(text, base.nLayers);
}

/**
 * Layers of one model that a checked `--layers` names, ascending.
 *
 * @throws {@link PlanError} when a layer does not exist.
 */
export function layersOf(text: string, nLayers: number): readonly number[] {
  const spec = parseLayerSpec(text);
  if ("kind" in spec) return resolveLayers(spec, nLayers);
  throw new InvariantError(`internal: the command line let "${text}" through`, {
    code: "INTERNAL",
  });
}
