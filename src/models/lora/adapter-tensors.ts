/**
 * @file The tensors of an adapter by what they do. They stay where they are: only the header of the file is read.
 */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { ModelFormatError } from "../../errors.js";
import type { Tensor } from "../../onnx/tensor.js";
import { readSafetensorsHeader } from "../../store/safetensors.js";
import { storedTensor } from "../stored-tensor.js";
import { MERGE_FIRST } from "./adapter-keys.js";

/** What a tensor of an adapter is. */
export type Part =
  "A" | "B" | "biasB" | "embeddingA" | "embeddingB" | "parameter" | "baseParameter";

/** One tensor. `module` is the path of the module it belongs to. */
export interface AdapterTensor {
  readonly key: string;
  readonly module: string;
  readonly part: Part;
  /** Name of the parameter within the module: `weight`, `bias`. */
  readonly parameter: string;
  readonly tensor: Tensor;
}

const PREFIX = "base_model.model.";

/** Ending of a key → what it is; the first that fits counts. */
const ENDINGS: readonly (readonly [RegExp, Part])[] = [
  [/^(.+)\.lora_A\.weight$/, "A"],
  [/^(.+)\.lora_B\.weight$/, "B"],
  [/^(.+)\.lora_B\.bias$/, "biasB"],
  [/^(.+)\.lora_embedding_A$/, "embeddingA"],
  [/^(.+)\.lora_embedding_B$/, "embeddingB"],
];

/** The tensors of the adapter in `folder`, and the file that holds them. */
export interface AdapterTensors {
  readonly file: string;
  readonly tensors: readonly AdapterTensor[];
}

/**
 * Reads the header of `adapter_model.safetensors`.
 *
 * @throws {@link ModelFormatError} when the file is missing or broken, or holds keys or element types that LoRA has not;
 * all of them at once.
 */
export function readAdapterTensors(folder: string): AdapterTensors {
  const path = join(folder, "adapter_model.safetensors");
  if (!existsSync(path)) throw missing(folder, path);
  const file = realpathSync(path);
  const problems: string[] = [];
  const tensors: AdapterTensor[] = [];
  for (const [key, place] of readSafetensorsHeader(file).tensors) {
    const role = roleOf(key);
    const tensor = storedTensor(file, place);
    if (tensor === undefined) problems.push(`"${key}" of type ${place.dtype}`);
    else if (role === undefined) problems.push(`"${key}"`);
    else tensors.push({ key, ...role, tensor });
  }
  if (problems.length > 0) throw unknownTensors(path, problems);
  return { file, tensors };
}

function roleOf(key: string): Pick<AdapterTensor, "module" | "part" | "parameter"> | undefined {
  if (!key.startsWith(PREFIX)) return undefined;
  const name = key.slice(PREFIX.length);
  for (const [ending, part] of ENDINGS) {
    const module = ending.exec(name)?.[1];
    if (module !== undefined) return { module, part, parameter: "" };
  }
  if (/lora_|token_adapter|modules_to_save/.test(name)) return undefined;
  const [, module, base, parameter] = /^(.+?)(\.base_layer)?\.([^.]+)$/.exec(name) ?? [];
  if (module === undefined || parameter === undefined) return undefined;
  return { module, part: base === undefined ? "parameter" : "baseParameter", parameter };
}

function missing(folder: string, path: string): ModelFormatError {
  const hasPickle = existsSync(join(folder, "adapter_model.bin"));
  return new ModelFormatError("the adapter has no weights", {
    code: "ADAPTER_MISSING",
    where: folder,
    expected: `the file ${path}`,
    found: hasPickle ? "adapter_model.bin only, which is a program and not data" : "no such file",
    hint: hasPickle
      ? "save the adapter again with safe_serialization=True"
      : "give the folder that PEFT's save_pretrained wrote",
  });
}

function unknownTensors(where: string, problems: readonly string[]): ModelFormatError {
  const more = problems.length > 8 ? ` and ${problems.length - 8} more` : "";
  return new ModelFormatError("the adapter holds tensors that a LoRA has not", {
    code: "ADAPTER_TENSORS",
    where,
    expected: `"${PREFIX}<module>.lora_A.weight", lora_B, lora_embedding_A, lora_embedding_B or whole parameters, in float32, float16 or bfloat16`,
    found: `${problems.slice(0, 8).join(", ")}${more}`,
    hint: MERGE_FIRST,
  });
}
