/**
 * @file A model whose residual stream is known, as the library shows it: facts, and no graph that a caller could break.
 */
import { PlanError } from "../errors.js";
import type { LocatedModel } from "../models/located.js";

/** A point of the residual stream. */
export interface ResidualSite {
  /** 0: the embedding output; l: after block l. */
  readonly layer: number;
  /** Name of the value in the model's graph, `[batch, token, dModel]`. */
  readonly value: string;
}

/** Something that was seen in a model, for or against its being what it was taken for. */
export interface Evidence {
  /** Does it speak for it? */
  readonly supports: boolean;
  /** What was seen, for a person. */
  readonly text: string;
}

/** A model whose residual sites were found: what `locateSites` gives and `splitAt` takes. */
export interface SitedModel {
  /** Real path of the model file. */
  readonly path: string;
  /** Id of the adapter that recognised the file. */
  readonly adapter: string;
  /** Why it was recognised so. */
  readonly evidence: readonly Evidence[];
  /** Blocks of the model. */
  readonly nLayers: number;
  /** Width of the residual stream. */
  readonly dModel: number;
  /** Tokens of the vocabulary, as the head has them. */
  readonly vocab: number;
  /** The sites, from layer 0 to layer {@link SitedModel.nLayers}. */
  readonly sites: readonly ResidualSite[];
}

/** The graphs behind the facts. */
const GRAPHS = new WeakMap<SitedModel, LocatedModel>();

/** The facts of a located model. */
export function showSites(located: LocatedModel): SitedModel {
  const { path, adapter, evidence, nLayers, dModel, vocab, sites } = located;
  const model = {
    ...{ path, adapter, evidence, nLayers, dModel, vocab },
    sites: sites.map(({ name }, layer) => ({ layer, value: name })),
  };
  GRAPHS.set(model, located);
  return model;
}

/** The located model behind the facts. @throws {@link PlanError} for an object that `locateSites` did not make. */
export function locatedOf(model: SitedModel): LocatedModel {
  const located = GRAPHS.get(model);
  if (located !== undefined) return located;
  throw new PlanError("this is not a model that was located here", {
    code: "NOT_LOCATED",
    expected: "the very object that locateSites resolved to",
    found: "a copy, or something else",
    hint: "call locateSites, and keep its result",
  });
}
