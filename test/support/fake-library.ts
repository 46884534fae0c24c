/** @file A shared library for 64-bit Linux that holds nothing but the names of the libraries it needs. */

const PAGE = 0x1000;
const LOAD = 1;
const DYNAMIC = 2;

/** Bytes of a library that the system's loader accepts if it finds every library of `needed`, and else refuses. */
export function fakeLibrary(needed: readonly string[]): Buffer {
  const names = Buffer.from(["", ...needed, ""].join("\0"), "latin1");
  const offsets = needed.map((name) => names.indexOf(`\0${name}\0`, 0, "latin1") + 1);
  const [programAt, dynamicAt] = [64, 64 + 2 * 56];
  const entries = 5 + needed.length;
  const symbolsAt = dynamicAt + entries * 16;
  const hashAt = symbolsAt + 24;
  const namesAt = hashAt + 16;
  const size = namesAt + names.length;
  const file = Buffer.alloc(size);

  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(file);
  file.writeUInt16LE(3, 16); // a shared object
  file.writeUInt16LE(62, 18); // x86-64
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(programAt), 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(2, 56);
  file.writeUInt16LE(64, 58);
  const segment = (index: number, type: number, at: number, bytes: number): void => {
    const row = programAt + index * 56;
    file.writeUInt32LE(type, row);
    file.writeUInt32LE(6, row + 4); // readable and writable
    for (const field of [8, 16, 24]) file.writeBigUInt64LE(BigInt(at), row + field);
    for (const field of [32, 40]) file.writeBigUInt64LE(BigInt(bytes), row + field);
    file.writeBigUInt64LE(BigInt(type === LOAD ? PAGE : 8), row + 48);
  };
  segment(0, LOAD, 0, size);
  segment(1, DYNAMIC, dynamicAt, entries * 16);
  const dynamic: [number, number][] = [
    ...offsets.map((at): [number, number] => [1, at]),
    [4, hashAt],
    [5, namesAt],
    [6, symbolsAt],
    [10, names.length],
    [0, 0],
  ];
  dynamic.forEach(([tag, value], i) => {
    file.writeBigUInt64LE(BigInt(tag), dynamicAt + 16 * i);
    file.writeBigUInt64LE(BigInt(value), dynamicAt + 16 * i + 8);
  });
  file.writeUInt32LE(1, hashAt); // one bucket, one symbol: the empty one
  file.writeUInt32LE(1, hashAt + 4);
  names.copy(file, namesAt);
  return file;
}
