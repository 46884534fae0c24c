/**
 * @file `mas-audit export`: the graph that is generated from a Hugging Face folder, as a .onnx file for others to use.
 *
 * The file points into the safetensors: the runtime reads external data only below the folder of the model file, so it
 * must lie beside the weights or above them. `--copy-weights` writes a data file of its own instead.
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { HostError, ModelFormatError, PlanError } from "../errors.js";
import type { Adapter } from "../models/adapter.js";
import { isCheckpointFolder, openCheckpoint } from "../models/checkpoint/open.js";
import { annotateTypes } from "../onnx/annotate-types.js";
import { encodeModel, externalFiles } from "../onnx/encode.js";
import type { Graph } from "../onnx/graph.js";
import { writeFileAtomic } from "../store/atomic.js";
import type { ExportOptions, Io } from "./commands.js";
import { copyWeights } from "./copy-weights.js";
import { EXIT } from "./exit.js";

/** What was written. */
interface Written {
  readonly file: string;
  readonly family: string;
  readonly blocks: number;
  readonly bytes: number;
  /** Files with the weights, relative to the folder of `file`. */
  readonly weights: readonly string[];
}

/**
 * Writes the generated graph of a folder.
 *
 * @throws {@link ModelFormatError} when no graph can be made of the folder; {@link PlanError} when the place is taken, or
 * the weights cannot be pointed to from there; {@link HostError} when it cannot be written.
 */
export async function exportCommand(
  { folder, out, copy, force, json }: ExportOptions,
  io: Io,
  { adapters }: { readonly adapters: readonly Adapter[] },
): Promise<number> {
  if (!isCheckpointFolder(folder)) throw notACheckpoint(folder);
  const target = resolve(out);
  const data = `${target}.data`;
  checkPlace(target, copy ? [target, data] : [target], force);
  const families = adapters.flatMap(({ checkpoints }) => checkpoints ?? []);
  const { family, architecture, model } = openCheckpoint(folder, families);
  const place = realpathSync(dirname(target));
  if (!copy) checkReach(model.graph, place);
  annotateTypes(model.graph);
  const { bytes } = await withOwnAdvice(async () => {
    if (copy) await copyWeights(model.graph, { path: data, signal: io.signal });
    const encoded = encodeModel(model, { folder: place });
    writeFileAtomic(target, encoded.bytes);
    return encoded;
  });
  const written = {
    file: target,
    family: family.id,
    blocks: architecture.blocks.length,
    bytes: bytes.length,
    weights: externalFiles(model.graph).map((file) => relative(place, file)),
  };
  io.stdout.write(json ? `${JSON.stringify(written, null, 2)}\n` : describe(written, copy));
  return EXIT.pass;
}

function describe({ file, family, blocks, bytes, weights }: Written, copied: boolean): string {
  const kilobytes = Math.ceil(bytes / 1000).toLocaleString("en");
  const move = copied ? "keep both together" : "keep them where they are, relative to each other";
  return [
    `wrote ${file}: ${family}, ${blocks} blocks, ${kilobytes} kB`,
    `weights in ${weights.join(", ")}: ${move}`,
    "",
  ].join("\n");
}

/** The store's advice is for an audit, which has `--out` and resumes. */
async function withOwnAdvice<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const { message, code, where = "", expected, found = "", cause } = error;
    const hint = code === "DISK_FULL" ? "free some space, or name another OUT" : "name another OUT";
    const needed = expected === undefined ? {} : { expected };
    throw new HostError(message, { code, where, ...needed, found, hint, cause });
  }
}

function notACheckpoint(folder: string): ModelFormatError {
  return new ModelFormatError("there is nothing to export here", {
    code: "NO_CHECKPOINT",
    where: folder,
    expected: "a folder with config.json and safetensors weights",
    found: existsSync(folder) ? "something else" : "nothing at this path",
    hint: "give the folder that save_pretrained wrote",
  });
}

/** Nothing is overwritten unless asked for, and never anything but a file. */
function checkPlace(target: string, files: readonly string[], force: boolean): void {
  const place = statSync(dirname(target), { throwIfNoEntry: false });
  const taken = files.filter((file) => existsSync(file));
  const folders = taken.filter((file) => !statSync(file).isFile());
  const refuse = (code: string, expected: string, found: string, hint: string): PlanError =>
    new PlanError("the graph cannot be written there", {
      code,
      where: target,
      expected,
      found,
      hint,
    });
  if (!target.endsWith(".onnx"))
    throw refuse(
      "EXPORT_NAME",
      "a name that ends in .onnx",
      basename(target),
      "name the file, for example model.onnx",
    );
  if (place?.isDirectory() !== true)
    throw refuse(
      "EXPORT_FOLDER",
      "a folder that exists",
      `no folder ${dirname(target)}`,
      "make the folder first",
    );
  if (folders.length > 0)
    throw refuse(
      "EXPORT_EXISTS",
      "a file, or nothing yet",
      `no file: ${folders.join(", ")}`,
      "name another file",
    );
  if (taken.length > 0 && !force)
    throw refuse(
      "EXPORT_EXISTS",
      "a file that does not exist yet",
      taken.join(", "),
      "name another file, or add --force",
    );
}

/** The runtime refuses external data outside the folder of the model file. */
function checkReach(graph: Graph, place: string): void {
  const outside = externalFiles(graph).filter((file) =>
    relative(place, file).startsWith(`..${sep}`),
  );
  const [first] = outside;
  if (first === undefined) return;
  throw new PlanError("a file there could not point to the weights", {
    code: "EXPORT_REACH",
    where: place,
    expected: "a folder that holds the weights or lies above them, as ONNX Runtime demands",
    found: `weights in ${outside.slice(0, 8).join(", ")}`,
    hint: `write to ${join(dirname(first), "model.onnx")}, or add --copy-weights`,
  });
}
