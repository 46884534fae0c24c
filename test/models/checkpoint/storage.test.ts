import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { halfToNumber } from "../../../src/onnx/tensor.js";
import { encodeSafetensors, type StoredTensor } from "../../../src/store/safetensors.js";
import { bfloat16Bits, bfloat16ToNumber, float16Bits } from "../../support/half.js";
import {
  changedCheckpoint,
  checkpointFixture,
  checkpointReference,
  checkpointRefusal,
  loadCheckpoint,
  runCheckpoint,
  tensorsOf,
} from "../../support/checkpoints.js";
import { temporaryFolder } from "../../support/tiny-models.js";

const folder = temporaryFolder();
let copies = 0;
const fresh = (): string => join(folder, String(copies++));

type Tensors = Map<string, StoredTensor>;

/** The logits of a folder, all rows and tokens. */
async function logitsOf(path: string, name: string): Promise<number[]> {
  const rows = await runCheckpoint(await loadCheckpoint(path), checkpointReference(name).rows);
  return rows.flatMap(({ logits }) => [...logits]);
}

function mapFloats(
  tensors: Tensors,
  to: { readonly dtype: string; readonly bytesOf: (data: Float32Array) => Uint8Array },
): Tensors {
  return new Map(
    [...tensors].map(([name, { shape, bytes }]) => [
      name,
      { dtype: to.dtype, shape, bytes: to.bytesOf(new Float32Array(bytes.slice().buffer)) },
    ]),
  );
}

function bits(data: Float32Array, of: (x: number) => number): Uint8Array {
  return new Uint8Array(Uint16Array.from(data, of).buffer);
}

function writeShards(path: string, name: string): string {
  changedCheckpoint(path, name, {});
  const tensors = [...tensorsOf(name)];
  const parts = [tensors.slice(0, 5), tensors.slice(5, 6), tensors.slice(6)];
  const files = parts.map((part, i) => {
    const file = `model-0000${i + 1}-of-00003.safetensors`;
    writeFileSync(join(path, file), encodeSafetensors(new Map(part)));
    return part.map(([tensor]) => [tensor, file] as const);
  });
  const index = { metadata: {}, weight_map: Object.fromEntries(files.flat()) };
  writeFileSync(join(path, "model.safetensors.index.json"), JSON.stringify(index));
  return path;
}

function withoutSingle(path: string): string {
  rmSync(join(path, "model.safetensors"));
  return path;
}

