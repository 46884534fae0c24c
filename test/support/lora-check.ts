/**
 * @file A LoRA adapter made up for any located model, its products beside the weights against the same products merged into
 * them: two graphs that must compute the same.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { present } from "../../src/errors.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { openMatrix } from "../../src/models/diff/weight-reader.js";
import { listWeights } from "../../src/models/diff/weight-slots.js";
import { feedBatch } from "../../src/models/feed-batch.js";
import type { LocatedModel } from "../../src/models/located.js";
import { attachAdapter } from "../../src/models/lora/attach.js";
import { findModules, type Module } from "../../src/models/lora/modules.js";
import { copyModel } from "../../src/onnx/copy.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { stream, type Stream } from "../../src/stats/stream.js";
import { encodeSafetensors, storedFloat32 } from "../../src/store/safetensors.js";
import { deviation, runModel } from "./run-model.js";

const RANK = 2;
const ALPHA = 3;
const SCALE = ALPHA / RANK;

/** Outcome of {@link checkLora}. */
export interface LoraCheck {
  /** Modules that were adapted. */
  readonly modules: number;
  /** Largest |logit difference| between the adapter beside and the adapter merged. */
  readonly worst: number;
  /** Largest |logit| of the merged model. */
  readonly largest: number;
  /** Largest |logit difference| between the base and the merged model: what the adapter does at all. */
  readonly effect: number;
}

/**
 * Writes an adapter for every linear layer of the blocks into `folder`, attaches it, and compares with merged weights.
 * Both graphs are float32: differences are those of summation order.
 */
export async function checkLora(
  base: LocatedModel,
  { rows, folder, seed = 0 }: { rows: readonly number[][]; folder: string; seed?: number },
): Promise<LoraCheck> {
  const factors = makeFactors(base, stream(seed, "lora-check"));
  writeAdapter(folder, factors);
  const [beside, merged, alone] = await Promise.all(
    [attachAdapter(base, folder), mergeInto(base, factors), base].map(async (model) => {
      const { logits } = await runModel(buildWhole(model), feedBatch(base.feeds, rows));
      return present(logits, "logits").data as Float32Array;
    }),
  );
  const { worst, largest } = deviation(present(beside, "run"), present(merged, "run"));
  const effect = deviation(present(alone, "run"), present(merged, "run")).worst;
  return { modules: factors.size, worst, largest, effect };
}

interface Factors {
  /** `[RANK, in]` */
  readonly a: Float32Array;
  /** `[out, RANK]` */
  readonly b: Float32Array;
  readonly dims: readonly [number, number];
}

/** Products of a few per cent of a weight's size. */
function makeFactors({ model }: LocatedModel, rng: Stream): Map<string, Factors> {
  const linear = [...findModules(model.graph).byPath.values()].filter(
    (module): module is Module & { dims: readonly [number, number] } =>
      module.kind === "linear" && module.dims !== undefined && /\.\d+\./.test(module.path),
  );
  const normals = (count: number, scale: number): Float32Array =>
    Float32Array.from({ length: count }, () => scale * (rng.next() - 0.5));
  return new Map(
    linear.map(({ path, dims }) => [
      path,
      { dims, a: normals(RANK * dims[0], 0.2), b: normals(RANK * dims[1], 0.2) },
    ]),
  );
}

function writeAdapter(folder: string, factors: ReadonlyMap<string, Factors>): void {
  mkdirSync(folder, { recursive: true });
  const config = {
    peft_type: "LORA",
    r: RANK,
    lora_alpha: ALPHA,
    target_modules: [...factors.keys()],
  };
  writeFileSync(join(folder, "adapter_config.json"), JSON.stringify(config));
  const tensors = [...factors].flatMap(([path, { a, b, dims }]) => [
    [`base_model.model.${path}.lora_A.weight`, storedFloat32(a, [RANK, dims[0]])] as const,
    [`base_model.model.${path}.lora_B.weight`, storedFloat32(b, [dims[1], RANK])] as const,
  ]);
  writeFileSync(join(folder, "adapter_model.safetensors"), encodeSafetensors(new Map(tensors)));
}

/** W + s B A in the place of W, as a dense constant. */
function mergeInto(base: LocatedModel, factors: ReadonlyMap<string, Factors>): LocatedModel {
  const { model, of } = copyModel(base.model);
  const copy = { ...base, model, sites: base.sites.map(of), logits: of(base.logits) };
  const slots = new Map(
    listWeights(copy)
      .filter(({ role }) => role === "linear")
      .map((slot) => [slot.node, slot]),
  );
  for (const [path, { node, weightIndex }] of findModules(model.graph).byPath) {
    const own = factors.get(path);
    const slot = slots.get(node);
    if (own === undefined || slot === undefined) continue;
    const [inner, outer] = own.dims;
    const view = openMatrix(slot.tensor, slot.isTransposed);
    const weight = Float64Array.from(view.read(0, view.rows));
    view.close();
    for (let i = 0; i < inner; i++)
      for (let o = 0; o < outer; o++)
        for (let r = 0; r < RANK; r++)
          weight[i * outer + o]! += SCALE * own.b[o * RANK + r]! * own.a[r * inner + i]!;
    const isFlipped = node.int("transB", 0) !== 0;
    const stored = isFlipped
      ? Float64Array.from(weight, (_, at) => weight[(at % inner) * outer + Math.floor(at / inner)]!)
      : weight;
    const tensor = float32Tensor(stored, isFlipped ? [outer, inner] : [inner, outer]);
    node.replaceInput(
      weightIndex,
      model.graph.addInitializer(model.graph.freshName(`${path}.merged`), tensor),
    );
  }
  model.graph.prune();
  return copy;
}
