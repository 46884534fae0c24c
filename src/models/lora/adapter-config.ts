/**
 * @file Reads `adapter_config.json` of a PEFT folder: strict, with every mistake and every refused feature at once.
 */
import { join } from "node:path";
import { z } from "zod";
import { ModelFormatError } from "../../errors.js";
import { readJsonObject, type Json } from "../json-object.js";
import { ADAPTER_KEYS, MERGE_FIRST, REWRITES_BASE } from "./adapter-keys.js";

const names = z.array(z.string().min(1)).readonly();
const positive = z.number().positive();
const layer = z.int().min(0);

const configSchema = z.object({
  r: z.int().positive().default(8),
  lora_alpha: positive.default(8),
  rank_pattern: z.record(z.string(), z.int().positive()).nullish(),
  alpha_pattern: z.record(z.string(), positive).nullish(),
  use_rslora: z.boolean().nullish(),
  lora_bias: z.boolean().nullish(),
  bias: z.enum(["none", "all", "lora_only"]).nullish(),
  target_modules: z.union([z.string().min(1), names]),
  exclude_modules: z.union([z.string(), names]).nullish(),
  layers_to_transform: z.union([layer, z.array(layer).readonly()]).nullish(),
  layers_pattern: z.union([z.string(), names]).nullish(),
  modules_to_save: names.nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
});

/** A LoRA configuration, checked; absent keys have the value that PEFT gives them. */
export interface AdapterConfig {
  readonly path: string;
  readonly r: number;
  readonly alpha: number;
  /** Pattern → rank or alpha of the modules it matches, in the file's order: the first match counts. */
  readonly rankPattern: readonly (readonly [string, number])[];
  readonly alphaPattern: readonly (readonly [string, number])[];
  /** Scale by α/√r in place of α/r. */
  readonly rankStabilised: boolean;
  readonly loraBias: boolean;
  readonly bias: "none" | "all" | "lora_only";
  /** Suffixes of module paths; or one pattern for the whole path; or `"all-linear"`. */
  readonly targets: string | readonly string[];
  readonly excluded: string | readonly string[];
  /** Layers that are adapted; `undefined` = all. */
  readonly layers: readonly number[] | undefined;
  readonly layersPatterns: readonly string[];
  /** Endings of the paths of modules that are saved whole. */
  readonly saved: readonly string[];
}

/**
 * Reads the configuration in `folder`.
 *
 * @throws {@link ModelFormatError} when it is missing or no JSON object, has values of another kind, or switches on what is
 * not supported; all mistakes of a kind at once.
 */
export function readAdapterConfig(folder: string): AdapterConfig {
  const path = join(folder, "adapter_config.json");
  const json = readObject(path);
  if (json["peft_type"] !== "LORA") throw otherMethod(path, json["peft_type"]);
  checkKeys(path, json);
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) throw malformed(path, parsed.error);
  const { data } = parsed;
  return {
    path,
    r: data.r,
    alpha: data.lora_alpha,
    rankPattern: Object.entries(data.rank_pattern ?? {}),
    alphaPattern: Object.entries(data.alpha_pattern ?? {}),
    rankStabilised: data.use_rslora ?? false,
    loraBias: data.lora_bias ?? false,
    bias: data.bias ?? "none",
    targets: data.target_modules,
    excluded: data.exclude_modules ?? [],
    layers: layersOf(data.layers_to_transform),
    layersPatterns: listOf(data.layers_pattern),
    saved: data.modules_to_save ?? [],
  };
}

/** An empty list means "all", as it does in PEFT. */
function layersOf(value: number | readonly number[] | null | undefined): number[] | undefined {
  const layers = typeof value === "number" ? [value] : [...(value ?? [])];
  return layers.length === 0 ? undefined : layers;
}

function listOf(value: string | readonly string[] | null | undefined): readonly string[] {
  if (value === null || value === undefined || value === "") return [];
  return typeof value === "string" ? [value] : value;
}

/** Patterns for every module of a large model have some hundred kilobytes. */
const LARGEST_BYTES = 16 << 20;

function readObject(path: string): Json {
  const read = readJsonObject(path, LARGEST_BYTES);
  if (read.kind === "ok") return read.value;
  throw new ModelFormatError("the adapter has no configuration", {
    code: "ADAPTER_CONFIG",
    where: path,
    expected: "a JSON object",
    found: read.found,
    hint: "give the folder that PEFT's save_pretrained wrote: adapter_config.json and adapter_model.safetensors",
  });
}

function otherMethod(path: string, found: unknown): ModelFormatError {
  return new ModelFormatError("this kind of adapter is not supported", {
    code: "ADAPTER_METHOD",
    where: `${path}, "peft_type"`,
    expected: '"LORA"',
    found: found === undefined ? "no such key" : JSON.stringify(found),
    hint: MERGE_FIRST,
  });
}

/** Off, empty or absent: what a feature looks like that nobody uses. */
function isNeutral(value: unknown): boolean {
  if (value === null || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function checkKeys(path: string, json: Json): void {
  const found: { text: string; hint: string }[] = [];
  for (const [key, value] of Object.entries(json)) {
    const row = Object.hasOwn(ADAPTER_KEYS, key) ? ADAPTER_KEYS[key] : undefined;
    if (row === "implemented" || row === "harmless" || isNeutral(value)) continue;
    const feature = row?.feature ?? "a key that is not known";
    const hint =
      row?.hint ?? "a newer PEFT wrote it: remove it if it has no effect on a forward run";
    found.push({ text: `"${key}": ${feature}`, hint });
  }
  const start = json["init_lora_weights"];
  const rewrites =
    typeof start === "string" && REWRITES_BASE.find((name) => start.startsWith(name));
  if (rewrites !== undefined && rewrites !== false) {
    const hint =
      "save it as a plain LoRA (save_pretrained with path_initial_model_for_weight_conversion)";
    found.push({ text: `"init_lora_weights": ${rewrites} rewrites the base weights`, hint });
  }
  const [first] = found;
  if (first === undefined) return;
  throw new ModelFormatError("the adapter uses what is not supported", {
    code: "ADAPTER_UNSUPPORTED",
    where: path,
    expected: "plain LoRA: y = W x + s B A x",
    found: found.map(({ text }) => text).join("; "),
    hint: first.hint,
  });
}

function malformed(path: string, { issues }: z.ZodError): ModelFormatError {
  const lines = issues.map((issue) => `"${issue.path.join(".")}": ${issue.message}`);
  return new ModelFormatError("the adapter's configuration has values of the wrong kind", {
    code: "ADAPTER_CONFIG",
    where: path,
    expected: "the keys of a PEFT LoraConfig",
    found: lines.slice(0, 8).join("; ") + (lines.length > 8 ? ` and ${lines.length - 8} more` : ""),
    hint: "restore the adapter_config.json that PEFT's save_pretrained wrote",
  });
}
