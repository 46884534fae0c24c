/** @file Which adapter recognises which exporter's files; a file belongs to one at most, besides the generic one. */
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import type { ModelFile } from "../../src/models/adapter.js";
import type { FileFacts } from "../../src/models/file-facts.js";
import { readModelFile } from "../../src/models/load.js";
import { exportFixture } from "../support/located.js";
import { tinyDecoder } from "../support/tiny-decoder.js";

/** Adapters with nothing against the file. */
function recognised(file: ModelFile): string[] {
  return ADAPTERS.filter((adapter) => adapter.identify(file).every(({ supports }) => supports)).map(
    ({ id }) => id,
  );
}

interface Marks {
  readonly producer: string;
  readonly irVersion: number;
  readonly operators?: readonly string[];
  readonly dims?: readonly string[];
  readonly session?: boolean;
}

function fileOf({
  producer,
  irVersion,
  operators = [],
  dims = ["b", "s"],
  session,
}: Marks): ModelFile {
  const facts: FileFacts = {
    producer,
    irVersion,
    opsets: new Map([["", 18], ...(session === true ? [["com.microsoft.nchwc", 1] as const] : [])]),
    operators: new Map(["MatMul", ...operators].map((op) => [op, 1])),
    inputs: [{ name: "input_ids", type: { dtype: "int64", shape: dims } }],
    hasFunctions: false,
  };
  return {
    path: "model.onnx",
    folder: ".",
    model: tinyDecoder(),
    passes: [],
    facts,
    configuration: undefined,
  };
}

const OPTIMUM_DIMS = ["batch_size", "sequence_length"];

/** Marks as the exporters leave them, one row for each kind of file met. */
const KINDS: readonly [string, Marks, string][] = [
  ["optimum", { producer: "pytorch 2.9.1", irVersion: 8, dims: OPTIMUM_DIMS }, "optimum"],
  [
    "optimum, merged",
    { producer: "optimum-onnx", irVersion: 9, operators: ["If"], dims: OPTIMUM_DIMS },
    "optimum",
  ],
  ["TorchScript by hand", { producer: "pytorch 2.9.1", irVersion: 7 }, "torchscript"],
  ["dynamo", { producer: "pytorch 2.9.1+cu128", irVersion: 10 }, "torch-dynamo"],
  [
    "dynamo, opset 23",
    { producer: "pytorch 2.10", irVersion: 10, operators: ["Attention", "RMSNormalization"] },
    "torch-dynamo",
  ],
  [
    "dynamo after onnxscript's fusions",
    { producer: "pytorch 2.9.1", irVersion: 10, operators: ["com.microsoft.MultiHeadAttention"] },
    "torch-dynamo",
  ],
  [
    "dynamo with local functions",
    { producer: "pytorch 2.9.1", irVersion: 10, operators: ["pkg.onnxscript.torch_lib.aten_gelu"] },
    "torch-dynamo",
  ],
  [
    "genai",
    {
      producer: "onnxruntime-genai 0.18.0+00d66ef",
      irVersion: 10,
      operators: ["com.microsoft.GroupQueryAttention"],
      dims: OPTIMUM_DIMS,
    },
    "genai",
  ],
  [
    "genai, int4",
    {
      producer: "onnxruntime-genai",
      irVersion: 10,
      operators: ["com.microsoft.MatMulNBits"],
      dims: OPTIMUM_DIMS,
    },
    "genai",
  ],
  [
    "ORT's transformer optimiser",
    {
      producer: "onnxruntime.transformers 1.31.1",
      irVersion: 8,
      operators: ["com.microsoft.Attention"],
      dims: OPTIMUM_DIMS,
    },
    "ort-optimiser",
  ],
  [
    "saved by a session",
    {
      producer: "pytorch 2.9.1",
      irVersion: 8,
      operators: ["com.microsoft.QuickGelu"],
      dims: OPTIMUM_DIMS,
      session: true,
    },
    "ort-optimiser",
  ],
  [
    "genai, saved by a session",
    {
      producer: "onnxruntime-genai",
      irVersion: 10,
      operators: ["com.microsoft.MatMulNBits"],
      session: true,
    },
    "ort-optimiser",
  ],
  [
    "q4 of an optimum export",
    {
      producer: "pytorch 2.9.1",
      irVersion: 8,
      operators: ["com.microsoft.MatMulNBits"],
      dims: OPTIMUM_DIMS,
    },
    "onnx-community",
  ],
  [
    "q4 of a dynamo export",
    { producer: "pytorch 2.9.1", irVersion: 10, operators: ["com.microsoft.MatMulNBits"] },
    "onnx-community",
  ],
  [
    "QDQ weights",
    {
      producer: "pytorch 2.9.1",
      irVersion: 8,
      operators: ["DequantizeLinear"],
      dims: OPTIMUM_DIMS,
    },
    "onnx-community",
  ],
  [
    "fused afterwards",
    {
      producer: "pytorch 2.3.0",
      irVersion: 8,
      operators: ["com.microsoft.GroupQueryAttention"],
      dims: OPTIMUM_DIMS,
    },
    "onnx-community",
  ],
  [
    "dynamic int8",
    {
      producer: "onnx.quantize 0.1.0",
      irVersion: 8,
      operators: ["DynamicQuantizeLinear", "MatMulInteger"],
    },
    "onnx-community",
  ],
];

describe("marks of exporters", () => {
  it.each(KINDS)("%s", (_, marks, id) => {
    expect(recognised(fileOf(marks))).toEqual([id, "generic"]);
  });

  it("are never needed: a file of an unknown maker goes to the generic adapter", () => {
    expect(recognised(fileOf({ producer: "", irVersion: 9 }))).toEqual(["generic"]);
  });

  it("are cited, for and against, in words", () => {
    for (const adapter of ADAPTERS) {
      const evidence = adapter.identify(fileOf({ producer: "acme", irVersion: 11 }));
      expect(evidence.length).toBeGreaterThan(0);
      expect(evidence.every(({ text }) => text.length > 0)).toBe(true);
    }
  });

  it("have an adapter for each id once, with exporters and families named", () => {
    expect(new Set(ADAPTERS.map(({ id }) => id)).size).toBe(ADAPTERS.length);
    expect(ADAPTERS.at(-1)!.id).toBe("generic");
    for (const { id, exporters, families } of ADAPTERS) {
      expect(exporters).toMatch(/\w/);
      expect(families.length > 0).toBe(id !== "generic"); // that one is for all families
    }
  });
});

describe("real files", () => {
  it.each([
    ["gpt2/optimum-nopast", "optimum"],
    ["llama/optimum-past", "optimum"],
    ["gpt2/ortopt-gpt2-past", "ort-optimiser"],
    ["llama/dynamo23", "torch-dynamo"],
    ["qwen2/genai-int4-cpu", "genai"],
    ["qwen2/genai-fp16-cuda", "genai"],
  ])("%s is recognised by %s, and found where its structure says", (path, id) => {
    const file = readModelFile(exportFixture(`${path}/model.onnx`));
    expect(recognised(file)).toEqual([id, "generic"]);
    const [adapter] = ADAPTERS.filter((each) => each.id === id);
    const outcome = adapter!.locate(file, []);
    expect(outcome.kind).toBe("located");
    expect(dirname(file.path)).toBe(file.folder);
  });
});
