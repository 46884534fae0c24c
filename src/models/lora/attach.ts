/**
 * @file A located base with a LoRA adapter beside its weights: the tuned model. Sites were found in the base and stay:
 * an adapter changes weights, not structure. The weights of the base are those of the same files, in both models.
 */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { ModelFormatError } from "../../errors.js";
import { copyModel } from "../../onnx/copy.js";
import type { Value } from "../../onnx/graph.js";
import { standingAt } from "../../store/regular-file.js";
import type { Finding, LocatedModel } from "../located.js";
import { readAdapterConfig } from "./adapter-config.js";
import { readAdapterTensors } from "./adapter-tensors.js";
import { applyLora } from "./edit.js";
import { planLora, type LoraPlan } from "./plan.js";

/**
 * Returns the model that `base` is with the adapter in `folder`; `base` itself stays as it is.
 *
 * @throws {@link ModelFormatError} when the folder is no LoRA adapter, uses what is not supported, or does not fit the base.
 */
export function attachAdapter(base: LocatedModel, folder: string): LocatedModel {
  checkFolder(folder);
  const config = readAdapterConfig(folder);
  const adapter = readAdapterTensors(folder);
  const { model, of } = copyModel(base.model);
  const plan = planLora({ graph: model.graph, config, adapter });
  const moved = applyLora(model, plan);
  const now = (value: Value): Value => {
    const copy = of(value);
    const result = moved.get(copy) ?? copy;
    result.type = value.type;
    return result;
  };
  return {
    ...base,
    model,
    lora: plan,
    sites: base.sites.map(now),
    logits: now(base.logits),
    evidence: [...base.evidence, describePlan(plan)],
    sources: [
      ...(base.sources ?? []),
      { role: "adapter configuration", path: realpathSync(join(folder, "adapter_config.json")) },
    ],
  };
}

function checkFolder(folder: string): void {
  const standing = standingAt(folder);
  if (standing.kind === "folder") return;
  throw new ModelFormatError("the adapter does not exist", {
    code: "ADAPTER_MISSING",
    where: folder,
    expected: "a PEFT folder: adapter_config.json and adapter_model.safetensors",
    found: standing.kind === "file" ? "a file" : standing.what,
    hint: "give the folder that PEFT's save_pretrained wrote",
  });
}

function describePlan({ products, replacements }: LoraPlan): Finding {
  const ranks = [...new Set(products.map(({ a }) => a.dims[0] ?? 0))].sort((a, b) => a - b);
  const parts = [
    ...(products.length === 0
      ? []
      : [`${products.length} modules with products of rank ${ranks.join(", ")}`]),
    ...(replacements.length === 0 ? [] : [`parameters replaced: ${replacements.length}`]),
  ];
  return { supports: true, text: `LoRA adapter: ${parts.join(", ")}` };
}
