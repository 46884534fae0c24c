/** @file Each thing that people give in place of a model, and each lie that a file can tell, with the whole error text. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  ftruncateSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  SparseTensorProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ModelProto,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { formatError } from "../../src/cli/format-error.js";
import { MasAuditError } from "../../src/errors.js";
import { loadModel } from "../../src/models/load.js";
import { readModel } from "../../src/onnx/decode.js";
import { encodeModel } from "../../src/onnx/encode.js";
import type { Model } from "../../src/onnx/graph.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { createSession } from "../../src/runtime/session.js";
import { encodeSafetensors, storedFloat32 } from "../../src/store/safetensors.js";
import { withinMemory } from "../support/fuzz.js";
import { field, lying, scalar, varint } from "../support/protobuf-bytes.js";
import { tinyDecoder } from "../support/tiny-decoder.js";
import { linearModel, modelOf, temporaryFolder } from "../support/tiny-models.js";

const root = realpathSync(temporaryFolder());

function newFolder(): string {
  return mkdtempSync(join(root, "f"));
}

/** The whole error text of loading `path`, with the folder written as DIR. */
async function textOf(path: string, folder: string): Promise<string> {
  try {
    await loadModel(path, { adapters: ADAPTERS });
  } catch (error) {
    if (!(error instanceof MasAuditError)) throw error;
    expect(error.exitCode).toBe(3);
    return formatError(error, { verbose: false, colour: false }).replaceAll(folder, "DIR");
  }
  throw new Error("nothing was refused");
}

async function textOfFile(content: Uint8Array | string, name = "model.onnx"): Promise<string> {
  const folder = newFolder();
  writeFileSync(join(folder, name), content);
  return textOf(join(folder, name), folder);
}

const LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
const EXPORT =
  "give the model's Hugging Face folder with safetensors weights, or export it: optimum-cli export onnx --task text-generation --model DIR OUT";

describe("a file of another kind is called by its name:", () => {
  const safetensors = encodeSafetensors(
    new Map([["w", storedFloat32(new Float32Array(4), [2, 2])]]),
  );
  it.each<[string, string, Uint8Array | string, string, string]>([
    [
      "a Git LFS pointer",
      "model.onnx",
      LFS,
      "this is a Git LFS pointer: the name of the data, not the data",
      "fetch the data: run `git lfs install` and `git lfs pull` in the model's folder, or download the file itself",
    ],
    [
      "a web page",
      "model.onnx",
      "\n<!DOCTYPE html><html><p>Sign in</p></html>",
      "this is a web page (HTML), not the file that its name says",
      "the download went to a login or error page: fetch the file again and look at its size",
    ],
    [
      "safetensors",
      "model.safetensors",
      safetensors,
      "this is a safetensors file: weights without a graph",
      "give the folder that holds it together with its config.json",
    ],
    [
      "a PyTorch archive",
      "pytorch_model.bin",
      Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 8, 8),
      "this is a zip archive, as PyTorch writes .pt and .bin files",
      `it is never unpickled here, because that runs code; ${EXPORT}`,
    ],
    [
      "an old PyTorch file",
      "model.pt",
      Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c),
      "this is a Python pickle, as older PyTorch writes .pt and .bin files",
      `it is never unpickled here, because that runs code; ${EXPORT}`,
    ],
    [
      "a GGUF file",
      "model.gguf",
      "GGUF\x03\0\0\0",
      "this is a GGUF file (llama.cpp)",
      `GGUF holds no graph and cannot be audited; take the checkpoint that it was made from: ${EXPORT}`,
    ],
    [
      "a configuration",
      "config.json",
      '{\n  "model_type": "llama"}',
      "this is a JSON text",
      "give the model's folder, or its .onnx file",
    ],
    [
      "an empty file",
      "model.onnx",
      "",
      "a file of 0 bytes",
      "the download or export stopped before it wrote anything: fetch or export the file again",
    ],
    [
      "a note",
      "model.onnx",
      "hello, this is not a model",
      "wire type 4 at byte 3",
      "give a model.onnx, or a folder that holds one",
    ],
  ])("%s", async (_, name, content, found, hint) => {
    const text = await textOfFile(content, name);
    const [first, ...rest] = text.split("\n");
    expect(first).toBe(
      `NOT_ONNX this is not an ONNX model: expected an ONNX ModelProto (protobuf), found ${found}`,
    );
    expect(rest.join("\n")).toBe(`  at    DIR/${name}\n  hint  ${hint}\n`);
  });

  it("a named pipe, which is never opened", async () => {
    const folder = newFolder();
    execFileSync("mkfifo", [join(folder, "model.onnx")]);
    expect(await textOf(join(folder, "model.onnx"), folder)).toBe(
      `MODEL_MISSING this is not a model: expected an .onnx file, or a folder that holds one, found a named pipe
  at    DIR/model.onnx
  hint  check the path: nothing is downloaded, and names of a model hub are not looked up
`,
    );
    expect(await textOf(folder, folder)).toContain("found a named pipe");
  });

  it("a device, which never ends", async () => {
    expect(await textOf("/dev/zero", root)).toContain("this is not a model");
    const folder = newFolder();
    symlinkSync("/dev/zero", join(folder, "model.onnx"));
    expect(await textOf(folder, folder)).toContain("found a device");
  });

  it("a link to itself, and a link to nothing", async () => {
    const folder = newFolder();
    symlinkSync(join(folder, "b.onnx"), join(folder, "a.onnx"));
    symlinkSync(join(folder, "a.onnx"), join(folder, "b.onnx"));
    symlinkSync(join(folder, "nowhere"), join(folder, "c.onnx"));
    expect(await textOf(join(folder, "a.onnx"), folder)).toContain(
      "found a path that the system refuses (ELOOP)",
    );
    expect(await textOf(join(folder, "c.onnx"), folder)).toContain("found nothing at this path");
  });
});

