/**
 * @file The tensors of a Hugging Face folder, in one safetensors file or several: where each one's bytes are. Only
 * headers are read.
 */
import { readdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { ModelFormatError } from "../../errors.js";
import type { Tensor } from "../../onnx/tensor.js";
import { listNames } from "../../plan/did-you-mean.js";
import { readSafetensorsHeader } from "../../store/safetensors.js";
import { isJson, readJsonObject } from "../json-object.js";
import { storedTensor } from "../stored-tensor.js";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";
/** Files that hold no model of their own. */
const FOREIGN = /^(adapter_model|consolidated|optimizer|training_args)/;

/** A tensor of the folder; `dtype` is `undefined` for types that no weight may have. */
export interface StoredWeight {
  readonly name: string;
  readonly storedType: string;
  readonly dims: readonly number[];
  /** The tensor where it lies. */
  readonly tensor: Tensor | undefined;
}

/** All tensors of a folder. */
export interface Weights {
  /** The file that was opened first: the only one, or the index. */
  readonly source: string;
  readonly tensors: ReadonlyMap<string, StoredWeight>;
  /** How many safetensors files there are. */
  readonly nFiles: number;
}

/** Does the folder hold safetensors weights of a model? */
export function hasWeights(folder: string): boolean {
  return findWeights(folder).length > 0;
}

/** Candidates by preference: transformers takes the single file before the index. */
function findWeights(folder: string): string[] {
  const names = readdirSync(folder);
  const known = [SINGLE, INDEX].filter((name) => names.includes(name));
  const others = names.filter((name) => name.endsWith(".safetensors") && !FOREIGN.test(name));
  return known.length > 0 ? known.slice(0, 1) : others.sort();
}

/**
 * Reads the headers of all weight files of a folder.
 *
 * @throws {@link ModelFormatError} when a file is missing or broken, an index contradicts the files, or it is not clear
 * which file is meant.
 */
export function openWeights(folder: string): Weights {
  const [name, ...others] = findWeights(folder);
  if (name === undefined || others.length > 0) {
    throw new ModelFormatError("it is not clear which weights belong to the model", {
      code: "CHECKPOINT_WEIGHTS",
      where: folder,
      expected: `${SINGLE}, or ${INDEX} with the files it names`,
      found: name === undefined ? "neither" : listNames([name, ...others]),
      hint: "save the model with save_pretrained(safe_serialization=True)",
    });
  }
  const source = join(folder, name);
  const places = name === INDEX ? readIndex(source) : undefined;
  const files = places === undefined ? [name] : [...new Set(places.values())].sort();
  const tensors = new Map(
    files.flatMap((file) =>
      readFile(join(folder, file))
        // a shard may repeat a tensor; the index says which one counts
        .filter((weight) => places === undefined || places.get(weight.name) === file)
        .map((weight) => [weight.name, weight] as const),
    ),
  );
  const absent = [...(places ?? new Map<string, string>())].filter(([each]) => !tensors.has(each));
  if (absent.length > 0) {
    throw badIndex(
      source,
      "files that hold the tensors it names",
      absent
        .slice(0, 8)
        .map(([each, file]) => `no "${each}" in ${file}`)
        .join("; "),
    );
  }
  return { source, tensors, nFiles: files.length };
}

function readFile(path: string): StoredWeight[] {
  const { tensors } = readSafetensorsHeader(path);
  const file = realpathSync(path);
  return [...tensors].map(([name, place]) => {
    const { dtype: storedType, shape: dims } = place;
    return { name, storedType, dims, tensor: storedTensor(file, place) };
  });
}

/** Largest index that is read: the largest published ones have about 20 MB. */
const LARGEST_INDEX_BYTES = 100_000_000;

/** Tensor → name of the file beside the index. */
function readIndex(path: string): Map<string, string> {
  const read = readJsonObject(path, LARGEST_INDEX_BYTES);
  if (read.kind === "bad") throw badIndex(path, "a JSON object", read.found);
  const map = read.value["weight_map"];
  if (!isJson(map)) throw badIndex(path, 'an object with "weight_map"', "another JSON value");
  return new Map(
    Object.entries(map).map(([name, file]) => {
      // a name beside the index: anything else could read files of the machine
      if (typeof file === "string" && basename(file) === file && file.endsWith(".safetensors"))
        return [name, file];
      throw badIndex(path, "names of .safetensors files beside it", JSON.stringify(file));
    }),
  );
}

function badIndex(where: string, expected: string, found: string): ModelFormatError {
  return new ModelFormatError("the index of the weight files is not usable", {
    code: "CHECKPOINT_INDEX",
    where,
    expected,
    found,
    hint: "fetch the folder again, with all its files",
  });
}
