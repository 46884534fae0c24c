import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Builder } from "../../../../src/onnx/builder.js";
import type { Graph, Model, Node } from "../../../../src/onnx/graph.js";
import { KERNEL_LIMIT_PASSES } from "../../../../src/onnx/passes/decompose/index.js";
import { applyPasses } from "../../../../src/onnx/passes/pass.js";
import { float32Tensor } from "../../../../src/onnx/tensor.js";
import {
  activeInput,
  checkFusedGradient,
  decomposed,
  deviationFromKernel,
  difference,
  fusedModel,
  noise,
  refusalOf,
  type FusedInput,
  type FusedSpec,
} from "../../../support/fused-case.js";
import { AGREES, CAUGHT, DIFFERENCE } from "./bounds.js";
import { itKeepsTheLaws } from "./laws.js";

interface Config {
  readonly batch: number;
  readonly token: number;
  readonly kvHeads: number;
  readonly group: number;
  readonly dHead: number;
  readonly packed: boolean;
  /** Angles per head; 0: no rotation. */
  readonly angles: number;
  readonly interleaved: boolean;
  readonly window: number;
  readonly softcap: number;
  readonly sink: "none" | "smooth" | "learned";
  readonly bias: "none" | "shared" | "own";
  readonly causal: boolean;
  readonly scale: number;
  /** Real tokens of the second row. */
  readonly short: number;
  /** Builders before 0.18 make the lengths a column. */
  readonly column: boolean;
}

const PLAIN: Config = {
  ...{ batch: 2, token: 5, kvHeads: 2, group: 2, dHead: 16, packed: true, angles: 8 },
  ...{ interleaved: false, window: -1, softcap: 0, sink: "none", bias: "none", causal: true },
  ...{ scale: 0, short: 3, column: false },
};

function angleTable(name: "cos" | "sin", angles: number): FusedInput {
  const rows = 12;
  const values = Array.from({ length: rows * angles }, (_, i) =>
    Math[name](Math.floor(i / angles) * 0.4 ** (i % angles)),
  );
  return { dtype: "float32", dims: [rows, angles], values, frozen: true };
}

function specOf(config: Config): FusedSpec {
  const { batch, token, kvHeads, group, dHead, packed, angles, window, softcap } = config;
  const heads = kvHeads * group;
  const flat = (name: string, count: number): FusedInput =>
    activeInput(name, [batch, token, count * dHead], ["batch", "token", count * dHead]);
  const lengths = Array.from({ length: batch }, (_, r) => (r === 1 ? config.short : token));
  const biasDims = config.bias === "own" ? [batch, heads, token, token] : [1, 1, token, token];
  const inputs: (FusedInput | null)[] = [
    ...(packed
      ? [flat("qkv", heads + 2 * kvHeads), null, null]
      : [flat("q", heads), flat("k", kvHeads), flat("v", kvHeads)]),
    ...[null, null],
    {
      dtype: "int32",
      dims: config.column ? [batch, 1] : [batch],
      values: lengths.map((n) => n - 1),
      shape: config.column ? ["batch", 1] : ["batch"],
    },
    { dtype: "int32", dims: [], values: [token] },
    ...(angles === 0 ? [null, null] : [angleTable("cos", angles), angleTable("sin", angles)]),
    null,
    config.bias === "none"
      ? null
      : { dtype: "float32", dims: biasDims, values: noise("bias", biasDims), frozen: true },
    config.sink === "learned"
      ? { dtype: "float32", dims: [heads], values: noise("sink", [heads]), frozen: true }
      : null,
  ];
  return {
    op: "com.microsoft.GroupQueryAttention",
    attributes: {
      num_heads: BigInt(heads),
      kv_num_heads: BigInt(kvHeads),
      scale: config.scale,
      softcap,
      local_window_size: BigInt(window),
      ...(config.causal ? {} : { causal: 0n }),
      ...(angles === 0 ? {} : { do_rotary: 1n, rotary_interleaved: config.interleaved ? 1n : 0n }),
      ...(config.sink === "smooth" ? { smooth_softmax: 1n } : {}),
    },
    inputs,
    isReal: (i) => {
      const row = Math.floor(i / (heads * dHead));
      return row % token < lengths[Math.floor(row / token)]!;
    },
  };
}

const configs: fc.Arbitrary<Config> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    token: fc.integer({ min: 1, max: 7 }),
    kvHeads: fc.integer({ min: 1, max: 3 }),
    group: fc.integer({ min: 1, max: 3 }),
    dHead: fc.constantFrom(16, 32),
    packed: fc.boolean(),
    angles: fc.constantFrom(0, 8, 16),
    interleaved: fc.boolean(),
    window: fc.constantFrom(-1, 1, 2, 4, 9),
    softcap: fc.constantFrom(0, 0.5, 3),
    sink: fc.constantFrom("none" as const, "smooth" as const, "learned" as const),
    bias: fc.constantFrom("none" as const, "shared" as const, "own" as const),
    causal: fc.boolean(),
    scale: fc.constantFrom(0, 0.1, 1),
    short: fc.integer({ min: 1, max: 7 }),
    column: fc.boolean(),
  })
  .map((config) => ({
    ...config,
    angles: Math.min(config.angles, config.dHead / 2),
    short: Math.min(config.short, config.token),
    // the operator has no window without causality
    window: config.causal ? config.window : -1,
  }));