describe("a folder without one model says what it holds:", () => {
  it("PyTorch weights", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "pytorch_model.bin"), "x");
    writeFileSync(join(folder, "config.json"), "{}");
    expect(await textOf(folder, folder)).toBe(
      `NO_ONNX_IN_FOLDER the folder holds no model: expected exactly one .onnx file in the folder or its subfolder onnx/, found none, but pytorch_model.bin
  at    DIR
  hint  PyTorch files are not unpickled here: save the model as safetensors, or export it: optimum-cli export onnx --task text-generation --model DIR OUT
`,
    );
  });

  it("safetensors without a configuration", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "model.safetensors"), "x");
    expect(await textOf(folder, folder)).toContain(
      "hint  give a folder with config.json beside the safetensors",
    );
  });

  it("a LoRA adapter in the place of a model", async () => {
    const folder = newFolder();
    for (const name of ["adapter_config.json", "adapter_model.safetensors"])
      writeFileSync(join(folder, name), "{}");
    expect(await textOf(folder, folder)).toBe(
      `NO_ONNX_IN_FOLDER the folder holds no model: expected exactly one .onnx file in the folder or its subfolder onnx/, found none, but adapter_config.json, adapter_model.safetensors
  at    DIR
  hint  a LoRA adapter is no model of its own: give its base model, and this folder as --tuned-adapter
`,
    );
  });

  it("a folder that is called like a model", async () => {
    const folder = newFolder();
    mkdirSync(join(folder, "model.onnx"));
    expect(await textOf(folder, folder)).toContain("NO_ONNX_IN_FOLDER");
  });
});

/** Changes the protobuf of a model that is right otherwise. */
function edited(model: Model, edit: (proto: ModelProto) => void): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, encodeModel(model).bytes);
  edit(proto);
  return toBinary(ModelProtoSchema, proto);
}

const linear = (): Model => linearModel(float32Tensor([1, 2, 3, 4], [2, 2]));
const DAMAGED = "  hint  the file is damaged or was edited by hand: export the model again\n";

