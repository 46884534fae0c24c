/** @file Model files that no exporter wrote. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { loadModel, readModelFile } from "../../src/models/load.js";
import { decodeModel, readModel } from "../../src/onnx/decode.js";
import { encodeModel } from "../../src/onnx/encode.js";
import type { Model } from "../../src/onnx/graph.js";
import { stream } from "../../src/stats/stream.js";
import { countOutcomes, damage, outcomeOf, outcomeOfAsync, withinMemory } from "../support/fuzz.js";
import { exportFixture } from "../support/located.js";
import { field, lying, modelBytes, scalar, varint } from "../support/protobuf-bytes.js";
import { tinyDecoder } from "../support/tiny-decoder.js";
import { temporaryFolder, writeLinear } from "../support/tiny-models.js";

const folder = temporaryFolder();
const path = join(folder, "fuzz.onnx");

/** Growth that garbage not yet collected explains, and nothing that a claim of gigabytes would hide in. */
const SLACK_BYTES = 256 << 20;

function read(bytes: Uint8Array): ReturnType<typeof outcomeOf> {
  writeFileSync(path, bytes);
  return outcomeOf(() => readModel(path), "readModel");
}

function refusalOf(bytes: Uint8Array): string {
  const outcome = read(bytes);
  if (outcome.kind === "read") throw new Error("nothing was refused");
  return `${outcome.error.code}: ${outcome.error.found}`;
}

/** Reads, brings into canonical form and looks for the stream, as a run does before the runtime sees anything. */
function understand(bytes: Uint8Array): ReturnType<typeof outcomeOf> {
  writeFileSync(path, bytes);
  return outcomeOf(() => {
    const file = readModelFile(path);
    for (const adapter of ADAPTERS) adapter.locate(file, adapter.identify(file));
    return file.model;
  }, "readModelFile");
}

describe("a model file", () => {
  const tiny = new Uint8Array(encodeModel(tinyDecoder()).bytes);

  it("of random bytes is refused", () => {
    const random = stream(1, "fuzz/onnx/noise");
    const noise = (): Uint8Array =>
      Uint8Array.from({ length: 1 + random.int(300) }, () => random.int(256));
    const counts = countOutcomes(() => read(noise()), { times: 400, limitBytes: SLACK_BYTES });
    expect(counts).toEqual({ read: 0, refused: 400 });
  });

  it("with random damage is read or refused, up to the located stream", () => {
    const random = stream(2, "fuzz/onnx/damage");
    const counts = countOutcomes(() => understand(damage(tiny, random)), {
      times: 400,
      limitBytes: SLACK_BYTES,
    });
    // both must happen, or the damage is too light or too heavy to say anything
    expect(counts.read).toBeGreaterThan(50);
    expect(counts.refused).toBeGreaterThan(50);
  });

  it("of a real exporter with damage to its graph is read or refused", () => {
    const random = stream(3, "fuzz/onnx/export");
    const whole = encodeModel(readModel(exportFixture("gpt2/optimum-nopast/model.onnx")), {
      folder: exportFixture("gpt2/optimum-nopast"),
    }).bytes;
    const graph = new Uint8Array(whole);
    writeFileSync(
      join(folder, "model.onnx"),
      readFileSync(exportFixture("gpt2/optimum-nopast/model.onnx")),
    );
    for (let i = 0; i < 60; i++) understand(damage(graph, random));
  });

  it("cut at any length is refused, except where a field of the model ends", () => {
    const whole = new Uint8Array(readFileSync(writeLinear(folder, 20, 20)));
    const complete: number[] = [];
    for (let size = 0; size < whole.length; size++) {
      if (size % 7 !== 0 && size > 300 && size < whole.length - 100) continue;
      if (read(whole.slice(0, size)).kind === "read") complete.push(size);
    }
    // protobuf has no end mark: without its last field, the second operator set, the file is a whole one
    const lastField = field(8, field(1, "com.microsoft"), scalar(2, 1)).length;
    expect(complete).toEqual([whole.length - lastField]);
  });

  it("that survives reading is still a model that can be written and read again", () => {
    const random = stream(4, "fuzz/onnx/again");
    for (let i = 0; i < 200; i++) {
      const outcome = outcomeOf(() => decodeModel(damage(tiny, random), path), "decodeModel");
      if (outcome.kind === "refused") continue;
      const { bytes } = encodeModel(outcome.value as Model);
      expect(outcomeOf(() => decodeModel(bytes, path), "again").kind).toBe("read");
    }
  });

  it("with damage is loaded with the runtime or refused", async () => {
    const random = stream(5, "fuzz/onnx/load");
    for (let i = 0; i < 200; i++) {
      writeFileSync(path, damage(tiny, random));
      await outcomeOfAsync(() => loadModel(path, { adapters: ADAPTERS }), `loadModel ${i}`);
    }
  });
});

