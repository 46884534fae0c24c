/**
 * @file `npm run check:checkpoints -- MANIFEST [--only model,…]`: the `hf/` folder of every model of a manifest of exports
 * against the model's PyTorch reference, no ONNX file involved, and a LoRA adapter on it against the merged weights.
 * Prints one line per folder; exits 0 only when every folder passes.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ADAPTERS } from "../../adapters/index.js";
import { MasAuditError, UsageError } from "../../src/errors.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { COLUMNS, columnsOver, runCheck, type Line } from "./check-table.js";
import { readManifest } from "./exports-manifest.js";
import { checkLora } from "./lora-check.js";
import { readReference } from "./reference.js";
import { compareWithReference } from "./reference-check.js";

/**
 * Largest deviations that pass. The corpus holds float32 weights: 2^-24 per rounding, sums of up to 128 terms, about 60
 * operators deep, errors adding up at random give some 1e-6; ten times that leaves room for other kernels.
 */
const BOUND = { forward: 1e-5, gradients: 1e-4 } as const;

/** What an adapter changes, as a share of the largest logit: less would compare nothing with nothing. */
const LEAST_EFFECT = 1e-2;

/** Prompts on which an adapter is compared. */
const PROMPTS = [
  [5, 17, 3, 200, 41],
  [9, 9, 150],
];

interface Folder {
  readonly model: string;
  readonly path: string;
  readonly reference: string;
  readonly isRefusal: boolean;
}

/** Every model with a folder of its own; refused where each of its exports is. */
function readFolders(manifest: string, only: readonly string[] | undefined): Folder[] {
  const entries = readManifest(manifest, undefined);
  const root = dirname(manifest);
  const models = [...new Set(entries.map(({ id }) => id.split("/")[0]!))];
  const unknown = (only ?? []).filter((name) => !models.includes(name));
  if (unknown.length > 0) {
    throw new UsageError("no such model in the manifest", {
      code: "CHECKPOINT_UNKNOWN",
      where: manifest,
      expected: models.join(", "),
      found: unknown.join(", "),
    });
  }
  return models
    .filter((model) => only === undefined || only.includes(model))
    .filter((model) => existsSync(join(root, model, "hf")))
    .map((model) => ({
      model,
      path: join(root, model, "hf"),
      reference: join(root, model, "reference.safetensors"),
      isRefusal: entries
        .filter(({ id }) => id.startsWith(`${model}/`))
        .every((each) => each.refusal !== undefined),
    }));
}

async function checkFolder({ path, reference, isRefusal }: Folder): Promise<Line> {
  const line = { sites: "-", deviations: [] };
  try {
    const located = await loadModel(path, { adapters: ADAPTERS });
    const sites = `${located.sites.length} × ${located.dModel}`;
    if (isRefusal) return { ...line, sites, verdict: "FAIL: should be refused", ok: false };
    const deviations = await compareWithReference(located, readReference(reference));
    const lora = await compareLora(located);
    const failures = [
      ...columnsOver(deviations, BOUND),
      ...(lora.deviation <= BOUND.forward ? [] : ["lora"]),
      ...(lora.effect >= LEAST_EFFECT ? [] : [`an adapter that changes only ${lora.effect}`]),
      ...(located.adapter === "checkpoint" ? [] : [`adapter ${located.adapter}`]),
    ];
    const ok = failures.length === 0;
    const verdict = ok ? "ok" : `FAIL: ${failures.join(", ")}`;
    const numbers = [...COLUMNS.map((name) => deviations[name]), lora.deviation];
    return { sites, deviations: numbers, verdict, ok };
  } catch (error) {
    if (!(error instanceof MasAuditError)) throw error;
    const ok = isRefusal && error.code === "CHECKPOINT_FAMILY";
    return { ...line, verdict: `${ok ? "refused" : "FAIL"}: ${error.found ?? error.message}`, ok };
  }
}

async function compareLora(located: LocatedModel): Promise<{ deviation: number; effect: number }> {
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-lora-"));
  try {
    const { worst, largest, effect } = await checkLora(located, { rows: PROMPTS, folder });
    return { deviation: worst / largest, effect: effect / largest };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

runCheck({
  usage: "npm run check:checkpoints -- MANIFEST [--only model,…]",
  noun: "folder",
  // lora: adapter beside the weights against adapter merged, as a share of the largest logit
  columns: [...COLUMNS, "lora"],
  read: readFolders,
  nameOf: ({ model }) => model,
  check: checkFolder,
});
