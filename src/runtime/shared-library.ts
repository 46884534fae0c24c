/**
 * @file What a shared library needs, and whether the system finds it. The runtime prints the name of a missing library
 * only to the terminal, one at a time; a person who rents a GPU wants all names at once.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { ModelFormatError } from "../errors.js";

/** ELF, 64 bits, little-endian: the only form that the runtime's providers come in. */
const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const SEGMENT = { load: 1, dynamic: 2 } as const;
const TAG = { end: 0, needed: 1, strings: 5 } as const;
/** No library has more; a damaged header must not make us read gigabytes. */
const MOST = { segments: 1024, dynamicBytes: 1 << 16, nameBytes: 256 } as const;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/**
 * Names of the libraries that a library file asks for, in its order.
 *
 * @throws {@link ModelFormatError} when the file is no such library.
 */
export function neededLibraries(path: string): readonly string[] {
  const file = openSync(path, "r");
  try {
    const read = reader(file, path);
    const header = read(0, 64);
    if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged(path, "no ELF header");
    const segments = readSegments(header, read, path);
    const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
    if (dynamic === undefined || dynamic.bytes > MOST.dynamicBytes) {
      throw damaged(path, "no usable dynamic section");
    }
    const entries = readDynamic(read(dynamic.offset, dynamic.bytes));
    const table = entries.find(({ tag }) => tag === TAG.strings);
    const load = segments.find(
      ({ type, address, bytes }) =>
        type === SEGMENT.load &&
        table !== undefined &&
        table.value >= address &&
        table.value < address + bytes,
    );
    if (table === undefined || load === undefined) throw damaged(path, "no table of names");
    const start = table.value - load.address + load.offset;
    return entries
      .filter(({ tag }) => tag === TAG.needed)
      .map(({ value }) => zeroTerminated(read(start + value, MOST.nameBytes, "at most")));
  } finally {
    closeSync(file);
  }
}

type Read = (offset: number, bytes: number, how?: "exactly" | "at most") => Buffer;

function reader(file: number, path: string): Read {
  return (offset, bytes, how = "exactly") => {
    if (!Number.isSafeInteger(offset)) throw damaged(path, "it points beyond every file");
    const buffer = Buffer.alloc(bytes);
    const got = readSync(file, buffer, 0, bytes, offset);
    if (got < bytes && how === "exactly") throw damaged(path, "it ends too early");
    return buffer.subarray(0, got);
  };
}

function readSegments(header: Buffer, read: Read, path: string): Segment[] {
  const [offset, size, count] = [
    Number(header.readBigUInt64LE(32)),
    header.readUInt16LE(54),
    header.readUInt16LE(56),
  ];
  if (size < 56 || count > MOST.segments) throw damaged(path, "unusable program headers");
  const table = read(offset, size * count);
  return Array.from({ length: count }, (_, i) => {
    const row = table.subarray(i * size);
    return {
      type: row.readUInt32LE(0),
      offset: Number(row.readBigUInt64LE(8)),
      address: Number(row.readBigUInt64LE(16)),
      bytes: Number(row.readBigUInt64LE(32)),
    };
  });
}

function readDynamic(bytes: Buffer): { tag: number; value: number }[] {
  const entries = Array.from({ length: Math.floor(bytes.length / 16) }, (_, i) => ({
    tag: Number(bytes.readBigInt64LE(16 * i)),
    value: Number(bytes.readBigUInt64LE(16 * i + 8)),
  }));
  const end = entries.findIndex(({ tag }) => tag === TAG.end);
  return end === -1 ? entries : entries.slice(0, end);
}

function zeroTerminated(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end === -1 ? bytes.length : end);
}

function damaged(path: string, found: string): ModelFormatError {
  return new ModelFormatError("a library file is damaged", {
    code: "LIBRARY_DAMAGED",
    where: path,
    expected: "a shared library for 64-bit Linux",
    found,
  });
}

/**
 * Why the system's loader refuses a library, by name or path; `undefined` when it loads.
 *
 * Node's own loader is the only way to ask: a library that is none of Node's is loaded, found to be no add-on, and
 * unloaded again.
 */
export function whyNotLoadable(name: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, name);
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return /did not self-register/.test(text) ? undefined : text;
  }
}