describe("a length that the file does not have is not allocated:", () => {
  const name = field(8, "w");
  const claims: readonly (readonly [string, Uint8Array, string])[] = [
    [
      "a graph of 2^62 bytes",
      lying(7, 2n ** 62n, new Uint8Array(20)),
      "TRUNCATED: its last field reaches beyond byte 30, where the file ends",
    ],
    [
      "a number of 11 bytes",
      Buffer.concat([varint(7 * 8 + 2), Buffer.alloc(11, 255)]),
      "NOT_ONNX: a number of more than 10 bytes at byte 1",
    ],
    [
      "a field number of 2^60",
      Buffer.concat([varint(2n ** 63n), Uint8Array.of(0)]),
      "NOT_ONNX: illegal tag: varint overflows uint32",
    ],
    [
      "a tensor of 2^52 floats without data",
      modelBytes(field(5, name, scalar(2, 1), scalar(1, 2n ** 51n))),
      "TENSOR_TOO_LARGE: float32 [2251799813685248]",
    ],
    [
      "a tensor of 2^40 floats without data",
      modelBytes(field(5, name, scalar(2, 1), scalar(1, 2n ** 40n))),
      "TENSOR_SIZE: 0 bytes",
    ],
    [
      "dimensions whose product leaves every number",
      modelBytes(field(5, name, scalar(2, 1), ...Array<Uint8Array>(40).fill(scalar(1, 2n ** 50n)))),
      `TENSOR_TOO_LARGE: float32 [${Array(8)
        .fill(2 ** 50)
        .join(", ")}, …]`,
    ],
    [
      "a dimension beyond 2^53",
      modelBytes(field(5, name, scalar(2, 1), scalar(1, 2n ** 62n))),
      "INT64_RANGE: 4611686018427387904",
    ],
    [
      "a negative dimension",
      modelBytes(field(5, name, scalar(2, 1), scalar(1, 2n ** 64n - 3n), scalar(1, 2))),
      "NEGATIVE_DIM: [-3, 2]",
    ],
    [
      "packed data of 2^40 bytes",
      modelBytes(field(5, name, scalar(2, 1), lying(4, 2n ** 40n, new Uint8Array(4)))),
      "NOT_ONNX: a field at byte",
    ],
    [
      "an unknown element type",
      modelBytes(field(5, name, scalar(2, 77), scalar(1, 1))),
      "ELEMENT_TYPE: 77",
    ],
  ];
  it.each(claims)("%s", (_, bytes, found) => {
    withinMemory(64 << 20, () => {
      expect(refusalOf(bytes)).toContain(found);
    });
  });
});

describe("a small file cannot become a large graph:", () => {
  it("messages nested without end", () => {
    let graph: Uint8Array = field(2, "innermost");
    // graph → node → attribute → graph …
    for (let i = 0; i < 400; i++)
      graph = field(1, field(4, "If"), field(5, field(1, "b"), field(6, graph)));
    expect(refusalOf(modelBytes(graph))).toBe("NOT_ONNX: messages nested deeper than 64");
  });

  it("types nested without end", () => {
    let type: Uint8Array = new Uint8Array();
    for (let i = 0; i < 20_000; i++) type = i < 200 ? field(4, field(1, type)) : type;
    expect(refusalOf(modelBytes(field(13, field(1, "v"), field(2, type))))).toBe(
      "NOT_ONNX: messages nested deeper than 64",
    );
  });

  it("millions of empty nodes", () => {
    const nodes = Buffer.alloc(2 * 1_010_000);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
    withinMemory(64 << 20, () => {
      expect(refusalOf(modelBytes(nodes))).toBe(
        "NOT_ONNX: more than 1000000 messages beside its weights",
      );
    });
  });

  it("millions of numbers of one byte", () => {
    const dims = field(
      5,
      field(8, "w"),
      scalar(2, 7),
      lying(7, 17_000_000, Buffer.alloc(17_000_000, 1)),
    );
    withinMemory(128 << 20, () => {
      expect(refusalOf(modelBytes(dims))).toBe(
        "NOT_ONNX: more than 16000000 elements beside its weights",
      );
    });
  });

  it("many branches that each see all names cost no square of them", () => {
    const value = (i: number): Uint8Array =>
      field(1, field(1, "x"), field(2, `v${i}`), field(4, "Neg"));
    const branch = field(5, field(1, "then_branch"), scalar(20, 5), field(6, field(2, "b")));
    const count = 6000;
    const nodes = Array.from({ length: count }, (_, i) => [
      value(i),
      field(1, field(1, "x"), field(2, `b${i}`), field(4, "If"), branch),
    ]).flat();
    const start = performance.now();
    expect(read(modelBytes(...nodes, field(11, field(1, "x")))).kind).toBe("read");
    // copying every name for every branch took 6000 × 12000 steps; this takes some hundred milliseconds
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
