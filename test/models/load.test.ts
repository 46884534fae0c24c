import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { LocateError, MasAuditError, ModelFormatError } from "../../src/errors.js";
import { loadModel } from "../../src/models/load.js";
import { encodeModel } from "../../src/onnx/encode.js";
import { exportFixture } from "../support/located.js";
import { tinyDecoder } from "../support/tiny-decoder.js";
import { temporaryFolder, writeLinear } from "../support/tiny-models.js";

const folder = temporaryFolder();
let folders = 0;

function newFolder(): string {
  const path = join(folder, String(folders++));
  mkdirSync(join(path, "onnx"), { recursive: true });
  return path;
}

async function refusal(path: string): Promise<MasAuditError> {
  try {
    await loadModel(path, { adapters: ADAPTERS });
  } catch (error) {
    if (error instanceof MasAuditError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

function writeTiny(path: string): void {
  writeFileSync(path, encodeModel(tinyDecoder()).bytes);
}

describe("loadModel", () => {
  it("knows an optimum file by its evidence and types its sites", async () => {
    const model = await loadModel(exportFixture("llama/optimum-past"), { adapters: ADAPTERS });
    expect(model).toMatchObject({ adapter: "optimum", nLayers: 3, dModel: 64, vocab: 320 });
    expect(model.sites.map(({ type }) => type?.dtype)).toEqual(Array(4).fill("float32"));
    expect(model.evidence.every(({ supports }) => supports)).toBe(true);
    expect(model.evidence.map(({ text }) => text)).toContain("blocks = 3, as past inputs say");
  });

  it("takes a file of another exporter by structure alone", async () => {
    const path = newFolder();
    writeTiny(join(path, "model.onnx"));
    const model = await loadModel(path, { adapters: ADAPTERS });
    expect(model).toMatchObject({ adapter: "generic", nLayers: 2, dModel: 6, vocab: 11 });
  });

  it("finds the file in the subfolder onnx/, and the configuration above it", async () => {
    const path = newFolder();
    writeTiny(join(path, "onnx", "model.onnx"));
    writeFileSync(join(path, "config.json"), '{"n_layer": 2, "n_positions": 77}');
    const model = await loadModel(path, { adapters: ADAPTERS });
    expect(model.contextLength).toBe(77);
  });
});

describe("paths that hold no model", () => {
  it("a missing path", async () => {
    const error = await refusal(join(folder, "nowhere"));
    expect(error).toBeInstanceOf(ModelFormatError);
    expect(error.message).toBe("the model does not exist");
    expect(error.found).toBe("nothing at this path");
  });

  it("a folder without .onnx", async () => {
    const error = await refusal(newFolder());
    expect(error.message).toBe("the folder holds no model");
    expect(error.hint).toContain("optimum-cli export onnx");
  });

  it("a folder with several, all of them listed", async () => {
    const path = newFolder();
    writeTiny(join(path, "model.onnx"));
    writeTiny(join(path, "onnx", "model_fp16.onnx"));
    const error = await refusal(path);
    expect(error.message).toBe("the folder holds several models");
    expect(error.found).toBe(
      `${join(path, "model.onnx")}, ${join(path, "onnx", "model_fp16.onnx")}`,
    );
  });

  it("a file that is not ONNX", async () => {
    const path = join(newFolder(), "model.onnx");
    copyFileSync(exportFixture("manifest.json"), path);
    expect((await refusal(path)).message).toBe("this is not an ONNX model");
  });
});

describe("models that are not understood", () => {
  it("name the file, what was expected and what was found", async () => {
    const path = writeLinear(folder, 3, 2);
    const error = await refusal(path);
    expect(error).toBeInstanceOf(LocateError);
    expect(error.exitCode).toBe(3);
    expect(error.where).toContain(path);
  });

  it("contradict their configuration: layers and width, both at once", async () => {
    const path = newFolder();
    writeTiny(join(path, "model.onnx"));
    writeFileSync(join(path, "config.json"), '{"num_hidden_layers": 5, "hidden_size": 8}');
    const error = await refusal(path);
    expect(error.code).toBe("CROSS_CHECK");
    expect(error.found).toBe("blocks = 2; dModel = 6");
    expect(error.expected).toContain("blocks = 5");
    expect(error.expected).toContain("dModel = 8");
  });

  it("stand beside a configuration that is no JSON", async () => {
    const path = newFolder();
    writeTiny(join(path, "model.onnx"));
    writeFileSync(join(path, "config.json"), "{");
    expect((await refusal(path)).code).toBe("CONFIGURATION");
  });

  it("use an operator set that is too old", async () => {
    const path = join(newFolder(), "model.onnx");
    const model = tinyDecoder();
    model.opsets.set("", 11);
    writeFileSync(path, encodeModel(model).bytes);
    const error = await refusal(path);
    expect(error.code).toBe("OPERATOR_SET");
    expect(error.found).toBe("ai.onnx 11");
  });
});
