/**
 * @file Reads an ONNX file without its weights: every large `raw_data` payload is replaced by a reference to its
 * own position in the file, in the words of ONNX's external data. What remains is kilobytes and goes through the
 * ordinary protobuf decoder, so that a 2 GB file costs no 2 GB of memory.
 * Wire format: protobuf.dev, "Encoding"; field numbers: onnx.proto.
 */
import { closeSync, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { ModelFormatError } from "../errors.js";
import { HEAD_BYTES, recogniseFormat } from "../store/file-format.js";
import { refusalOf, standingAt } from "../store/regular-file.js";

/** Location that stands for "this very file" in a skeleton; no file system allows a NUL in a path. */
export const SELF = "\0self";
/** Payloads below this stay inline: shapes, axes and small tables must be readable by the runtime's shape inference. */
const INLINE_LIMIT_BYTES = 1024;
const MAX_DEPTH = 64;
const WINDOW_BYTES = 1 << 20;
/**
 * What may remain without the payloads. The graph of a decoder has some 10 MB, most of it the exporter's stack traces;
 * the rest is room. Weights in typed fields (`float_data`) count, because they have to be decoded one by one.
 */
const MAX_SKELETON_BYTES = 256 << 20;

type Kind = "model" | "function" | "graph" | "node" | "attribute" | "tensor";

/** Fields that may hold a payload somewhere below them, by message kind and field number. */
const CHILDREN: { readonly [K in Kind]: Readonly<Record<number, Kind | "payload">> } = {
  model: { 7: "graph", 25: "function" },
  function: { 7: "node" },
  graph: { 1: "node", 5: "tensor" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph" },
  tensor: { 9: "payload" },
};

/**
 * Returns the bytes of a ModelProto whose large payloads are references with location {@link SELF}. Nothing is
 * allocated by what a length in the file claims: lengths are first held against the file's own size.
 *
 * @throws {@link ModelFormatError} when this is no regular file, is plainly another format, or its bytes are not
 * protobuf messages nested within their bounds.
 */
export function readSkeleton(path: string): Uint8Array {
  const file = openModel(path);
  try {
    const before = fstatSync(file);
    if (before.size === 0) {
      throw notOnnx(path, "a file of 0 bytes", {
        hint: "the download or export stopped before it wrote anything: fetch or export the file again",
      });
    }
    const window = new Window(file, before.size, path);
    refuseForeign(window);
    const parts = scan(window, "model", { start: 0, end: before.size, depth: 0 });
    if (!isSame(before, fstatSync(file))) throw changed(path);
    return Buffer.concat(parts);
  } finally {
    closeSync(file);
  }
}

function openModel(path: string): number {
  const standing = standingAt(path);
  if (standing.kind !== "file") throw notOnnx(path, standing.what);
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw notOnnx(path, refusalOf(cause), { cause });
  }
}

/** A file that another program writes to would be read half old and half new. */
function isSame(a: Stats, b: Stats): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

function refuseForeign(window: Window): void {
  const head = window.bytes(0, Math.min(window.size, HEAD_BYTES));
  const foreign = recogniseFormat(head, window.size);
  if (foreign !== undefined) throw notOnnx(window.path, foreign.what, { hint: foreign.hint });
}

/** A window over the file: headers are read through it, payloads are jumped over. */
class Window {
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #kept = 0;

  constructor(
    readonly file: number,
    readonly size: number,
    readonly path: string,
  ) {}

  /** Bytes [start, end), copied. */
  bytes(start: number, end: number): Buffer {
    const out = Buffer.alloc(end - start);
    let done = 0;
    while (done < out.length) {
      const n = readSync(this.file, out, done, out.length - done, start + done);
      if (n === 0) throw truncated(this.path, start + done);
      done += n;
    }
    return out;
  }

  /** Bytes that stay in the skeleton; what they add up to is bounded. */
  keep(start: number, end: number): Buffer {
    this.#kept += end - start;
    if (this.#kept > MAX_SKELETON_BYTES) throw tooLarge(this.path);
    return this.bytes(start, end);
  }

  byte(at: number): number {
    if (at >= this.size) throw truncated(this.path, at);
    if (at < this.#start || at >= this.#start + this.#buffer.length) {
      this.#start = at;
      this.#buffer = this.bytes(at, Math.min(this.size, at + WINDOW_BYTES));
    }
    return this.#buffer[at - this.#start] ?? 0;
  }

  /** Base-128 varint at `at`: its value (exact to 2⁵³) and the position after it. */
  varint(at: number): { value: number; next: number } {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte(at + i);
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return { value, next: at + i + 1 };
    }
    throw notOnnx(this.path, `a number of more than 10 bytes at byte ${at}`);
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

function scan(window: Window, kind: Kind, { start, end, depth }: Range): Buffer[] {
  if (depth > MAX_DEPTH) throw notOnnx(window.path, `messages nested deeper than ${MAX_DEPTH}`);
  const parts: Buffer[] = [];
  // last in the message: a file may state data_location = DEFAULT after its payload, and the last statement counts
  const references: Buffer[] = [];
  let copied = start;
  for (let at = start; at < end;) {
    const tag = window.varint(at);
    const field = Math.floor(tag.value / 8);
    const body = fieldBody(window, tag.value % 8, tag.next);
    if (field === 0 || body.end > end) {
      throw body.end > window.size && field !== 0
        ? truncated(window.path, window.size)
        : notOnnx(window.path, `field ${field} at byte ${at} reaches beyond its message`);
    }
    const child = tag.value % 8 === 2 ? CHILDREN[kind][field] : undefined;
    if (child !== undefined && body.end - body.start >= INLINE_LIMIT_BYTES) {
      parts.push(window.keep(copied, at));
      if (child === "payload") {
        if (references.length > 0)
          throw notOnnx(window.path, `raw_data twice in one tensor at byte ${at}`);
        references.push(...reference(body.start, body.end - body.start));
      } else parts.push(...message(field, scan(window, child, { ...body, depth: depth + 1 })));
      copied = body.end;
    }
    at = body.end;
  }
  parts.push(window.keep(copied, end), ...references);
  return parts;
}

function fieldBody(window: Window, wireType: number, at: number): { start: number; end: number } {
  switch (wireType) {
    case 0:
      return { start: at, end: window.varint(at).next };
    case 1:
      return { start: at, end: at + 8 };
    case 2: {
      const length = window.varint(at);
      return { start: length.next, end: length.next + length.value };
    }
    case 5:
      return { start: at, end: at + 4 };
    default:
      throw notOnnx(window.path, `wire type ${wireType} at byte ${at}`);
  }
}

/** TensorProto fields 13 (external_data: location, offset, length) and 14 (data_location = EXTERNAL). */
function reference(offset: number, length: number): Buffer[] {
  const entry = (key: string, value: string): Buffer[] =>
    message(13, [...message(1, [Buffer.from(key)]), ...message(2, [Buffer.from(value)])]);
  return [
    ...entry("location", SELF),
    ...entry("offset", String(offset)),
    ...entry("length", String(length)),
    Buffer.from([14 * 8, 1]),
  ];
}

function message(field: number, parts: readonly Buffer[]): Buffer[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Buffer.from([...varintBytes(field * 8 + 2), ...varintBytes(length)]), ...parts];
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

function truncated(path: string, at: number): ModelFormatError {
  return new ModelFormatError("the file ends too early", {
    code: "TRUNCATED",
    where: path,
    expected: "a whole ONNX model",
    found: `its last field reaches beyond byte ${at}, where the file ends`,
    hint: "the download or copy was probably interrupted: fetch the file again",
  });
}

function changed(path: string): ModelFormatError {
  return new ModelFormatError("the file changed while it was read", {
    code: "FILE_CHANGED",
    where: path,
    expected: "a file that nobody writes to",
    found: "another size or time of change after reading than before",
    hint: "wait until the export or download has finished, and run the same command again",
  });
}

function tooLarge(path: string): ModelFormatError {
  return new ModelFormatError("the graph is too large without its weights", {
    code: "GRAPH_TOO_LARGE",
    where: path,
    expected: `at most ${MAX_SKELETON_BYTES >> 20} MiB beside the tensors' raw_data`,
    found: "more: a graph of no known decoder, or weights in typed fields such as float_data",
    hint: "save the weights as raw or external data: onnx.save(model, OUT, save_as_external_data=True)",
  });
}

/** The error for bytes that are no ModelProto. */
export function notOnnx(
  path: string,
  found: string,
  {
    hint = "give a model.onnx, or a folder that holds one",
    cause,
  }: { readonly hint?: string; readonly cause?: unknown } = {},
): ModelFormatError {
  return new ModelFormatError("this is not an ONNX model", {
    code: "NOT_ONNX",
    where: path,
    expected: "an ONNX ModelProto (protobuf)",
    found,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
