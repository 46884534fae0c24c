/**
 * @file The safetensors format: 8 bytes header length (little-endian), a JSON header, then the tensors' bytes.
 *
 * Source: the format description of huggingface/safetensors (0.4): offsets are relative to the end of the header, tensors
 * cover the data without holes or overlaps, and the header has at most 100 MB.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { ModelFormatError } from "../errors.js";
import { HEAD_BYTES, recogniseFormat } from "./file-format.js";
import { readJson } from "./json-document.js";
import { decodeUtf8, refusalOf, standingAt } from "./regular-file.js";

/** Element types of the format, with their size in bytes; others are refused. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};

const LENGTH_BYTES = 8;
const LARGEST_HEADER_BYTES = 100_000_000;
const METADATA = "__metadata__";

/** A tensor to write, or one that was read: element type as the format names it, sizes, little-endian bytes. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Where a tensor stands in its file. `offset` counts from the start of the file. */
export interface TensorPlace {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** A header: where each tensor is, and the free text that the writer left. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A whole file in memory. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads only the header of a file, which may hold more than fits into memory.
 *
 * @throws {@link ModelFormatError} when the file is missing, cut off, or its header contradicts itself or the file.
 */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  return withFile(path, (read, size) => parseHeader(path, size, read));
}

/**
 * Reads a whole file.
 *
 * @throws {@link ModelFormatError} as {@link readSafetensorsHeader}.
 */
export function readSafetensors(path: string): Safetensors {
  return withFile(path, (read, size) => {
    const { tensors, metadata } = parseHeader(path, size, read);
    // each into bytes of its own, so that typed arrays over it are aligned
    const whole = [...tensors].map(([name, { dtype, shape, offset, length }]) => {
      return [name, { dtype, shape, bytes: read(offset, length) }] as const;
    });
    return { tensors: new Map(whole), metadata };
  });
}

/** Bytes [at, at + length), in memory of their own. */
type Read = (at: number, length: number) => Uint8Array;

/** Opens a regular file for `act`; never a pipe, which would wait for ever. */
function withFile<T>(path: string, act: (read: Read, sizeBytes: number) => T): T {
  const file = openFile(path);
  try {
    const read: Read = (at, length) => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const n = readSync(file, bytes, done, length - done, at + done);
        if (n === 0) throw broken(path, `${length} bytes at byte ${at}`, `${done}`);
        done += n;
      }
      return bytes;
    };
    return act(read, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number {
  const standing = standingAt(path);
  if (standing.kind === "nothing") throw missing(path, standing.what);
  if (standing.kind !== "file") throw broken(path, "a safetensors file", standing.what);
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw broken(path, "a safetensors file", refusalOf(cause));
  }
}

function missing(path: string, found: string): ModelFormatError {
  return new ModelFormatError("the safetensors file does not exist", {
    code: "SAFETENSORS_MISSING",
    where: path,
    expected: "a safetensors file",
    found,
    hint: "check the path; for a model in several files, fetch all of them",
  });
}

/**
 * Encodes tensors; names are written in the order given, the header is padded to 8 bytes with spaces. The same tensors
 * give the same bytes.
 *
 * @throws {@link ModelFormatError} when a tensor's bytes contradict its type and shape.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  let at = 0;
  const entries = [...tensors].map(([name, { dtype, shape, bytes }]) => {
    const problem = sizeProblem(dtype, shape, bytes.length);
    if (problem !== undefined) throw broken(`tensor "${name}"`, problem, `${bytes.length} bytes`);
    const start = at;
    at += bytes.length;
    return [name, { dtype, shape, data_offsets: [start, at] }] as const;
  });
  const header: Record<string, unknown> =
    metadata.size === 0 ? {} : { [METADATA]: Object.fromEntries(metadata) };
  for (const [name, entry] of entries) header[name] = entry;
  const text = Buffer.from(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const out = Buffer.alloc(LENGTH_BYTES + padded + at, " ");
  out.writeBigUInt64LE(BigInt(padded), 0);
  text.copy(out, LENGTH_BYTES);
  let place = LENGTH_BYTES + padded;
  for (const { bytes } of tensors.values()) {
    out.set(bytes, place);
    place += bytes.length;
  }
  return out;
}

/** A float32 tensor to write, row-major. */
export function storedFloat32(data: Float32Array, shape: readonly number[]): StoredTensor {
  return { dtype: "F32", shape, bytes: new Uint8Array(data.slice().buffer) };
}

/**
 * The elements of an F32 tensor.
 *
 * @throws {@link ModelFormatError} when the tensor is missing or of another type.
 */
export function float32Of({ tensors }: Safetensors, name: string): Float32Array {
  const { bytes } = checkStored(tensors, name, "F32");
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/**
 * The elements of an I64 tensor as numbers; all of ours are indices.
 *
 * @throws {@link ModelFormatError} when the tensor is missing or of another type.
 */
export function int64Of({ tensors }: Safetensors, name: string): number[] {
  const { bytes } = checkStored(tensors, name, "I64");
  return Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8), Number);
}