describe("weights of a folder", () => {
  it("may lie in several files: the same numbers", async () => {
    const path = withoutSingle(writeShards(fresh(), "qwen3-linear"));
    const [sharded, whole] = [
      await logitsOf(path, "qwen3-linear"),
      await logitsOf(checkpointFixture("qwen3-linear"), "qwen3-linear"),
    ];
    expect(sharded).toEqual(whole);
  });

  for (const name of ["llama-llama3", "gpt2", "gemma3"]) {
    for (const [dtype, toBits, toNumber] of [
      ["BF16", bfloat16Bits, bfloat16ToNumber],
      ["F16", float16Bits, halfToNumber],
    ] as const) {
      it(`may be ${dtype}: the numbers of the rounded float32 weights (${name})`, async () => {
        const half = changedCheckpoint(fresh(), name, {
          tensors: (t) => mapFloats(t, { dtype, bytesOf: (data) => bits(data, toBits) }),
        });
        const rounded = changedCheckpoint(fresh(), name, {
          tensors: (t) =>
            mapFloats(t, {
              dtype: "F32",
              bytesOf: (data) => new Uint8Array(data.map((x) => toNumber(toBits(x))).buffer),
            }),
        });
        expect(await logitsOf(half, name)).toEqual(await logitsOf(rounded, name));
      });
    }
  }

  it("stay where they are: every initializer of theirs is a region of the file", async () => {
    const { model } = await loadCheckpoint(checkpointFixture("olmo2"));
    const names = new Set(tensorsOf("olmo2").keys());
    const inFile = model.graph.initializers.filter(({ name }) => names.has(name));
    expect(inFile.length).toBe(names.size);
    expect(new Set(inFile.map(({ initializer }) => initializer?.data.kind))).toEqual(
      new Set(["external"]),
    );
  });

  it("may be links, as in a cache of a hub", async () => {
    const path = fresh();
    mkdirSync(path);
    for (const file of ["config.json", "model.safetensors"])
      symlinkSync(join(checkpointFixture("gpt2"), file), join(path, file));
    expect(await logitsOf(path, "gpt2")).toEqual(await logitsOf(checkpointFixture("gpt2"), "gpt2"));
  });

  it("may lack the prefix of the transformer, as the first GPT-2 does, and hold masks", async () => {
    const path = changedCheckpoint(fresh(), "gpt2", {
      tensors: (tensors) => {
        const bare = [...tensors].map(
          ([name, tensor]) => [name.replace("transformer.", ""), tensor] as const,
        );
        const mask = { dtype: "F32", shape: [1], bytes: new Uint8Array(4) };
        return new Map([...bare, ["h.0.attn.bias", mask], ["h.0.attn.masked_bias", mask]]);
      },
    });
    expect(await logitsOf(path, "gpt2")).toEqual(await logitsOf(checkpointFixture("gpt2"), "gpt2"));
  });

  it("may repeat the embedding as the head of a tied model, but no other head", async () => {
    const withHead = (change: number) => (tensors: Tensors) => {
      const table = tensors.get("model.embed_tokens.weight")!;
      const bytes = table.bytes.slice();
      bytes[3] = bytes[3]! ^ change;
      return new Map([...tensors, ["lm_head.weight", { ...table, bytes }] as const]);
    };
    const name = "llama-llama3";
    const same = changedCheckpoint(fresh(), name, { tensors: withHead(0) });
    expect(await logitsOf(same, name)).toEqual(await logitsOf(checkpointFixture(name), name));
    const other = changedCheckpoint(fresh(), name, { tensors: withHead(1) });
    expect(await checkpointRefusal(other)).toMatchObject({ code: "CHECKPOINT_TIED", exitCode: 3 });
  });

  it("are missing, of another shape, or left over: all are listed", async () => {
    const path = changedCheckpoint(fresh(), "llama-yarn", {
      tensors: (tensors) => {
        const odd = { dtype: "F32", shape: [2], bytes: new Uint8Array(8) };
        tensors.delete("model.layers.1.mlp.up_proj.bias");
        tensors.set("model.norm.weight", odd);
        tensors.set("model.layers.0.self_attn.sinks", odd);
        return tensors;
      },
    });
    const { code, found } = await checkpointRefusal(path);
    expect(code).toBe("CHECKPOINT_TENSORS");
    expect(found).toBe(
      'no "model.layers.1.mlp.up_proj.bias" [20]; "model.norm.weight" is [2], the configuration says [16]; stored and not part of this family: "model.layers.0.self_attn.sinks"',
    );
  });

  it("of a type that no weight has are refused", async () => {
    const path = changedCheckpoint(fresh(), "gemma", {
      tensors: (tensors) =>
        tensors.set("model.norm.weight", {
          dtype: "F64",
          shape: [16],
          bytes: new Uint8Array(128),
        }),
    });
    expect((await checkpointRefusal(path)).found).toBe('"model.norm.weight" has element type F64');
  });
});

describe("an index of weight files", () => {
  const indexed = (map: unknown): string => {
    const path = withoutSingle(writeShards(fresh(), "gpt2"));
    writeFileSync(
      join(path, "model.safetensors.index.json"),
      typeof map === "string" ? map : JSON.stringify({ weight_map: map }),
    );
    return path;
  };

  for (const [what, map] of [
    ["leaves the folder", { a: "../model.safetensors" }],
    ["is absolute", { a: "/etc/model.safetensors" }],
    ["is no text", { a: 3 }],
    ["is no safetensors file", { a: "model.bin" }],
    ["is no map", [1]],
    ["is no JSON", "{"],
    ["names a tensor that its file lacks", { a: "model-00001-of-00003.safetensors" }],
  ] as const) {
    it(`is refused when it ${what}`, async () => {
      expect((await checkpointRefusal(indexed(map))).code).toBe("CHECKPOINT_INDEX");
    });
  }
});

describe("a folder that holds .onnx files as well", () => {
  it("is read from its safetensors, and says so", async () => {
    const path = changedCheckpoint(fresh(), "gpt2", {});
    writeFileSync(join(path, "model.onnx"), "");
    const { adapter, evidence } = await loadCheckpoint(path);
    expect(adapter).toBe("checkpoint");
    expect(evidence.map(({ text }) => text)).toContain(
      "the folder holds 1 .onnx file as well; the safetensors were taken (give the path of an .onnx file to take that)",
    );
  });
});
