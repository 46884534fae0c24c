import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ModelProtoSchema, TensorProto_DataLocation, TensorProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { MasAuditError, ModelFormatError } from "../../src/errors.js";
import { decodeModel, readModel } from "../../src/onnx/decode.js";
import { encodeModel } from "../../src/onnx/encode.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { createSession } from "../../src/runtime/session.js";
import { tensor } from "../../src/runtime/tensor.js";
import { linearModel, temporaryFolder, writeLinear } from "../support/tiny-models.js";

const folder = temporaryFolder();

function refusal(act: () => unknown): MasAuditError {
  try {
    act();
  } catch (error) {
    if (error instanceof MasAuditError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** Writes a linear model whose weight claims to stand at `location`, [offset, offset + length). */
function writeExternal(
  name: string,
  location: string,
  entries: Record<string, string> = {},
): string {
  const { bytes } = encodeModel(linearModel(float32Tensor([1, 2, 3, 4], [2, 2])));
  const proto = fromBinary(ModelProtoSchema, bytes);
  proto.graph!.initializer = [
    create(TensorProtoSchema, {
      name: "W",
      dataType: 1,
      dims: [2n, 2n],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: Object.entries({ location, ...entries }).map(([key, value]) => ({
        key,
        value,
      })),
    }),
  ];
  const path = join(folder, name);
  writeFileSync(path, toBinary(ModelProtoSchema, proto));
  return path;
}

async function product(path: string, x: readonly number[]): Promise<number[]> {
  const session = await createSession(readModel(path), { threads: 1 });
  const { y } = await session.run({ x: tensor("float32", [1, x.length], Float32Array.from(x)) });
  await session.release();
  return Array.from(y!.data as Float32Array);
}

describe("decode and encode", () => {
  it("decode after encode is the identity on our own bytes", () => {
    const values = fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(values, (numbers) => {
        const one = encodeModel(linearModel(float32Tensor(numbers, [numbers.length, 1])));
        const two = encodeModel(decodeModel(one.bytes, "memory.onnx"));
        expect(Buffer.compare(one.bytes, two.bytes)).toBe(0);
      }),
    );
  });

  it("keeps fields that no schema of ours knows, at every level", () => {
    const proto = fromBinary(
      ModelProtoSchema,
      encodeModel(linearModel(float32Tensor([1], [1, 1]))).bytes,
    );
    const strange = {
      no: 9999,
      wireType: WireType.LengthDelimited,
      data: new Uint8Array([3, 1, 2, 3]),
    };
    proto.$unknown = [strange];
    proto.graph!.$unknown = [strange];
    proto.graph!.node[0]!.$unknown = [strange];
    proto.graph!.input[0]!.$unknown = [strange];
    const again = fromBinary(
      ModelProtoSchema,
      encodeModel(decodeModel(toBinary(ModelProtoSchema, proto), "memory.onnx")).bytes,
    );
    expect(again.$unknown).toEqual([strange]);
    expect(again.graph!.$unknown).toEqual([strange]);
    expect(again.graph!.node[0]!.$unknown).toEqual([strange]);
    expect(again.graph!.input[0]!.$unknown).toEqual([strange]);
  });

  it("leaves a large inline weight in its file and runs from there", async () => {
    const path = writeLinear(folder, 40, 30); // 4800 bytes: above the inline limit
    const model = readModel(path);
    expect(model.graph.initializers[0]!.initializer!.data.kind).toBe("external");
    expect(encodeModel(model).bytes.length).toBeLessThan(1000);
    const x = Array.from({ length: 40 }, (_, i) => (i === 2 ? 1 : 0));
    expect(await product(path, x)).toEqual(Array.from({ length: 30 }, (_, j) => 2 * 30 + j));
  });

  it("reads external data at an offset, in a sub-folder, and through a symbolic link", async () => {
    mkdirSync(join(folder, "weights"), { recursive: true });
    const payload = new Uint8Array(7 + 16);
    payload.set(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer), 7);
    writeFileSync(join(folder, "weights", "w.bin"), payload);
    symlinkSync(join(folder, "weights", "w.bin"), join(folder, "link.bin"));
    const inFolder = writeExternal("sub.onnx", "weights/w.bin", { offset: "7", length: "16" });
    expect(await product(inFolder, [1, 0])).toEqual([1, 2]);
    const linked = writeExternal("link.onnx", "link.bin", { offset: "7" });
    expect(await product(linked, [0, 1])).toEqual([3, 4]);
  });
});

describe("bad files are refused by name", () => {
  it("a missing file", () => {
    expect(refusal(() => readModel(join(folder, "none.onnx")))).toMatchObject({
      code: "MODEL_MISSING",
      message: "the model file does not exist",
      found: "nothing at this path",
    });
  });

  it("a file that is not ONNX", () => {
    const path = join(folder, "page.onnx");
    writeFileSync(path, "<!doctype html><p>404 not found</p>");
    expect(refusal(() => readModel(path))).toMatchObject({
      code: "NOT_ONNX",
      message: "this is not an ONNX model",
      found: "this is a web page (HTML), not the file that its name says",
    });
    writeFileSync(path, "");
    expect(refusal(() => readModel(path)).found).toBe("a file of 0 bytes");
  });

  it("every truncation of a file", () => {
    const whole = readFileSync(writeLinear(folder, 20, 20));
    const path = join(folder, "cut.onnx");
    for (let size = 0; size < whole.length; size += 13) {
      writeFileSync(path, whole);
      truncateSync(path, size);
      const error = refusal(() => readModel(path));
      expect(error).toBeInstanceOf(ModelFormatError);
      expect(["TRUNCATED", "NOT_ONNX", "UNMADE_VALUE", "TENSOR_SIZE"]).toContain(error.code);
    }
    writeFileSync(path, whole.subarray(0, whole.length - 100));
    expect(refusal(() => readModel(path))).toMatchObject({
      code: "TRUNCATED",
      message: "the file ends too early",
      hint: "the download or copy was probably interrupted: fetch the file again",
    });
  });

  it("random bytes, without a crash and without allocating what they claim", () => {
    const path = join(folder, "noise.onnx");
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        writeFileSync(path, bytes);
        expect(refusal(() => readModel(path)).exitCode).toBe(3);
      }),
      { numRuns: 300 },
    );
  });

  it("external data that is missing, too short, mis-sized, or outside the folder", () => {
    writeFileSync(join(folder, "short.bin"), new Uint8Array(15));
    const cases = [
      [writeExternal("a.onnx", "none.bin"), "EXTERNAL_MISSING"],
      [writeExternal("b.onnx", "short.bin"), "EXTERNAL_SHORT"],
      [writeExternal("c.onnx", "short.bin", { length: "12" }), "TENSOR_SIZE"],
      [writeExternal("d.onnx", "../w.bin"), "EXTERNAL_OUTSIDE"],
      [writeExternal("e.onnx", "sub/../../w.bin"), "EXTERNAL_OUTSIDE"],
      [writeExternal("f.onnx", "/etc/passwd"), "EXTERNAL_OUTSIDE"],
      [writeExternal("g.onnx", "short.bin", { offset: "-1" }), "EXTERNAL_ENTRY"],
    ] as const;
    for (const [path, code] of cases) expect(refusal(() => readModel(path)).code).toBe(code);
    expect(refusal(() => readModel(join(folder, "b.onnx")))).toMatchObject({
      message: "external data is too short",
      expected: '16 bytes at offset 0 of "short.bin"',
      found: "a file of 15 bytes",
    });
    expect(refusal(() => readModel(join(folder, "d.onnx")))).toMatchObject({
      message: "external data lies outside the model's folder",
      expected: "a relative path below the folder of the model",
      found: '"../w.bin"',
    });
  });
});