/** Nodes of an operator, in the written-out graph. */
function nodes(graph: Graph, opType: string): Node[] {
  return graph.nodes.filter((node) => node.opType === opType);
}

describe("GroupQueryAttention in primitives", () => {
  itKeepsTheLaws(configs, specOf);

  it("normalises queries and keys per head before rotation, as the nodes of unfused exports do", async () => {
    for (const packed of [true, false]) {
      const config = { ...PLAIN, packed };
      const weights = ["q", "k"].map((name): FusedInput => ({
        ...{ dtype: "float32", dims: [16], frozen: true },
        values: noise(`${name} norm`, [16]).map((x) => 1 + x / 2),
      }));
      const plain = specOf(config);
      const inputs = [...plain.inputs, null, null, ...weights];
      const fused: FusedSpec = {
        ...plain,
        inputs,
        attributes: { ...plain.attributes, qk_norm_epsilon: 1e-3 },
      };
      const reference = fusedModel(plain);
      normaliseBefore(reference, { weights, packed });
      expect(await difference(plain, reference, decomposed(fused))).toBeLessThanOrEqual(AGREES);
    }
  });

  it("covers head sizes that the kernel refuses to rotate: they agree with a rotation before it", async () => {
    const config = { ...PLAIN, packed: false, dHead: 8, angles: 2 };
    const spec = specOf(config);
    const reference = fusedModel(specOf({ ...config, angles: 0 }));
    rotateBefore(reference, config);
    expect(await difference(spec, reference, decomposed(spec))).toBeLessThanOrEqual(AGREES);
    const check = await checkFusedGradient(spec, DIFFERENCE);
    expect(check.verdict, JSON.stringify(check)).toBe("agrees");
  });
});

/** Splits heads, normalises q and k, and joins them again, before the fused node. */
function normaliseBefore(
  { graph }: Model,
  { weights, packed }: { readonly weights: readonly FusedInput[]; readonly packed: boolean },
): void {
  const b = new Builder(graph, "reference");
  const node = nodes(graph, "GroupQueryAttention")[0]!;
  const norm = (value: ReturnType<Node["input"]>, i: number): typeof value => {
    const heads = b.op("Reshape", [value, b.ints([0, 0, -1, 16])]);
    const weight = b.constant(float32Tensor(weights[i]!.values, [16]));
    const attributes = { axis: -1n, epsilon: 1e-3, stash_type: 1n };
    const normed = b.op("SimplifiedLayerNormalization", [heads, weight], attributes);
    return b.op("Reshape", [normed, b.ints([0, 0, -1])]);
  };
  if (!packed) {
    [0, 1].forEach((i) => {
      node.replaceInput(i, norm(node.input(i), i));
    });
    return;
  }
  const sizes = [64, 32, 32];
  const parts = b.node("Split", [node.input(0), b.ints(sizes)], { axis: -1n }, { outputs: 3 });
  const normed = [norm(parts.output(0), 0), norm(parts.output(1), 1), parts.output(2)];
  node.replaceInput(0, b.op("Concat", normed, { axis: -1n }));
}

/** Rotates q and k by the fused rotation of com.microsoft. */
function rotateBefore({ graph }: Model, { angles, kvHeads, group }: Config): void {
  const b = new Builder(graph, "reference");
  const node = nodes(graph, "GroupQueryAttention")[0]!;
  const table = (name: "cos" | "sin"): FusedInput => angleTable(name, angles);
  const tables = [table("cos"), table("sin")].map(({ values, dims }) =>
    b.constant(float32Tensor(values, dims)),
  );
  [kvHeads * group, kvHeads].forEach((heads, i) => {
    const rotated = b.op(
      "RotaryEmbedding",
      [node.input(i), b.ints([0]), ...tables],
      { num_heads: BigInt(heads), rotary_embedding_dim: BigInt(2 * angles) },
      { domain: "com.microsoft" },
    );
    node.replaceInput(i, rotated);
  });
}

