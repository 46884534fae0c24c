/**
 * @file External data: from the words of an ONNX file to a checked (file, offset, length), and back.
 * A path may not leave the model's folder: not by `..`, and not by a symbolic link, except where caches of model hubs
 * put their data.
 */
import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { ModelFormatError } from "../errors.js";
import { HEAD_BYTES, LFS_POINTER, recogniseFormat } from "../store/file-format.js";
import { readRange, standingAt } from "../store/regular-file.js";
import { DAMAGED } from "./hints.js";
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
        hint: DAMAGED,
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

  /**
   * Path of a location next to the model.
   *
   * @throws {@link ModelFormatError} when the words of the location lead out of the model's folder.
   */
  locate(location: string, tensor: string): string {
    const folder = dirname(this.modelPath);
    const path = join(folder, location);
    if (
      location !== "" &&
      !isAbsolute(location) &&
      !location.includes("\0") &&
      isBelow(folder, path)
    )
      return path;
    throw new ModelFormatError("external data lies outside the model's folder", {
      code: "EXTERNAL_OUTSIDE",
      where: `${this.modelPath}, tensor "${tensor}"`,
      expected: "a relative path below the folder of the model",
      found: JSON.stringify(location),
      hint: "put the data file beside the model and export again; such a path can be an attack",
    });
  }

  #open(path: string, location: string, where: string): { file: string; sizeBytes: number } {
    const known = this.#sizes.get(path);
    if (known !== undefined) return known;
    const standing = standingAt(path);
    if (standing.kind !== "file") {
      throw new ModelFormatError("external data is missing", {
        code: "EXTERNAL_MISSING",
        where,
        expected: `the file "${location}" beside the model`,
        found: standing.kind === "nothing" ? "no such file" : standing.what,
        hint: "copy the data file into the model's folder under exactly this name",
      });
    }
    const entry = { file: realpathSync(path), sizeBytes: standing.sizeBytes };
    this.#checkLink(entry.file, location, where);
    if (entry.sizeBytes < HEAD_BYTES) refusePointer(entry.file, location, where);
    this.#sizes.set(path, entry);
    return entry;
  }

  /** The runtime itself refuses links that lead out of the folder; so does what we hand it, with the reason. */
  #checkLink(file: string, location: string, where: string): void {
    const folders = homesOf(this.modelPath);
    if (folders.some((folder) => isBelow(folder, file))) return;
    throw new ModelFormatError("external data lies outside the model's folder", {
      code: "EXTERNAL_OUTSIDE",
      where,
      expected: "a file below the folder of the model, or in the cache that the model is in",
      found: `${JSON.stringify(location)}, a symbolic link to ${JSON.stringify(file)}`,
      hint: "copy the data file into the model's folder; such a link can be an attack",
    });
  }
}

/**
 * Folders that may hold a model's data: its own; where the model is a link itself, the folder of its target (both are
 * then links into one folder); and in a hub cache, `…/blobs` for a model in `…/snapshots/<revision>/…`.
 */
function homesOf(modelPath: string): string[] {
  const named = realpathSync(dirname(modelPath));
  const isFile = standingAt(modelPath).kind === "file"; // bytes from memory have no file
  const target = isFile ? dirname(realpathSync(modelPath)) : named;
  const parts = named.split(sep);
  const at = parts.lastIndexOf("snapshots");
  const cache = at > 0 ? [[...parts.slice(0, at), "blobs"].join(sep)] : [];
  return [named, target, ...cache];
}

function isBelow(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

/** A pointer is a few lines of text, and may be longer than a small tensor: it would be read as numbers. */
function refusePointer(file: string, location: string, where: string): void {
  const head = readRange(file, 0, HEAD_BYTES);
  if (recogniseFormat(head, head.length) !== LFS_POINTER) return;
  throw new ModelFormatError("external data was never downloaded", {
    code: "LFS_POINTER",
    where,
    expected: `the bytes of "${location}"`,
    found: LFS_POINTER.what,
    hint: LFS_POINTER.hint,
  });
}

function wholeNumber(text: string, what: string, where: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw new ModelFormatError(`external data with a bad ${what}`, {
      code: "EXTERNAL_ENTRY",
      where,
      expected: `a whole number as ${what}`,
      found: JSON.stringify(text),
      hint: DAMAGED,
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
