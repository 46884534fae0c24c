/**
 * @file What the files beside a model claim about it: `config.json` (Hugging Face) and `genai_config.json`. Claims are
 * cross-checked against the graph; the graph is what is audited.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ModelFormatError } from "../errors.js";
import { isJson, readJsonObject, type Json } from "./json-object.js";

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

/** The largest configurations list some thousand label names. */
const LARGEST_BYTES = 16 << 20;

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
    if (existsSync(config)) return claimsOf(config, inner(readObject(config), "text_config"));
    const genai = join(place, "genai_config.json");
    if (existsSync(genai)) {
      const model = inner(readObject(genai), "model");
      return claimsOf(genai, { ...model, ...inner(model, "decoder") });
    }
  }
  return undefined;
}

function claimsOf(file: string, json: Json): Configuration {
  const numbers = Object.entries(KEYS).flatMap(([claim, keys]) => {
    const value = keys.map((key) => sizeAt(file, json, key)).find((found) => found !== undefined);
    return value === undefined ? [] : [[claim, value] as const];
  });
  const type = json["model_type"] ?? json["type"];
  const claims = Object.fromEntries(numbers) as Partial<Record<keyof typeof KEYS, number>>; // checked just above
  const { dModel, heads } = claims;
  const split = dModel !== undefined && heads !== undefined ? dModel / heads : undefined;
  const dHead = claims.dHead ?? (Number.isInteger(split) ? split : undefined);
  return {
    file,
    ...(typeof type === "string" ? { modelType: type } : {}),
    ...claims,
    ...(dHead === undefined ? {} : { dHead }),
  };
}

/**
 * The size under `key`; absent and `null` claim nothing, and a list (one size per layer) is no single claim.
 *
 * @throws {@link ModelFormatError} for anything else that is no size: what it means is not guessed.
 */
function sizeAt(file: string, json: Json, key: string): number | undefined {
  const value = Object.hasOwn(json, key) ? json[key] : undefined;
  if (value === undefined || value === null || Array.isArray(value)) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  throw unreadable(file, {
    what: "the configuration beside the model states an impossible size",
    expected: `a whole number above 0 as "${key}"`,
    found: JSON.stringify(value).slice(0, 60),
  });
}

/** The object under `key` laid over the outer one (text models inside multimodal ones), or the outer one alone. */
function inner(json: Json, key: string): Json {
  const value = json[key];
  return isJson(value) ? { ...json, ...value } : json;
}

function readObject(file: string): Json {
  const read = readJsonObject(file, LARGEST_BYTES);
  if (read.kind === "ok") return read.value;
  const what = "the configuration beside the model cannot be read";
  throw unreadable(file, { what, expected: "a JSON object", found: read.found });
}

function unreadable(
  file: string,
  { what, expected, found }: { what: string; expected: string; found: string },
): ModelFormatError {
  return new ModelFormatError(what, {
    code: "CONFIGURATION",
    where: file,
    expected,
    found,
    hint: "restore the file, or remove it: the graph alone is enough for most models",
  });
}
