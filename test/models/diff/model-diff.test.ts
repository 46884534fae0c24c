/** @file What differs between two models: the demo pair, and one model in several forms. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../../adapters/index.js";
import { printDiff } from "../../../src/cli/diff-text.js";
import { diffModels, type ModelDiff } from "../../../src/models/diff/model-diff.js";
import { loadModel } from "../../../src/models/load.js";
import type { LocatedModel } from "../../../src/models/located.js";
import { attachAdapter } from "../../../src/models/lora/attach.js";
import {
  encodeSafetensors,
  readSafetensors,
  type StoredTensor,
} from "../../../src/store/safetensors.js";
import { bfloat16Bits } from "../../support/half.js";
import { temporaryFolder } from "../../support/tiny-models.js";

const folder = temporaryFolder();
const fixture = (path: string): string =>
  fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url));
const load = (path: string): Promise<LocatedModel> => loadModel(path, { adapters: ADAPTERS });

const WATCH = { begin: () => undefined, weight: () => undefined, done: () => Promise.resolve() };

async function diff(base: LocatedModel | string, tuned: LocatedModel | string): Promise<ModelDiff> {
  const [a, b] = [
    typeof base === "string" ? await load(base) : base,
    typeof tuned === "string" ? await load(tuned) : tuned,
  ];
  return diffModels({ base: a, tuned: b }, WATCH);
}

const count = ({ weights }: ModelDiff, state: string): number =>
  weights.filter((weight) => weight.state === state).length;

let made = 0;
/** A copy of the tiny Llama with its tensors changed. */
function variant(change: (name: string, tensor: StoredTensor) => StoredTensor): string {
  const place = join(folder, `variant-${++made}`);
  cpSync(fixture("lora/llama/base"), place, { recursive: true });
  const { tensors, metadata } = readSafetensors(join(place, "model.safetensors"));
  const changed = new Map([...tensors].map(([name, tensor]) => [name, change(name, tensor)]));
  writeFileSync(join(place, "model.safetensors"), encodeSafetensors(changed, metadata));
  return place;
}

const floats = ({ bytes }: StoredTensor): Float32Array => new Float32Array(bytes.slice().buffer);
const stored = (tensor: StoredTensor, data: Float32Array): StoredTensor => ({
  ...tensor,
  bytes: new Uint8Array(data.buffer),
});

describe("a model against itself", () => {
  it.each(["demo/base", "lora/llama/base", "lora/gpt2/onnx"])("is identical: %s", async (path) => {
    const found = await diff(fixture(path), fixture(path));
    expect(count(found, "identical")).toBe(found.weights.length);
    expect([...found.onlyBase, ...found.onlyTuned, ...found.notCompared]).toEqual([]);
    // small tensors of an .onnx file are read with it
    const isLinear = ({ role }: { role: string }): boolean => role === "linear";
    if (path === "lora/llama/base") {
      expect(found.weights.filter(isLinear).every(({ shared }) => shared)).toBe(true);
    }
    expect(found.structure.every(({ equal }) => equal)).toBe(true);
  });

  it.each(["llama", "gpt2"])("is identical as a folder and as an export: %s", async (family) => {
    const found = await diff(fixture(`lora/${family}/base`), fixture(`lora/${family}/onnx`));
    expect(found.weights.filter(({ state }) => state !== "identical")).toEqual([]);
    expect([...found.onlyBase, ...found.onlyTuned]).toEqual([]);
    expect(found.weights.some(({ shared }) => shared)).toBe(false);
    // projections of one shape in one place are told apart
    expect(
      found.weights.some(({ name }) =>
        name.endsWith(family === "llama" ? "k_proj.weight" : "c_attn.weight"),
      ),
    ).toBe(true);
  });

  it("is equal up to rounding in bfloat16, and no more than that", async () => {
    const rounded = variant((_, tensor) => {
      const halves = Uint16Array.from(floats(tensor), bfloat16Bits);
      return { ...tensor, dtype: "BF16", bytes: new Uint8Array(halves.buffer) };
    });
    const found = await diff(fixture("lora/llama/base"), rounded);
    const weights = found.weights.filter(({ dtype }) => dtype.tuned === "bfloat16");
    expect(weights.length).toBeGreaterThan(20);
    expect(new Set(weights.map(({ state }) => state))).toEqual(new Set(["rounded"]));
    const doubled = variant((name, tensor) =>
      name.includes("up_proj")
        ? stored(
            tensor,
            floats(tensor).map((x) => x * 1.01),
          )
        : tensor,
    );
    expect(count(await diff(rounded, doubled), "changed")).toBe(2);
  });
});

