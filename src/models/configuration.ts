/**
 * @file What the files beside a model claim about it: `config.json` (Hugging Face) and `genai_config.json`. Claims are
 * cross-checked against the graph; the graph is what is audited.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ModelFormatError } from "../errors.js";

/** Claims that we know how to check or need for feeding; absent ones stay absent. */
export interface Configuration {
  /** Path of the file that was read. */
  readonly file: string;
  readonly modelType?: string;
  readonly nLayers?: number;
  readonly dModel?: number;
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly dHead?: number;
  readonly vocab?: number;
  readonly contextLength?: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Keys of one claim, by preference: names differ between model families. */
const KEYS = {
  nLayers: ["num_hidden_layers", "n_layer", "num_layers"],
  dModel: ["hidden_size", "n_embd", "d_model"],
  heads: ["num_attention_heads", "n_head"],
  kvHeads: ["num_key_value_heads", "num_attention_heads", "n_head"],
  dHead: ["head_dim", "head_size"],
  vocab: ["vocab_size"],
  contextLength: ["max_position_embeddings", "n_positions", "n_ctx", "context_length"],
} as const;

/**
 * Reads the configuration of a model in `folder`, or, for a folder called `onnx`, in the one above; `undefined` when
 * there is none.
 *
 * @throws {@link ModelFormatError} when a file is there and is not a JSON object.
 */
export function readConfiguration(folder: string): Configuration | undefined {
  const folders = basename(folder) === "onnx" ? [folder, dirname(folder)] : [folder];
  for (const place of folders) {
    const config = join(place, "config.json");
    if (existsSync(config)) return claimsOf(config, inner(readJson(config), "text_config"));
    const genai = join(place, "genai_config.json");
    if (existsSync(genai)) {
      const model = inner(readJson(genai), "model");
      return claimsOf(genai, { ...model, ...inner(model, "decoder") });
    }
  }
  return undefined;
}

function claimsOf(file: string, json: Json): Configuration {
  const numbers = Object.entries(KEYS).flatMap(([claim, keys]) => {
    const value = keys.map((key) => json[key]).find((found) => Number.isSafeInteger(found));
    return value === undefined ? [] : [[claim, value] as const];
  });
  const type = json["model_type"] ?? json["type"];
  const claims = Object.fromEntries(numbers) as Partial<Record<keyof typeof KEYS, number>>; // checked just above
  const { dModel, heads } = claims;
  const dHead = claims.dHead ?? (dModel && heads ? dModel / heads : undefined);
  return {
    file,
    ...(typeof type === "string" ? { modelType: type } : {}),
    ...claims,
    ...(dHead === undefined ? {} : { dHead }),
  };
}

/** The object under `key` laid over the outer one (text models inside multimodal ones), or the outer one alone. */
function inner(json: Json, key: string): Json {
  const value = json[key];
  return isObject(value) ? { ...json, ...value } : json;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readJson(file: string): Json {
  let found: string;
  try {
    const json: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isObject(json)) return json;
    found = Array.isArray(json) ? "an array" : `a ${typeof json}`;
  } catch (cause) {
    found = cause instanceof Error ? cause.message : String(cause);
  }
  throw new ModelFormatError("the configuration beside the model cannot be read", {
    code: "CONFIGURATION",
    where: file,
    expected: "a JSON object",
    found,
    hint: "restore the file, or remove it: the graph alone is enough for most models",
  });
}
