/**
 * @file Finished cells in the store, addressed by the digest of all their inputs: a resumed run takes what has the
 * same address and nothing else.
 */
import type { CellResult } from "../measure/cell.js";
import type { CellKey, CellMeasures } from "../measure/measures.js";
import type { CellArchive } from "../measure/run.js";
import { mapOptions, type AuditOptions } from "../plan/options.js";
import { cellSchema } from "../report/schema-measures.js";
import { cellDigest, type CellStore } from "../store/cell-store.js";
import type { JsonValue, Sha256 } from "../store/digest.js";
import { encodeSafetensors, storedFloat32 } from "../store/safetensors.js";
import { VERSION } from "../version.js";
import type { Inputs } from "./inputs.js";

/** What addresses a cell beside its key. */
export interface ArchiveParts {
  readonly store: CellStore;
  readonly inputs: Inputs;
  readonly options: AuditOptions;
  /** The device that was chosen, with its adapter: `auto` may choose another one the next time. */
  readonly device: string;
  /** What else of this machine can change a number: threads, copies of weights, windows. */
  readonly machine?: JsonValue;
  /** What learns, with its packages, where that is not the built-in learner. */
  readonly learner?: string | undefined;
  /** Told of files that stand in the store and are not trusted. */
  readonly onDistrusted: (file: string, reason: string) => void;
}

/** The archive of one run. */
export function openArchive({
  store,
  inputs,
  options,
  device,
  machine = null,
  learner,
  onDistrusted,
}: ArchiveParts): CellArchive {
  // which layers and variables are examined beside this one cannot change it
  const { k, items, pairs, steps, controls, seed, seeds } = options;
  const { batch, referencePath } = options;
  const common = {
    version: VERSION,
    files: inputs.files.map(({ role, sha256 }) => ({ role, sha256 })),
    tokenizer: inputs.tokenizer ?? null,
    options: {
      ...{ k, items, pairs, steps, controls, seed, seeds },
      ...{ batch, device, machine, referencePath },
      ...(learner === undefined ? {} : { learner }),
      ...mapOptions(options),
    },
  } satisfies JsonValue;
  const address = (key: CellKey): Sha256 =>
    cellDigest({
      ...common,
      audit: inputs.audits.find(({ id }) => id === key.audit)?.sha256 ?? null,
      key: { ...key },
    });
  return {
    find(key) {
      const found = store.get(address(key), cellSchema);
      if (found.kind === "distrusted") onDistrusted(found.file, found.reason);
      return found.kind === "found" ? found.body : undefined;
    },
    keep(key, result) {
      const cell = address(key);
      const measures = located(result, store.tensorsPath(cell));
      // measures are plain JSON by their schema; the type only lacks an index signature
      store.put(cell, measures as unknown as JsonValue, tensorBytes(key, { result, inputs }));
      return measures;
    },
  };
}

/** The measures with the place of the learned tensors. */
function located({ measures, tensors }: CellResult, path: string): CellMeasures {
  if (measures.learning === undefined || Object.keys(tensors).length === 0) return measures;
  return { ...measures, learning: { ...measures.learning, tensors: path } };
}

/** A file that says by itself what it belongs to: the cell, the models by their digests, and the scale of each. */
function tensorBytes(
  key: CellKey,
  { result, inputs }: { readonly result: CellResult; readonly inputs: Inputs },
): Uint8Array | undefined {
  const { measures, tensors } = result;
  if (Object.keys(tensors).length === 0) return undefined;
  const { audit, variable, layer, role, k, seed } = key;
  const metadata = {
    format: "mas-audit/subspace@1",
    audit,
    variable,
    layer: String(layer),
    role,
    k: String(k),
    seed: String(seed),
    ...(measures.maps && { maps: JSON.stringify(measures.maps) }),
    "sigma.base": String(measures.learning?.sigma.base ?? "none"),
    "sigma.tuned": String(measures.learning?.sigma.tuned ?? "none"),
    ...Object.fromEntries(inputs.files.map(({ role, sha256 }) => [`sha256 ${role}`, sha256])),
  };
  return encodeSafetensors(
    new Map(Object.entries(tensors).map(([name, t]) => [name, storedFloat32(t.data, t.dims)])),
    new Map(Object.entries(metadata)),
  );
}
