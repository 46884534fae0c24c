import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelFormatError } from "../../src/errors.js";
import {
  encodeSafetensors,
  float32Of,
  int64Of,
  readSafetensors,
  readSafetensorsHeader,
  storedFloat32,
  type StoredTensor,
} from "../../src/store/safetensors.js";
import { exportFixture } from "../support/located.js";
import { temporaryFolder } from "../support/tiny-models.js";

const folder = temporaryFolder();
let files = 0;

function write(bytes: Uint8Array): string {
  const path = join(folder, `${files++}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

/** A file with this header text and `dataBytes` bytes of data. */
function withHeader(header: string, dataBytes: number): string {
  const text = Buffer.from(header);
  const bytes = Buffer.alloc(8 + text.length + dataBytes);
  bytes.writeBigUInt64LE(BigInt(text.length));
  text.copy(bytes, 8);
  return write(bytes);
}

function refusal(path: string): ModelFormatError {
  try {
    readSafetensorsHeader(path);
  } catch (error) {
    if (error instanceof ModelFormatError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const f32 = (from: number, to: number, shape: number[]): string =>
  JSON.stringify({ dtype: "F32", shape, data_offsets: [from, to] });

describe("safetensors", () => {
  const stored = fc
    .array(fc.float({ noNaN: true }), { maxLength: 12 })
    .map((values) => storedFloat32(Float32Array.from(values), [values.length]));

  it("gives back what was written", () => {
    const maps = fc.dictionary(fc.string(), stored, { maxKeys: 5 });
    fc.assert(
      fc.property(maps, fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), (named, meta) => {
        // the one name that the format keeps for itself, and the one that a JSON object cannot hold as a plain key
        const names = Object.entries(named).filter(
          ([name]) => name !== "__metadata__" && name !== "__proto__",
        );
        const metadata = Object.entries(meta).filter(([name]) => name !== "__proto__");
        const path = write(encodeSafetensors(new Map(names), new Map(metadata)));
        const read = readSafetensors(path);
        expect(read.metadata).toEqual(new Map(metadata));
        expect(new Map(read.tensors)).toEqual(new Map(names));
      }),
      { numRuns: 50 },
    );
  });

  it("writes the same bytes for the same tensors, with the data on a multiple of 8", () => {
    const tensors = new Map<string, StoredTensor>([
      ["P", storedFloat32(new Float32Array(6), [2, 3])],
    ]);
    const bytes = encodeSafetensors(tensors, new Map([["unit", "none"]]));
    expect(encodeSafetensors(tensors, new Map([["unit", "none"]]))).toEqual(bytes);
    expect((bytes.length - 24) % 8).toBe(0);
  });

  it("reads a file that PyTorch's writer made", () => {
    const file = readSafetensors(exportFixture("llama/reference.safetensors"));
    expect(file.metadata.get("model")).toBe("llama");
    expect(int64Of(file, "lengths")).toEqual([12, 7]);
    expect(file.tensors.get("hidden_states")?.shape).toEqual([4, 2, 12, 64]);
    expect(float32Of(file, "loss")[0]).toBeGreaterThan(0);
  });

  it("names the element type that a reader expected and did not find", () => {
    const file = readSafetensors(exportFixture("llama/reference.safetensors"));
    expect(() => float32Of(file, "lengths")).toThrow(
      expect.objectContaining({ expected: "element type F32", found: "I64" }),
    );
    expect(() => float32Of(file, "nothing")).toThrow(
      expect.objectContaining({ found: "no such tensor" }),
    );
  });

  it("does not write a tensor whose bytes contradict its shape", () => {
    const wrong = { dtype: "F32", shape: [3], bytes: new Uint8Array(8) };
    expect(() => encodeSafetensors(new Map([["x", wrong]]))).toThrow(
      expect.objectContaining({ expected: "12 bytes for F32 [3]", found: "8 bytes" }),
    );
  });
});

describe("broken safetensors files", () => {
  it("a missing file is told from a broken one", () => {
    expect(refusal(join(folder, "none"))).toMatchObject({
      code: "SAFETENSORS_MISSING",
      message: "the safetensors file does not exist",
      found: "nothing at this path",
      hint: "check the path; for a model in several files, fetch all of them",
    });
  });

  it.each<[string, () => string, string]>([
    ["fewer than 8 bytes", () => write(new Uint8Array(5)), "5 bytes"],
    [
      "a header longer than the file",
      () => write(Buffer.from([99, 0, 0, 0, 0, 0, 0, 0])),
      "a header length of 99",
    ],
    [
      "a header length beyond any file",
      () => write(Buffer.alloc(16, 255)),
      "a header length of 18446744073709552000",
    ],
    [
      "a header that is no JSON",
      () => withHeader("{x", 0),
      "Expected property name or '}' in JSON at position 1",
    ],
    ["a header that is a list", () => withHeader("[]", 0), "another JSON value"],
    [
      "an entry without offsets",
      () => withHeader('{"x":{"dtype":"F32","shape":[1]}}', 4),
      '"x": not {dtype, shape, data_offsets}',
    ],
    [
      "a size that contradicts the shape",
      () => withHeader(`{"x":${f32(0, 4, [2])}}`, 4),
      '"x": 8 bytes for F32 [2]',
    ],
    [
      "offsets that run backwards",
      () => withHeader(`{"x":${f32(4, 0, [1])}}`, 4),
      '"x": ends at 0, before it starts at 4',
    ],
    [
      "an unknown element type",
      () => withHeader('{"x":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}}', 4),
      '"x": unknown element type Q9',
    ],
    [
      "tensors that overlap",
      () => withHeader(`{"x":${f32(0, 8, [2])},"y":${f32(4, 8, [1])}}`, 8),
      '"y" starts at byte',
    ],
    [
      "a hole between tensors",
      () => withHeader(`{"x":${f32(0, 4, [1])},"y":${f32(8, 12, [1])}}`, 12),
      '"y" starts at byte',
    ],
    ["data cut off", () => withHeader(`{"x":${f32(0, 8, [2])}}`, 5), "the tensors end at byte"],
    ["metadata that is no text", () => withHeader('{"__metadata__":{"a":1}}', 0), '{"a":1}'],
  ])("%s is refused", (_, make, found) => {
    const error = refusal(make());
    expect(error.code).toBe("SAFETENSORS");
    expect(error.found).toContain(found);
  });
});
