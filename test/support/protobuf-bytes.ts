/** @file Protobuf by hand, so that a test can write what no library would. */

/** Base-128 varint of a non-negative integer. */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...bytes, Number(rest));
}

/** A length-delimited field. */
export function field(number: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return lying(number, body.length, body);
}

/** A length-delimited field whose length says something else than what follows. */
export function lying(number: number, length: number | bigint, body: Uint8Array): Uint8Array {
  return Buffer.concat([varint(number * 8 + 2), varint(length), body]);
}

/** A varint field. */
export function scalar(number: number, value: number | bigint): Uint8Array {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

/** A ModelProto with ir_version 9, ai.onnx 18 and this graph. */
export function modelBytes(...graph: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([scalar(1, 9), field(8, scalar(2, 18)), field(7, ...graph)]);
}
