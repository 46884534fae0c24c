/**
 * @file External data: from the words of an ONNX file to a checked (file, offset, length), and back.
 * Paths may be symbolic links (caches of model hubs are); they may not leave the model's folder by `..`.
 */
import { realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { ModelFormatError } from "../errors.js";
import { byteLength, type DType, type TensorData } from "./tensor.js";

/** What a tensor says of its bytes. */
export interface ExternalClaim {
  readonly tensor: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly location: string;
  readonly offset: string | undefined;
  readonly length: string | undefined;
}

/** Resolves claims of one model; stats each file once. */
export class ExternalFiles {
  readonly #sizes = new Map<string, { file: string; sizeBytes: number }>();

  constructor(readonly modelPath: string) {}

  /**
   * Checks a claim and returns where the bytes are.
   *
   * @throws {@link ModelFormatError} when the file is missing, too short, outside the model's folder, or the claim's
   * size contradicts the tensor's shape.
   */
  resolve(claim: ExternalClaim, path: string): TensorData {
    const where = `${this.modelPath}, tensor "${claim.tensor}"`;
    const wanted = byteLength(claim.dtype, claim.dims);
    const offset = wholeNumber(claim.offset ?? "0", "offset", where);
    const length = wholeNumber(claim.length ?? String(wanted), "length", where);
    if (length !== wanted) {
      throw new ModelFormatError("a tensor's data has another size than its shape", {
        code: "TENSOR_SIZE",
        where,
        expected: `${wanted} bytes for ${claim.dtype} [${claim.dims.join(", ")}]`,
        found: `${length} bytes`,
      });
    }
    const { file, sizeBytes } = this.#open(path, claim.location, where);
    if (offset + length > sizeBytes) {
      throw new ModelFormatError("external data is too short", {
        code: "EXTERNAL_SHORT",
        where,
        expected: `${length} bytes at offset ${offset} of "${claim.location}"`,
        found: `a file of ${sizeBytes} bytes`,
        hint: "the data file was probably cut off while copying: fetch it again",
      });
    }
    return { kind: "external", file, offset, length };
  }

  /** Path of a location next to the model. */
  locate(location: string, tensor: string): string {
    const folder = dirname(this.modelPath);
    const path = join(folder, location);
    const inside = relative(folder, path);
    if (
      location === "" ||
      isAbsolute(location) ||
      inside === ".." ||
      inside.startsWith(`..${sep}`)
    ) {
      throw new ModelFormatError("external data lies outside the model's folder", {
        code: "EXTERNAL_OUTSIDE",
        where: `${this.modelPath}, tensor "${tensor}"`,
        expected: "a relative path below the folder of the model",
        found: JSON.stringify(location),
        hint: "put the data file beside the model and export again; such a path can be an attack",
      });
    }
    return path;
  }

  #open(path: string, location: string, where: string): { file: string; sizeBytes: number } {
    const known = this.#sizes.get(path);
    if (known !== undefined) return known;
    try {
      const entry = { file: realpathSync(path), sizeBytes: statSync(path).size };
      this.#sizes.set(path, entry);
      return entry;
    } catch (cause) {
      throw new ModelFormatError("external data is missing", {
        code: "EXTERNAL_MISSING",
        where,
        expected: `the file "${location}" beside the model`,
        found: "no such file",
        hint: "copy the data file into the model's folder under exactly this name",
        cause,
      });
    }
  }
}

function wholeNumber(text: string, what: string, where: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw new ModelFormatError(`external data with a bad ${what}`, {
      code: "EXTERNAL_ENTRY",
      where,
      expected: `a whole number as ${what}`,
      found: JSON.stringify(text),
    });
  }
  return value;
}

/** Deepest folder that holds all the files; `undefined` without files. */
export function commonFolder(files: readonly string[]): string | undefined {
  const [first, ...rest] = files.map((file) => dirname(file).split(sep));
  if (first === undefined) return undefined;
  const shared = rest.reduce((common, parts) => {
    const differs = common.findIndex((part, i) => part !== parts[i]);
    return differs < 0 ? common : common.slice(0, differs);
  }, first);
  return shared.join(sep) || sep;
}
