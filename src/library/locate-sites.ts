/**
 * @file From a path to a model with known residual sites.
 */
import { showSites, type SitedModel } from "./sited-model.js";

/** How to locate. */
export interface LocateOptions {
  /** Folder of a LoRA adapter (PEFT) on top of the model. */
  readonly tunedAdapter?: string;
}

/**
 * Finds the residual stream of a decoder, by structure and never by names.
 *
 * `path`: a .onnx file, a folder that holds one, or a Hugging Face folder with `config.json` and safetensors. Weights stay
 * where they are.
 *
 * @throws {@link ModelFormatError} when the model cannot be read; {@link LocateError} when the residual stream is not found,
 * or contradicts the model's own configuration.
 *
 * @example
 * ```ts
 * const model = await locateSites("base/");
 * console.log(model.nLayers, model.dModel, model.sites[3]?.value);
 * ```
 */
export async function locateSites(
  path: string,
  { tunedAdapter }: LocateOptions = {},
): Promise<SitedModel> {
  const { ADAPTERS } = await import("./built-in.js");
  const { loadNamed } = await import("../cli/load-models.js");
  return showSites(await loadNamed({ model: path, tunedAdapter }, { adapters: ADAPTERS }));
}