describe("a fault in the primitives is seen", () => {
  const FAULTS: readonly {
    readonly title: string;
    readonly config: Config;
    readonly plant: (graph: Graph) => void;
  }[] = [
    {
      title: "a causal mask that hides the token itself",
      config: { ...PLAIN, short: 5 },
      plant: (graph) => {
        renameOperator(graph, nodes(graph, "LessOrEqual")[0]!, "Less");
      },
    },
    {
      title: "a window that is one token too long",
      config: { ...PLAIN, window: 2 },
      plant: (graph) => {
        renameOperator(graph, nodes(graph, "Greater")[0]!, "GreaterOrEqual");
      },
    },
    {
      title: "padding that is seen",
      config: { ...PLAIN, causal: false },
      plant: (graph) => {
        renameOperator(graph, nodes(graph, "LessOrEqual")[0]!, "Greater");
      },
    },
    {
      title: "query heads beside the wrong key heads",
      config: { ...PLAIN, angles: 0 },
      plant: (graph) => {
        const product = nodes(graph, "FusedMatMul")[0]!;
        const fold = product.input(0).producer!;
        const b = new Builder(graph, "fault");
        const order = b.ints([0, 2, 1, 3]);
        fold.replaceInput(0, b.op("Gather", [fold.input(0), order], { axis: 1n }));
        const swap = graph.outputs[0]!.producer!.input(0).producer!;
        swap.replaceInput(0, b.op("Gather", [swap.input(0), order], { axis: 1n }));
      },
    },
    {
      title: "a soft cap after the mask",
      config: { ...PLAIN, group: 1, softcap: 1 },
      plant: (graph) => {
        const [tanh, softmax] = [nodes(graph, "Tanh")[0]!, nodes(graph, "Softmax")[0]!];
        const added = softmax.input(0).producer!;
        const b = new Builder(graph, "fault");
        tanh.replaceInput(0, b.op("Add", [tanh.input(0), added.input(1)]));
        softmax.replaceInput(0, added.input(0));
      },
    },
    {
      title: "a rotation the other way for keys only",
      config: PLAIN,
      plant: (graph) => {
        const product = nodes(graph, "FusedMatMul")[0]!;
        const sum = product.input(1).producer!.input(0).producer!;
        renameOperator(graph, sum, "Sub");
      },
    },
  ];

  it.each(FAULTS)("$title", async ({ config, plant }) => {
    const spec = specOf(config);
    expect(await deviationFromKernel(spec)).toBeLessThanOrEqual(AGREES);
    expect(await deviationFromKernel(spec, plant)).toBeGreaterThan(CAUGHT);
  });
});

function renameOperator(graph: Graph, node: Node, opType: string): void {
  const other = new Builder(graph, "fault").op(opType, [...node.inputs]);
  graph.replaceAllUses(node.output(), other);
}

describe("what the primitives do not cover is refused by name", () => {
  const base = specOf(PLAIN);
  const scalar: FusedInput = { dtype: "float32", dims: [1], values: [1], frozen: true };
  const inputsWith = (at: number): (FusedInput | null)[] =>
    Array.from({ length: Math.max(at + 1, base.inputs.length) }, (_, i) =>
      i === at ? scalar : (base.inputs[i] ?? null),
    );
  it.each<{ title: string; spec: FusedSpec; text: RegExp }>([
    {
      title: "a quantised cache",
      spec: { ...base, attributes: { ...base.attributes, k_quant_type: "PER_TENSOR" } },
      text: /"k_quant_type" = PER_TENSOR.*quantised cache/,
    },
    {
      title: "a past that the graph computes",
      spec: { ...base, inputs: inputsWith(3) },
      text: /input 3 \(past_key\)/,
    },
    {
      title: "an attribute of a newer runtime",
      spec: { ...base, attributes: { ...base.attributes, astral_window: 3n } },
      text: /"astral_window" is not known/,
    },
    {
      title: "query heads that do not share key heads evenly",
      spec: { ...base, attributes: { ...base.attributes, num_heads: 2n, kv_num_heads: 3n } },
      text: /^2 query heads for 3 key heads$/,
    },
    {
      title: "a window without causality",
      spec: specOf({ ...PLAIN, causal: false, window: 2 }),
      text: /window without causality/,
    },
  ])("$title", ({ spec, text }) => {
    expect(refusalOf(spec)).toMatch(text);
  });

  it("lists all refusals at once, with the number of nodes", () => {
    const attributes = { ...base.attributes, k_quant_type: "PER_TENSOR", kv_cache_bit_width: 8n };
    expect(refusalOf({ ...base, attributes })).toMatch(
      /k_quant_type.*\(1 node\); .*kv_cache_bit_width/,
    );
  });
});

describe("the canonical form writes out only what the CPU kernel cannot run", () => {
  it.each([
    { title: "keeps a node that it can run", config: PLAIN, changes: 0 },
    { title: "rotated heads of size 8", config: { ...PLAIN, dHead: 8, angles: 4 }, changes: 1 },
    {
      title: "heads of size 8 without rotation",
      config: { ...PLAIN, dHead: 8, angles: 0 },
      changes: 0,
    },
    { title: "4 angles of a head of size 16", config: { ...PLAIN, angles: 4 }, changes: 1 },
  ])("$title", async ({ config, changes }) => {
    const spec = specOf(config);
    const model = fusedModel(spec);
    const done = applyPasses(model, KERNEL_LIMIT_PASSES);
    expect(done.reduce((sum, pass) => sum + pass.changes, 0)).toBe(changes);
    expect(await difference(spec, model, decomposed(spec))).toBeLessThanOrEqual(AGREES);
    // the kernel has the same opinion
    if (changes > 0) await expect(deviationFromKernel(spec)).rejects.toThrow(/runtime/);
  });
});