describe("a planted change", () => {
  it("is found where it is, with its size, and nowhere else", async () => {
    const tuned = variant((name, tensor) => {
      if (name !== "model.layers.1.mlp.up_proj.weight") return tensor;
      const data = floats(tensor);
      data[5] = data[5]! + 0.5;
      return stored(tensor, data);
    });
    const found = await diff(fixture("lora/llama/base"), tuned);
    const changed = found.weights.filter(({ state }) => state === "changed");
    expect(changed.map(({ name, layer, role }) => ({ name, layer, role }))).toEqual([
      { name: "model.layers.1.mlp.up_proj.weight", layer: 2, role: "linear" },
    ]);
    expect(changed[0]!.maxAbs).toBeCloseTo(0.5, 6);
    expect(changed[0]!.relative! * Math.sqrt(changed[0]!.squares.base)).toBeCloseTo(0.5, 6);
    expect(found.layers.map((row) => row.changed)).toEqual([0, 0, 1, 0]);
  });

  it("that makes a number NaN leaves the largest difference unknown, whatever follows", async () => {
    const tuned = variant((name, tensor) => {
      if (name !== "model.layers.1.mlp.up_proj.weight") return tensor;
      const data = floats(tensor);
      data[5] = NaN;
      data[6] = data[6]! + 0.5;
      return stored(tensor, data);
    });
    const { weights } = await diff(fixture("lora/llama/base"), tuned);
    const [changed, ...others] = weights.filter(({ state }) => state === "changed");
    expect(others).toEqual([]);
    expect(changed).toMatchObject({ maxAbs: null, relative: null, cosine: null });
  });

  it("is none where both sides have the same infinity", async () => {
    const [base, tuned] = [1, 2].map(() =>
      variant((name, tensor) => {
        if (name !== "model.layers.1.mlp.up_proj.weight") return tensor;
        const data = floats(tensor);
        data[5] = -Infinity;
        return stored(tensor, data);
      }),
    );
    const found = await diff(base!, tuned!);
    expect(count(found, "identical")).toBe(found.weights.length);
  });

  it("of one side of a tied pair is seen in head and embedding", async () => {
    const tuned = variant((name, tensor) =>
      name === "model.embed_tokens.weight"
        ? stored(
            tensor,
            floats(tensor).map((x) => -x),
          )
        : tensor,
    );
    const found = await diff(fixture("lora/llama/base"), tuned);
    const changed = found.weights.filter(({ state }) => state === "changed");
    expect(changed.map(({ role, cosine, relative }) => ({ role, cosine, relative }))).toEqual([
      { role: "embedding", cosine: -1, relative: 2 },
      { role: "linear", cosine: -1, relative: 2 },
    ]);
  });
});

describe("the demo pair", () => {
  it("broken: everything moved a little, nothing is missing", async () => {
    const found = await diff(fixture("demo/base"), fixture("demo/broken"));
    expect(count(found, "changed")).toBeGreaterThan(45);
    expect([...found.onlyBase, ...found.onlyTuned]).toEqual([]);
    for (const { relative, cosine } of found.weights.filter((w) => w.state === "changed")) {
      expect(relative).toBeLessThan(0.2);
      expect(cosine).toBeGreaterThan(0.97);
    }
  });

  it("rotated: the same places, other numbers", async () => {
    const found = await diff(fixture("demo/base"), fixture("demo/rotated"));
    const linear = found.weights.filter(({ role }) => role === "linear");
    expect(linear.filter(({ state }) => state === "changed")).toHaveLength(36);
    expect(linear.every(({ cosine }) => Math.abs(cosine ?? 1) < 0.9)).toBe(true);
  });
});

