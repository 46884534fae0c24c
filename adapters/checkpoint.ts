/**
 * @file Folders as Hugging Face saves models: `config.json` and safetensors. The graph is generated, so its structure is
 * known; it is located like any other all the same.
 */
import { FAMILY_KEY } from "../src/models/checkpoint/generate.js";
import { attemptDecoder } from "../src/models/decoder.js";
import type { Adapter, Evidence, ModelFile } from "./adapter.js";
import { FAMILIES } from "./checkpoints/index.js";

function identify({ model, checkpoint }: ModelFile): Evidence {
  const family = model.metadata.get(FAMILY_KEY);
  const text =
    family === undefined ? "no graph that was generated from a checkpoint" : `graph of ${family}`;
  return [{ supports: family !== undefined, text }, ...(checkpoint?.findings ?? [])];
}

/** Generated graphs, made on loading or written by `mas-audit export`. */
export const checkpoint: Adapter = {
  id: "checkpoint",
  exporters:
    "Hugging Face folders (config.json and safetensors), and what `mas-audit export` writes",
  families: FAMILIES.map(({ id }) => id),
  checkpoints: FAMILIES,
  identify,
  locate: attemptDecoder,
};
