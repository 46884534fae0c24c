/**
 * @file Digests of everything that can change a number: model files, tokenizer, audits. They name a run in its
 * manifest and its cells in the store.
 */
import { statSync } from "node:fs";
import { basename } from "node:path";
import type { LocatedModel } from "../models/located.js";
import { SIDES, type Side } from "../measure/measures.js";
import { externalFiles } from "../onnx/encode.js";
import { digestFile } from "../store/digest.js";
import type { ReadyAudits } from "./prepare-audits.js";

/** One file that was read. */
export interface InputFile {
  readonly role: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Real path; goes into the part of the manifest that may differ. */
  readonly path: string;
}

/** All inputs of a run. */
export interface Inputs {
  readonly files: readonly InputFile[];
  readonly tokenizer?: string;
  readonly audits: readonly { readonly id: string; readonly sha256: string }[];
}

/** Reads every input file once. Aborts with the signal's reason. */
export async function digestInputs({
  models,
  ready,
  signal,
}: {
  models: Readonly<Record<Side, LocatedModel>>;
  ready: ReadyAudits;
  signal: AbortSignal;
}): Promise<Inputs> {
  const files: InputFile[] = [];
  const known = new Map<string, string>();
  for (const side of SIDES) {
    for (const { role, path } of filesOf(side, models[side])) {
      const sha256 = known.get(path) ?? (await digestFile(path, signal));
      known.set(path, sha256);
      files.push({ role, sha256, bytes: statSync(path).size, path });
    }
  }
  return {
    files,
    ...(ready.tokenizer === undefined ? {} : { tokenizer: ready.tokenizer.digest }),
    audits: [...ready.audits, ...ready.texts].map(({ prepared, sha256 }) => ({
      id: prepared.audit.id,
      sha256,
    })),
  };
}

function filesOf(
  side: Side,
  { path, model, sources = [] }: LocatedModel,
): { role: string; path: string }[] {
  const weights = externalFiles(model.graph).filter((file) => file !== path);
  return [
    { role: `${side} model`, path },
    ...weights.map((file) => ({ role: `${side} weights ${basename(file)}`, path: file })),
    ...sources.map((source) => ({ role: `${side} ${source.role}`, path: source.path })),
  ];
}
