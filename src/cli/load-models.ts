/** @file The models that a command line names: files, folders, or a LoRA adapter on top of the base. */
import { invariant } from "../errors.js";
import type { Side } from "../measure/measures.js";
import type { Adapter } from "../models/adapter.js";
import { loadModel } from "../models/load.js";
import type { LocatedModel } from "../models/located.js";
import { attachAdapter } from "../models/lora/attach.js";

/** What loading needs of the composition root. */
export interface LoadParts {
  readonly adapters: readonly Adapter[];
}

/** A model as named on the command line. */
export interface NamedModel {
  readonly model: string;
  /** Folder of a LoRA adapter on top of the model. */
  readonly tunedAdapter?: string | undefined;
}

/** Loads one model. @throws what {@link loadModel} and {@link attachAdapter} throw. */
export async function loadNamed(named: NamedModel, parts: LoadParts): Promise<LocatedModel> {
  const located = await loadModel(named.model, parts);
  return named.tunedAdapter === undefined ? located : attachAdapter(located, named.tunedAdapter);
}

/** A pair as named on the command line: a tuned model, or an adapter on top of the base. */
export interface NamedPair {
  readonly base: string;
  readonly tuned: string | null;
  readonly tunedAdapter?: string | undefined;
}

/** Loads both sides. @throws what {@link loadModel} and {@link attachAdapter} throw. */
export async function loadPair(
  { base: path, tuned, tunedAdapter }: NamedPair,
  parts: LoadParts,
): Promise<Readonly<Record<Side, LocatedModel>>> {
  const base = await loadModel(path, parts);
  if (tunedAdapter !== undefined) return { base, tuned: attachAdapter(base, tunedAdapter) };
  invariant(tuned !== null, "neither a tuned model nor an adapter");
  return { base, tuned: await loadModel(tuned, parts) };
}
