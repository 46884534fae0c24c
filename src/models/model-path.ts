/**
 * @file From what a user typed to one .onnx file.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ModelFormatError } from "../errors.js";

/**
 * Returns the model file that `path` names: the file itself, or the only .onnx file of the folder and its `onnx/`.
 *
 * @throws {@link ModelFormatError} when nothing is there, the folder holds no .onnx file, or several.
 */
export function findModelFile(path: string): string {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry === undefined) {
    throw new ModelFormatError("the model does not exist", {
      code: "MODEL_MISSING",
      where: path,
      expected: "an .onnx file, or a folder that holds one",
      found: "nothing at this path",
    });
  }
  if (!entry.isDirectory()) return path;
  const candidates = [...onnxFiles(path), ...onnxFiles(join(path, "onnx"))];
  const [only, ...others] = candidates;
  if (only !== undefined && others.length === 0) return only;
  throw new ModelFormatError(
    only === undefined ? "the folder holds no model" : "the folder holds several models",
    {
      code: only === undefined ? "NO_ONNX_IN_FOLDER" : "SEVERAL_ONNX_IN_FOLDER",
      where: path,
      expected: "exactly one .onnx file in the folder or its subfolder onnx/",
      found: only === undefined ? "none" : candidates.slice(0, 8).join(", "),
      hint:
        only === undefined
          ? "export the model, for example: optimum-cli export onnx --task text-generation --model DIR OUT"
          : "name the one to audit: give the path of the .onnx file itself",
    },
  );
}

function onnxFiles(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".onnx"))
    .sort()
    .map((name) => join(folder, name));
}
