/** @file Safetensors files that no library wrote. */
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/stats/stream.js";
import {
  encodeSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  storedFloat32,
} from "../../src/store/safetensors.js";
import {
  countOutcomes,
  damage,
  damageJson,
  deepJson,
  outcomeOf,
  safetensorsBytes,
  withinMemory,
} from "../support/fuzz.js";
import { temporaryFolder } from "../support/tiny-models.js";

const folder = temporaryFolder();
const path = join(folder, "fuzz.safetensors");
const MEBIBYTE = 1 << 20;

/** A file with this header text (or bytes) and `dataBytes` zeros of data. */
function withHeader(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  return safetensorsBytes(header, new Uint8Array(dataBytes));
}

function read(bytes: Uint8Array): ReturnType<typeof outcomeOf> {
  writeFileSync(path, bytes);
  return outcomeOf(() => readSafetensors(path), "readSafetensors");
}

function refusalOf(bytes: Uint8Array): string | undefined {
  const outcome = read(bytes);
  if (outcome.kind === "read") throw new Error("nothing was refused");
  return outcome.error.found;
}

const entry = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

describe("a safetensors file", () => {
  const whole = new Uint8Array(
    encodeSafetensors(
      new Map([
        ["a.weight", storedFloat32(new Float32Array(6), [2, 3])],
        ["b.bias", storedFloat32(new Float32Array(3), [3])],
      ]),
      new Map([["format", "pt"]]),
    ),
  );

  it("with random damage is read or refused", () => {
    const random = stream(1, "fuzz/safetensors/damage");
    const counts = countOutcomes(() => read(damage(whole, random)), {
      times: 1500,
      limitBytes: 128 * MEBIBYTE,
    });
    expect(counts.read).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(500);
  });

  it("with odd values in its header is read or refused", () => {
    const random = stream(2, "fuzz/safetensors/header");
    const header = JSON.parse(Buffer.from(whole.slice(8, whole.length - 36)).toString()) as unknown;
    for (let i = 0; i < 1000; i++) {
      read(withHeader(JSON.stringify(damageJson(header, random)), 36));
    }
  });

  it("cut at any length is refused", () => {
    for (let size = 0; size < whole.length; size++)
      expect(read(whole.slice(0, size)).kind, `cut at ${size}`).toBe("refused");
  });

  it.each<[string, Uint8Array, string]>([
    ["a header beyond 100 MB", withHeaderLength(100_000_001n), "a header length of 100000001"],
    [
      "a header of 2^63 bytes",
      withHeaderLength(2n ** 63n),
      "a header length of 9223372036854776000",
    ],
    [
      "sizes whose product leaves every number",
      withHeader(`{"w":${entry("F32", "[9007199254740991,9007199254740991]", "[0,4]")}}`, 4),
      '"w": an absurd size [9007199254740991, 9007199254740991]',
    ],
    [
      "sizes whose product is infinity times zero",
      withHeader(`{"w":${entry("F32", `[${"9007199254740991,".repeat(20)}0]`, "[0,0]")}}`),
      '"w": an absurd size [9007199254740991',
    ],
    ["a size of NaN", withHeader(`{"w":${entry("F32", "[NaN]", "[0,4]")}}`, 4), "Unexpected token"],
    [
      "a size of 1e400",
      withHeader(`{"w":${entry("F32", "[1e400]", "[0,4]")}}`, 4),
      '"w": not {dtype, shape, data_offsets}',
    ],
    [
      "half a size",
      withHeader(`{"w":${entry("F32", "[0.5]", "[0,2]")}}`, 2),
      '"w": not {dtype, shape, data_offsets}',
    ],
    [
      "a negative offset",
      withHeader(`{"w":${entry("F32", "[1]", "[-4,0]")}}`),
      '"w": not {dtype, shape, data_offsets}',
    ],
    [
      "an element type that every object has",
      withHeader(`{"w":${entry("constructor", "[]", "[0,0]")}}`),
      '"w": unknown element type constructor',
    ],
    [
      "a name twice",
      withHeader(`{"w":${entry("U8", "[1]", "[0,1]")},"w":${entry("U8", "[1]", "[1,2]")}}`, 2),
      'the key "w" twice in one object',
    ],
    [
      "a name twice, spelt differently",
      withHeader(
        `{"w":${entry("U8", "[1]", "[0,1]")},"\\u0077":${entry("U8", "[1]", "[1,2]")}}`,
        2,
      ),
      'the key "w" twice in one object',
    ],
    [
      "other bytes than UTF-8",
      withHeader(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)),
      "other bytes",
    ],
    ["JSON of 100 000 levels", withHeader(deepJson(100_000)), "JSON nested deeper than 100 levels"],
    [
      "metadata of 100 000 levels",
      withHeader(`{"__metadata__":${deepJson(100_000, "[", "]")}}`),
      "JSON nested deeper than 100 levels",
    ],
    [
      "a Git LFS pointer",
      Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"),
      "this is a Git LFS pointer: the name of the data, not the data",
    ],
  ])("with %s is refused", (_, bytes, found) => {
    expect(refusalOf(bytes)).toContain(found);
  });

  it("of many gigabytes is known by its header alone", () => {
    const size = 6 * 2 ** 30;
    const header = withHeader(`{"w":${entry("U8", `[${size}]`, `[0,${size}]`)}}`);
    writeFileSync(path, header);
    truncateSync(path, header.length + size);
    withinMemory(16 * MEBIBYTE, () => {
      expect(readSafetensorsHeader(path).tensors.get("w")?.length).toBe(size);
    });
  });

  it("with a header length that a sparse file covers reads no more than the limit", () => {
    writeFileSync(path, withHeaderLength(2n ** 32n));
    truncateSync(path, 2 ** 33);
    withinMemory(16 * MEBIBYTE, () => {
      expect(outcomeOf(() => readSafetensorsHeader(path), "sparse").kind).toBe("refused");
    });
  });
});

function withHeaderLength(length: bigint): Uint8Array {
  const bytes = Buffer.alloc(64, "{");
  bytes.writeBigUInt64LE(length);
  return new Uint8Array(bytes);
}