describe("a graph that contradicts itself is refused by name:", () => {
  it.each<[string, (proto: ModelProto) => void, string]>([
    [
      "a cycle",
      ({ graph }) => (graph!.node[0]!.input[0] = graph!.node[0]!.output[0]!),
      `CYCLE the graph has a cycle: expected a directed acyclic graph, found node "test/MatMul" (MatMul) feeds back into it
  at    DIR/model.onnx, node "test/MatMul" (MatMul)
${DAMAGED}`,
    ],
    [
      "two values of one name",
      ({ graph }) => graph!.node.push({ ...graph!.node[0]!, name: "other" }),
      `DUPLICATE_NAME two values have the same name: expected a name of its own for each (values), found "y" more than once
  at    DIR/model.onnx
${DAMAGED}`,
    ],
    [
      "two initializers of one name",
      ({ graph }) => graph!.initializer.push(graph!.initializer[0]!),
      `DUPLICATE_NAME two initializers have the same name: expected a name of its own for each (initializers), found "W" more than once
  at    DIR/model.onnx
${DAMAGED}`,
    ],
    [
      "two nodes of one name",
      ({ graph }) => graph!.node.push({ ...graph!.node[0]!, output: ["z"] }),
      `DUPLICATE_NAME two nodes have the same name: expected a name of its own for each (nodes), found "test/MatMul" more than once
  at    DIR/model.onnx
${DAMAGED}`,
    ],
    [
      "an initializer that a node also makes",
      ({ graph }) => (graph!.initializer[0]!.name = "y"),
      `DUPLICATE_NAME two values have the same name: expected a name of its own for each (values), found "y" more than once
  at    DIR/model.onnx
${DAMAGED}`,
    ],
    [
      "a value that nothing makes",
      ({ graph }) => (graph!.node[0]!.input[1] = "V"),
      `UNMADE_VALUE nothing makes the value "V": expected an input, an initializer or a node output for node "test/MatMul" (MatMul), found none of that name
  at    DIR/model.onnx
${DAMAGED}`,
    ],
    [
      "data of another size",
      ({ graph }) => (graph!.initializer[0]!.rawData = new Uint8Array(12)),
      `TENSOR_SIZE a tensor's data has another size than its shape: expected 16 bytes for float32 [2, 2], found 12 bytes
  at    DIR/model.onnx, tensor "W"
${DAMAGED}`,
    ],
    [
      "dimensions whose product overflows",
      ({ graph }) => (graph!.initializer[0]!.dims = [2n ** 40n, 2n ** 40n]),
      `TENSOR_TOO_LARGE a tensor of a size that no machine has: expected less than 2^53 bytes, found float32 [1099511627776, 1099511627776]
  at    DIR/model.onnx, tensor "W"
${DAMAGED}`,
    ],
    [
      "a negative dimension",
      ({ graph }) => (graph!.initializer[0]!.dims = [-2n, 2n]),
      `NEGATIVE_DIM a tensor with a negative dimension: expected dimensions of 0 or more, found [-2, 2]
  at    DIR/model.onnx, tensor "W"
${DAMAGED}`,
    ],
    [
      "an unknown element type",
      ({ graph }) => (graph!.initializer[0]!.dataType = 99),
      `ELEMENT_TYPE unknown element type: expected a number from 1 to 26, found 99
  at    DIR/model.onnx, tensor "W"
  hint  export the model again; element types beyond these are newer than this program
`,
    ],
    [
      "texts in a tensor",
      ({ graph }) =>
        (graph!.initializer[0] = create(TensorProtoSchema, {
          name: "W",
          dataType: 8,
          dims: [1n],
          stringData: [new Uint8Array([65])],
        })),
      `STRING_TENSOR a tensor of texts: expected tensors of numbers, as language models that take token ids have, found element type string
  at    DIR/model.onnx, tensor "W"
  hint  export the model without the tokenizer inside: its input must be token ids
`,
    ],
    [
      "sparse initializers",
      ({ graph }) => graph!.sparseInitializer.push(create(SparseTensorProtoSchema, {})),
      `SPARSE_INITIALIZER sparse initializers are not supported: expected dense weights, found 1 sparse ones
  at    DIR/model.onnx
  hint  export the model with dense weights
`,
    ],
    [
      "an attribute twice",
      ({ graph }) => {
        const [node] = graph!.node;
        const attribute = create(AttributeProtoSchema, {
          name: "a",
          type: AttributeProto_AttributeType.INT,
          i: 1n,
        });
        node!.attribute.push(attribute, attribute);
      },
      `DUPLICATE_ATTRIBUTE a node states an attribute twice: expected every attribute once, found "a" more than once
  at    DIR/model.onnx, node "test/MatMul" (MatMul)
${DAMAGED}`,
    ],
    [
      "an operator set of the future",
      (proto) => (proto.opsetImport[0]!.version = 99n),
      `OPERATOR_SET the model is newer than the runtime: expected ai.onnx 26 or older, found ai.onnx 99
  at    DIR/model.onnx
  hint  export again with a lower opset, for example torch.onnx.export(…, opset_version=20)
`,
    ],
    [
      "a file format of the future",
      (proto) => (proto.irVersion = 99n),
      `FILE_FORMAT the model is newer than the runtime: expected ONNX file format (ir_version) 13 or older, found 99
  at    DIR/model.onnx
  hint  export again with a lower opset, for example torch.onnx.export(…, opset_version=20)
`,
    ],
    [
      "an operator of an unknown domain",
      ({ graph }) => (graph!.node[0]!.domain = "com.acme"),
      `OPERATOR_DOMAIN the model uses operators that the runtime does not have: expected operators of ai.onnx and com.microsoft, or local functions inside the file, found com.acme.MatMul (1)
  at    DIR/model.onnx
  hint  export the model without custom operators
`,
    ],
  ])("%s", async (_, edit, text) => {
    expect(await textOfFile(edited(linear(), edit))).toBe(text);
  });

  it("a constant whose declared type is another", async () => {
    const bytes = edited(linear(), ({ graph }) => {
      const info = { ...graph!.input[0]!, name: "W" };
      if (info.type?.value.case === "tensorType") info.type.value.value.elemType = 11;
      graph!.valueInfo.push(info);
    });
    expect(await textOfFile(bytes)).toContain(
      "INITIALIZER_TYPE a constant has another type than the one declared for it: expected float64 [batch, 2], as declared, found float32 [2, 2]",
    );
  });
});

