/** @file The tiny Hugging Face folders of `fixtures/checkpoints`, and changed copies of them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADAPTERS } from "../../adapters/index.js";
import { MasAuditError } from "../../src/errors.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { runWhole, type WholeRow } from "../../src/models/whole-run.js";
import { createSession } from "../../src/runtime/session.js";
import {
  encodeSafetensors,
  float32Of,
  int64Of,
  readSafetensors,
  type StoredTensor,
} from "../../src/store/safetensors.js";

/** Path of a fixture. */
export function checkpointFixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/checkpoints/${name}`, import.meta.url));
}

/** Keys of a configuration. */
export type Config = Record<string, unknown>;

/** What a copy differs in. A key set to `undefined` is removed. */
export interface Changes {
  readonly config?: Config;
  readonly tensors?: (tensors: Map<string, StoredTensor>) => Map<string, StoredTensor>;
}

/** The weights of a fixture, by name. */
export function tensorsOf(name: string): Map<string, StoredTensor> {
  return new Map(readSafetensors(join(checkpointFixture(name), "model.safetensors")).tensors);
}

/** Writes a changed copy of a fixture into `folder` and returns its path. */
export function changedCheckpoint(folder: string, name: string, changes: Changes): string {
  mkdirSync(folder, { recursive: true });
  const config: unknown = JSON.parse(
    readFileSync(join(checkpointFixture(name), "config.json"), "utf8"),
  );
  const changed = { ...(config as Config), ...changes.config }; // fixtures hold objects
  writeFileSync(join(folder, "config.json"), JSON.stringify(changed));
  const tensors = tensorsOf(name);
  const kept = changes.tensors?.(tensors) ?? tensors;
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(kept));
  return folder;
}

/** Loads a folder. */
export function loadCheckpoint(path: string): Promise<LocatedModel> {
  return loadModel(path, { adapters: ADAPTERS });
}

/** The refusal of a folder. */
export async function checkpointRefusal(path: string): Promise<MasAuditError> {
  try {
    await loadCheckpoint(path);
  } catch (error) {
    if (error instanceof MasAuditError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** What PyTorch computes, by row; padding is left out. */
export interface CheckpointReference {
  readonly rows: readonly (readonly number[])[];
  /** By row, `[token, vocab]`. */
  readonly logits: readonly Float32Array[];
  /** `[layer][row]`, each `[token, dModel]`. */
  readonly states: readonly (readonly Float32Array[])[];
}

/** Reads the reference of a fixture. */
export function checkpointReference(name: string): CheckpointReference {
  const file = readSafetensors(join(checkpointFixture(name), "reference.safetensors"));
  const lengths = int64Of(file, "lengths");
  const ids = int64Of(file, "input_ids");
  const tokens = ids.length / lengths.length;
  const byRow = (data: Float32Array): Float32Array[] => {
    const each = data.length / ids.length;
    return lengths.map((n, r) => data.slice(r * tokens * each, (r * tokens + n) * each));
  };
  const states = float32Of(file, "hidden_states");
  const layers = file.tensors.get("hidden_states")?.shape[0] ?? 0;
  const size = states.length / layers;
  return {
    rows: lengths.map((n, r) => ids.slice(r * tokens, r * tokens + n)),
    logits: byRow(float32Of(file, "logits")),
    states: Array.from({ length: layers }, (_, l) => byRow(states.slice(l * size, (l + 1) * size))),
  };
}

/** Runs a loaded model. */
export async function runCheckpoint(
  located: LocatedModel,
  rows: readonly (readonly number[])[],
): Promise<WholeRow[]> {
  const session = await createSession(buildWhole(located), { threads: 1 });
  try {
    return await runWhole(session, located, rows);
  } finally {
    await session.release();
  }
}
