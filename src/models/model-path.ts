/**
 * @file From what a user typed to one .onnx file.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ModelFormatError } from "../errors.js";
import { listText } from "../plan/list-text.js";
import { NOTHING, refusalOf, standingAt } from "../store/regular-file.js";

/** Weights without a graph: what a folder without .onnx file holds instead, and what its owner should do. */
const OTHER_WEIGHTS: readonly (readonly [RegExp, string])[] = [
  [
    /^adapter_(config\.json|model\.)/,
    "a LoRA adapter is no model of its own: give its base model, and this folder as --tuned-adapter",
  ],
  [
    /\.safetensors$/,
    "give a folder with config.json beside the safetensors, or export the model: optimum-cli export onnx --task text-generation --model DIR OUT",
  ],
  [
    /\.(bin|pt|pth|ckpt)$/,
    "PyTorch files are not unpickled here: save the model as safetensors, or export it: optimum-cli export onnx --task text-generation --model DIR OUT",
  ],
  [/\.gguf$/, "GGUF holds no graph: take the checkpoint that it was made from"],
];
const EXPORT =
  "export the model, for example: optimum-cli export onnx --task text-generation --model DIR OUT";

/**
 * Returns the model file that `path` names: the file itself, or the only .onnx file of the folder and its `onnx/`.
 *
 * @throws {@link ModelFormatError} when nothing is there, or no file; when the folder holds no .onnx file, or several.
 */
export function findModelFile(path: string): string {
  const standing = standingAt(path);
  if (standing.kind === "file") return path;
  if (standing.kind !== "folder") throw noModel(path, standing.what);
  const candidates = [...onnxFiles(path), ...onnxFiles(join(path, "onnx"))];
  const [only, ...others] = candidates;
  if (only === undefined) throw emptyFolder(path);
  if (others.length === 0) return only;
  throw new ModelFormatError("the folder holds several models", {
    code: "SEVERAL_ONNX_IN_FOLDER",
    where: path,
    expected: "exactly one .onnx file in the folder or its subfolder onnx/",
    found: listText(candidates),
    hint: "name the one to audit: give the path of the .onnx file itself",
  });
}

function noModel(path: string, found: string): ModelFormatError {
  return new ModelFormatError(
    found === NOTHING ? "the model does not exist" : "this is not a model",
    {
      code: "MODEL_MISSING",
      where: path,
      expected: "an .onnx file, or a folder that holds one",
      found,
      hint: "check the path: nothing is downloaded, and names of a model hub are not looked up",
    },
  );
}

function emptyFolder(path: string): ModelFormatError {
  const names = namesIn(path);
  const other = OTHER_WEIGHTS.find(([pattern]) => names.some((name) => pattern.test(name)));
  const weights = other === undefined ? [] : names.filter((name) => other[0].test(name));
  return new ModelFormatError("the folder holds no model", {
    code: "NO_ONNX_IN_FOLDER",
    where: path,
    expected: "exactly one .onnx file in the folder or its subfolder onnx/",
    found: weights.length === 0 ? "none" : `none, but ${listText(weights)}`,
    hint: other?.[1] ?? EXPORT,
  });
}

function onnxFiles(folder: string): string[] {
  if (standingAt(folder).kind !== "folder") return [];
  return namesIn(folder)
    .filter((name) => name.endsWith(".onnx") && standingAt(join(folder, name)).kind !== "folder")
    .map((name) => join(folder, name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    throw new ModelFormatError("the folder cannot be read", {
      code: "MODEL_MISSING",
      where: folder,
      expected: "a folder that this user may list",
      found: refusalOf(cause),
      hint: "change its permissions, or copy the model to a folder of yours",
      cause,
    });
  }
}