describe("a LoRA adapter", () => {
  it("is reported with the weights that it changes; every base weight is the same bytes", async () => {
    const llama = await load(fixture("lora/llama/base"));
    const found = await diffModels(
      { base: llama, tuned: attachAdapter(llama, fixture("lora/llama/plain")) },
      WATCH,
    );
    expect(llama.lora).toBeUndefined();
    expect(found.weights.every(({ shared }) => shared)).toBe(true);
    const changed = found.weights.filter(({ state }) => state === "changed");
    expect(changed.map(({ name }) => name.split(".").slice(-2)[0])).toEqual([
      "q_proj",
      "v_proj",
      "q_proj",
      "v_proj",
    ]);
    expect(changed.every(({ lora, rank, shared }) => lora && rank === 4 && shared)).toBe(true);
    expect([...found.onlyBase, ...found.onlyTuned]).toEqual([]);
  });

  it("that was never trained changes nothing, at no rank", async () => {
    const place = join(folder, "untrained");
    cpSync(fixture("lora/llama/plain"), place, { recursive: true });
    const file = join(place, "adapter_model.safetensors");
    const tensors = [...readSafetensors(file).tensors].map(([name, tensor]) => {
      const zeros = new Float32Array(tensor.bytes.length / 4);
      return [name, name.includes("lora_B") ? stored(tensor, zeros) : tensor] as const;
    });
    writeFileSync(file, encodeSafetensors(new Map(tensors)));
    const llama = await load(fixture("lora/llama/base"));
    const found = await diffModels({ base: llama, tuned: attachAdapter(llama, place) }, WATCH);
    const adapted = found.weights.filter(({ lora }) => lora);
    expect(adapted.map(({ state, rank }) => [state, rank])).toEqual(
      Array.from({ length: 4 }, () => ["identical", null]),
    );
  });

  it("has the same norm beside the weights as merged into them", async () => {
    const llama = await load(fixture("lora/llama/base"));
    const tuned = attachAdapter(llama, fixture("lora/llama/plain"));
    const beside = await diffModels({ base: llama, tuned }, WATCH);
    const { tensors } = readSafetensors(fixture("lora/llama/plain/adapter_model.safetensors"));
    const merged = variant((name, tensor) => {
      const key = `base_model.model.${name.replace(/\.weight$/, "")}`;
      const [a, b] = [tensors.get(`${key}.lora_A.weight`), tensors.get(`${key}.lora_B.weight`)];
      if (a === undefined || b === undefined) return tensor;
      const [out, inner, r] = [tensor.shape[0]!, tensor.shape[1]!, a.shape[0]!];
      const [A, B, W] = [floats(a), floats(b), floats(tensor)];
      for (let o = 0; o < out; o++)
        for (let i = 0; i < inner; i++)
          for (let k = 0; k < r; k++) W[o * inner + i]! += 2 * B[o * r + k]! * A[k * inner + i]!;
      return stored(tensor, W);
    });
    const dense = await diff(llama, merged);
    const relative = ({ weights }: ModelDiff): Map<string, number | null> =>
      new Map(weights.filter(({ state }) => state === "changed").map((w) => [w.name, w.relative]));
    const expected = relative(dense);
    expect(expected.size).toBe(4);
    for (const [name, value] of relative(beside)) expect(value).toBeCloseTo(expected.get(name)!, 5);
  });
});

describe("in print", () => {
  it.each([
    ["demo/base", "demo/broken"],
    ["lora/llama/base", "lora/llama/onnx"],
    ["lora/llama/base", "lora/gpt2/base"],
  ])("no line of %s against %s is wider than 80 columns", async (a, b) => {
    const text = printDiff(await diff(fixture(a), fixture(b)), {
      base: fixture(a),
      tuned: fixture(b),
    });
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(text).toMatch(/pairs of weights: /);
  });

  it("two families share nothing and say so", async () => {
    const found = await diff(fixture("lora/llama/base"), fixture("lora/gpt2/base"));
    expect(found.onlyBase.length).toBeGreaterThan(10);
    expect(found.onlyTuned.length).toBeGreaterThan(10);
  });
});
