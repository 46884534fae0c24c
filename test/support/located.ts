/** @file Small located models for tests: from a graph made in the test, and from real exports in `fixtures/exports`. */
import { fileURLToPath } from "node:url";
import { LocateError } from "../../src/errors.js";
import { locateDecoder } from "../../src/models/decoder.js";
import type { Configuration } from "../../src/models/configuration.js";
import type { Located } from "../../src/models/adapter.js";
import type { LocatedModel } from "../../src/models/located.js";
import type { Model } from "../../src/onnx/graph.js";
import { TINY } from "./tiny-decoder.js";

/** Path of a fixture below `fixtures/exports`. */
export function exportFixture(path: string): string {
  return fileURLToPath(new URL(`../../fixtures/exports/${path}`, import.meta.url));
}

/** Locates by structure, as the adapters do. */
export function locateModel(model: Model, configuration?: Configuration): Located {
  return locateDecoder({ path: "tiny.onnx", folder: ".", model, passes: [], configuration });
}

/** Why locating is refused. @throws when nothing is. */
export function refusal(act: () => unknown): LocateError {
  try {
    act();
  } catch (error) {
    if (error instanceof LocateError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** A tiny decoder as the loader would hand it over. */
export function locatedTiny(model: Model): LocatedModel {
  const located = locateModel(model);
  for (const site of located.sites)
    site.type = { dtype: "float32", shape: ["batch", "token", TINY.dModel] };
  return {
    path: "tiny.onnx",
    folder: ".",
    adapter: "test",
    evidence: located.findings,
    model,
    nLayers: located.sites.length - 1,
    dModel: TINY.dModel,
    vocab: TINY.vocab,
    sites: located.sites,
    logits: located.logits,
    feeds: located.feeds,
  };
}