function checkStored(
  tensors: ReadonlyMap<string, StoredTensor>,
  name: string,
  dtype: string,
): StoredTensor {
  const tensor = tensors.get(name);
  if (tensor?.dtype === dtype) return tensor;
  throw broken(`tensor "${name}"`, `element type ${dtype}`, tensor?.dtype ?? "no such tensor");
}

function parseHeader(path: string, size: number, read: Read): SafetensorsHeader {
  refuseForeign(path, size, read);
  if (size < LENGTH_BYTES) throw broken(path, "at least 8 bytes", `${size} bytes`);
  const length = Number(Buffer.from(read(0, LENGTH_BYTES)).readBigUInt64LE(0));
  const start = LENGTH_BYTES + length;
  if (length > LARGEST_HEADER_BYTES || start > size) {
    const limit = Math.min(LARGEST_HEADER_BYTES, size - LENGTH_BYTES);
    throw broken(path, `a header of at most ${limit} bytes`, `a header length of ${length}`);
  }
  const json = parseJson(path, read(LENGTH_BYTES, length));
  const problems: string[] = [];
  const tensors = new Map<string, TensorPlace>();
  for (const [name, entry] of Object.entries(json)) {
    if (name === METADATA) continue;
    const place = placeOf(entry, start);
    if (typeof place === "string") problems.push(`"${name}": ${place}`);
    else tensors.set(name, place);
  }
  problems.push(...coverProblems(tensors, { start, size }));
  if (problems.length > 0) {
    const more = problems.length > 8 ? `; and ${problems.length - 8} more` : "";
    const found = problems.slice(0, 8).join("; ") + more;
    throw broken(path, "tensors that cover the data exactly", found);
  }
  return { tensors, metadata: metadataOf(path, json[METADATA]) };
}

function placeOf(entry: unknown, start: number): TensorPlace | string {
  if (!isObject(entry)) return "no object";
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
    return "not {dtype, shape, data_offsets}";
  const [from = 0, to = 0] = offsets;
  if (to < from) return `ends at ${to}, before it starts at ${from}`;
  const length = to - from;
  return sizeProblem(dtype, shape, length) ?? { dtype, shape, offset: start + from, length };
}

/** What the size should have been, when it is wrong. */
function sizeProblem(dtype: string, shape: readonly number[], length: number): string | undefined {
  const each = Object.hasOwn(ELEMENT_BYTES, dtype) ? ELEMENT_BYTES[dtype] : undefined;
  if (each === undefined) return `unknown element type ${dtype.slice(0, 40)}`;
  const wanted = shape.reduce((product, size) => product * size, each);
  if (!Number.isSafeInteger(wanted)) return `an absurd size [${shape.slice(0, 8).join(", ")}]`;
  return wanted === length ? undefined : `${wanted} bytes for ${dtype} [${shape.join(", ")}]`;
}

function coverProblems(
  tensors: ReadonlyMap<string, TensorPlace>,
  { start, size }: { readonly start: number; readonly size: number },
): string[] {
  const order = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length);
  let at = start;
  for (const [name, { offset, length }] of order) {
    if (offset !== at) return [`"${name}" starts at byte ${offset}, the one before ends at ${at}`];
    at += length;
  }
  return at === size ? [] : [`the tensors end at byte ${at}, the file at ${size}`];
}

function metadataOf(path: string, value: unknown): Map<string, string> {
  if (value === undefined) return new Map();
  const entries = isObject(value) ? Object.entries(value) : [];
  const texts = entries.flatMap(([k, v]) => (typeof v === "string" ? [[k, v] as const] : []));
  if (isObject(value) && texts.length === entries.length) return new Map(texts);
  throw broken(path, `"${METADATA}" as an object of texts`, JSON.stringify(value).slice(0, 80));
}

function parseJson(path: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw broken(path, "a header in UTF-8", "other bytes");
  const json = readJson(text);
  if (json.kind === "ok" && isObject(json.value)) return json.value;
  const found = json.kind === "bad" ? json.found : "another JSON value";
  throw broken(path, "a JSON object as header", found);
}

function refuseForeign(path: string, size: number, read: Read): void {
  const foreign = recogniseFormat(read(0, Math.min(size, HEAD_BYTES)), size);
  if (foreign === undefined || foreign.what.includes("safetensors")) return;
  throw new ModelFormatError("this is not a valid safetensors file", {
    code: "SAFETENSORS",
    where: path,
    expected: "8 bytes of header length, then a JSON header",
    found: foreign.what,
    hint: foreign.hint,
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function broken(where: string, expected: string, found: string): ModelFormatError {
  return new ModelFormatError("this is not a valid safetensors file", {
    code: "SAFETENSORS",
    where,
    expected,
    found,
    hint: "the file was probably cut off or overwritten: fetch or write it again",
  });
}