describe("versions that the runtime knows", () => {
  it("end where our table says", async () => {
    const open = async (opset: number, irVersion: number): Promise<boolean> => {
      const model = modelOf(linear().graph, opset);
      try {
        await (await createSession({ ...model, irVersion })).release();
        return true;
      } catch {
        return false;
      }
    };
    expect([await open(26, 13), await open(27, 13), await open(26, 14)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

/** A linear model whose weight says it is at these external entries. */
function external(entries: Record<string, string>): Uint8Array {
  return edited(linear(), ({ graph }) => {
    graph!.initializer[0] = create(TensorProtoSchema, {
      name: "W",
      dataType: 1,
      dims: [2n, 2n],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    });
  });
}

describe("external data that is not what the model says:", () => {
  const OUTSIDE = (found: string): string =>
    `EXTERNAL_OUTSIDE external data lies outside the model's folder: expected a relative path below the folder of the model, found ${found}
  at    DIR/model.onnx, tensor "W"
  hint  put the data file beside the model and export again; such a path can be an attack
`;
  const ENTRY = (what: string, found: string): string =>
    `EXTERNAL_ENTRY external data with a bad ${what}: expected a whole number as ${what}, found ${found}
  at    DIR/model.onnx, tensor "W"
${DAMAGED}`;
  const MISSING = (found: string): string =>
    `EXTERNAL_MISSING external data is missing: expected the file "w.bin" beside the model, found ${found}
  at    DIR/model.onnx, tensor "W"
  hint  copy the data file into the model's folder under exactly this name
`;
  it.each<[string, Record<string, string>, (folder: string) => void, string]>([
    ["a path upwards", { location: "../w.bin" }, () => undefined, OUTSIDE('"../w.bin"')],
    [
      "a way down and up",
      { location: "a/../../w.bin" },
      () => undefined,
      OUTSIDE('"a/../../w.bin"'),
    ],
    ["an absolute path", { location: "/etc/passwd" }, () => undefined, OUTSIDE('"/etc/passwd"')],
    ["no path", {}, () => undefined, OUTSIDE('""')],
    ["a NUL in the path", { location: "w\0.bin" }, () => undefined, OUTSIDE('"w\\u0000.bin"')],
    ["a negative offset", { location: "w.bin", offset: "-1" }, put, ENTRY("offset", '"-1"')],
    [
      "an offset of 2^70",
      { location: "w.bin", offset: "1180591620717411303424" },
      put,
      ENTRY("offset", '"1180591620717411303424"'),
    ],
    ["a negative length", { location: "w.bin", length: "-16" }, put, ENTRY("length", '"-16"')],
    ["a length in words", { location: "w.bin", length: "1e1" }, put, ENTRY("length", '"1e1"')],
    [
      "a huge length",
      { location: "w.bin", length: "9007199254740991" },
      put,
      `TENSOR_SIZE a tensor's data has another size than its shape: expected 16 bytes for float32 [2, 2], found 9007199254740991 bytes
  at    DIR/model.onnx, tensor "W"
${DAMAGED}`,
    ],
    [
      "an offset beyond the file",
      { location: "w.bin", offset: "9007199254740000" },
      put,
      `EXTERNAL_SHORT external data is too short: expected 16 bytes at offset 9007199254740000 of "w.bin", found a file of 16 bytes
  at    DIR/model.onnx, tensor "W"
  hint  the data file was probably cut off while copying: fetch it again
`,
    ],
    ["no file", { location: "w.bin" }, () => undefined, MISSING("no such file")],
    [
      "a folder",
      { location: "w.bin" },
      (folder) => {
        mkdirSync(join(folder, "w.bin"));
      },
      MISSING("a folder"),
    ],
    [
      "a named pipe",
      { location: "w.bin" },
      (folder) => execFileSync("mkfifo", [join(folder, "w.bin")]),
      MISSING("a named pipe"),
    ],
    [
      "a link to a device",
      { location: "w.bin" },
      (folder) => {
        symlinkSync("/dev/zero", join(folder, "w.bin"));
      },
      MISSING("a device"),
    ],
    [
      "a Git LFS pointer",
      { location: "w.bin", offset: "4096" },
      (folder) => {
        writeFileSync(join(folder, "w.bin"), LFS);
      },
      `LFS_POINTER external data was never downloaded: expected the bytes of "w.bin", found this is a Git LFS pointer: the name of the data, not the data
  at    DIR/model.onnx, tensor "W"
  hint  fetch the data: run \`git lfs install\` and \`git lfs pull\` in the model's folder, or download the file itself
`,
    ],
  ])("%s", async (_, entries, prepare, text) => {
    const folder = newFolder();
    prepare(folder);
    writeFileSync(join(folder, "model.onnx"), external(entries));
    expect(await textOf(join(folder, "model.onnx"), folder)).toBe(text);
  });

  it("a Git LFS pointer that is longer than the tensor is not read as weights", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "w.bin"), LFS);
    writeFileSync(join(folder, "model.onnx"), external({ location: "w.bin" }));
    expect(await textOf(folder, folder)).toContain("this is a Git LFS pointer");
  });

  it("a link out of the folder, to a file or through a folder", async () => {
    const folder = newFolder();
    const elsewhere = newFolder();
    put(elsewhere);
    symlinkSync(join(elsewhere, "w.bin"), join(folder, "w.bin"));
    symlinkSync(elsewhere, join(folder, "data"));
    const texts: string[] = [];
    for (const location of ["w.bin", "data/w.bin"]) {
      writeFileSync(join(folder, "model.onnx"), external({ location }));
      texts.push((await textOf(folder, folder)).replaceAll(elsewhere, "ELSEWHERE"));
    }
    const line = (location: string): string =>
      `EXTERNAL_OUTSIDE external data lies outside the model's folder: expected a file below the folder of the model, or in the cache that the model is in, found "${location}", a symbolic link to "ELSEWHERE/w.bin"
  at    DIR/model.onnx, tensor "W"
  hint  copy the data file into the model's folder; such a link can be an attack
`;
    expect(texts).toEqual([line("w.bin"), line("data/w.bin")]);
  });
});

function put(folder: string): void {
  writeFileSync(join(folder, "w.bin"), new Uint8Array(16));
}

describe("links that hub caches are made of are followed:", () => {
  const location = "model.onnx_data";
  const countWeights = (path: string): number => readModel(path).graph.initializers.length;

  it("model and data both link into one blobs folder", () => {
    const cache = newFolder();
    mkdirSync(join(cache, "blobs"));
    mkdirSync(join(cache, "snapshots", "abc", "onnx"), { recursive: true });
    writeFileSync(join(cache, "blobs", "1"), external({ location }));
    writeFileSync(join(cache, "blobs", "2"), new Uint8Array(16));
    const snapshot = join(cache, "snapshots", "abc", "onnx");
    symlinkSync("../../../blobs/1", join(snapshot, "model.onnx"));
    symlinkSync("../../../blobs/2", join(snapshot, location));
    expect(countWeights(join(snapshot, "model.onnx"))).toBe(1);
  });

  it("a model of one's own beside data that links into blobs", () => {
    const cache = newFolder();
    mkdirSync(join(cache, "blobs"));
    mkdirSync(join(cache, "snapshots", "abc"), { recursive: true });
    const snapshot = join(cache, "snapshots", "abc");
    writeFileSync(join(cache, "blobs", "2"), new Uint8Array(16));
    writeFileSync(join(snapshot, "model.onnx"), external({ location }));
    symlinkSync("../../blobs/2", join(snapshot, location));
    expect(countWeights(join(snapshot, "model.onnx"))).toBe(1);
  });

  it("a model folder that is a link, and links inside the folder", () => {
    const folder = newFolder();
    mkdirSync(join(folder, "real", "weights"), { recursive: true });
    writeFileSync(join(folder, "real", "weights", "w"), new Uint8Array(16));
    symlinkSync("weights/w", join(folder, "real", location));
    writeFileSync(join(folder, "real", "model.onnx"), external({ location }));
    symlinkSync("real", join(folder, "named"));
    expect(countWeights(join(folder, "named", "model.onnx"))).toBe(1);
  });
});

describe("large files", () => {
  it("of more than 2 GiB inline are read without their weights", () => {
    const size = 3 * 2 ** 30;
    const folder = newFolder();
    const path = join(folder, "model.onnx");
    // the head of a model whose one tensor has 3 GiB of zeros, which a sparse file does not store
    const typed = [scalar(1, size / 4), scalar(2, 1), field(8, "W")];
    const tensorSize =
      typed.reduce((sum, part) => sum + part.length, 0) + 1 + varint(size).length + size;
    const node = field(1, field(1, "W"), field(2, "y"), field(4, "Neg"));
    const output = field(12, field(1, "y"));
    const tensorHead = [Uint8Array.of(5 * 8 + 2), varint(tensorSize)];
    const graphSize = node.length + output.length + 1 + varint(tensorSize).length + tensorSize;
    const head = Buffer.concat([
      scalar(1, 9),
      field(8, scalar(2, 18)),
      Uint8Array.of(7 * 8 + 2),
      varint(graphSize),
      node,
      output,
      ...tensorHead,
      ...typed,
      lying(9, size, new Uint8Array()),
    ]);
    const file = openSync(path, "w");
    writeSync(file, head);
    ftruncateSync(file, head.length + size);
    closeSync(file);
    withinMemory(64 << 20, () => {
      const [weight] = readModel(path).graph.initializers;
      expect(weight?.initializer?.data).toEqual({
        kind: "external",
        file: path,
        offset: head.length,
        length: size,
      });
    });
    truncateSync(path, head.length + size - 1);
    expect(() => readModel(path)).toThrow("the file ends too early");
  });

  it("of unknown content are not loaded to find that out", () => {
    const folder = newFolder();
    const path = join(folder, "model.onnx");
    const size = 2 ** 33;
    writeFileSync(path, lying(100, size, new Uint8Array()));
    truncateSync(path, size + lying(100, size, new Uint8Array()).length);
    withinMemory(32 << 20, () => {
      expect(() => readModel(path)).toThrow("the graph is too large without its weights");
    });
  });
});

it("a tensor with data of its own and stale external entries keeps its own data", () => {
  const folder = newFolder();
  const path = join(folder, "model.onnx");
  const big = linearModel(float32Tensor(Array(600).fill(1), [30, 20]));
  const bytes = edited(big, ({ graph }) => {
    graph!.initializer[0]!.externalData = [
      { $typeName: "onnx.StringStringEntryProto", key: "location", value: "stale.bin" },
      { $typeName: "onnx.StringStringEntryProto", key: "offset", value: "7" },
    ];
  });
  writeFileSync(path, bytes);
  copyFileSync(path, join(folder, "stale.bin"));
  const data = readModel(path).graph.initializers[0]!.initializer!.data;
  expect(data.kind === "external" && data.file).toBe(path);
  expect(data.kind === "external" && data.offset).toBeGreaterThan(7);
});

it("a sound model is still read", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "model.onnx"), encodeModel(tinyDecoder()).bytes);
  expect((await loadModel(folder, { adapters: ADAPTERS })).nLayers).toBe(2);
});

it("a refused file leaves nothing behind: no open file, no file of ours beside it", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "model.onnx"), external({ location: "w.bin", offset: "1" }));
  put(folder);
  const openFiles = (): number => readdirSync("/proc/self/fd").length;
  const before = [openFiles(), readdirSync(folder)];
  for (let i = 0; i < 20; i++) await textOf(folder, folder);
  writeFileSync(join(folder, "model.onnx"), "GGUF");
  for (let i = 0; i < 20; i++) await textOf(folder, folder);
  expect([openFiles(), readdirSync(folder)]).toEqual(before);
});
