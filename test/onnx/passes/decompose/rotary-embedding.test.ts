import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dim, Graph } from "../../../../src/onnx/graph.js";
import { Builder } from "../../../../src/onnx/builder.js";
import { KERNEL_LIMIT_PASSES } from "../../../../src/onnx/passes/decompose/index.js";
import { applyPasses } from "../../../../src/onnx/passes/pass.js";
import {
  activeInput,
  deviationFromKernel,
  fusedModel,
  refusalOf,
  type FusedInput,
  type FusedSpec,
} from "../../../support/fused-case.js";
import { AGREES, CAUGHT } from "./bounds.js";
import { itKeepsTheLaws } from "./laws.js";

interface Config {
  readonly batch: number;
  readonly token: number;
  readonly heads: number;
  /** Pairs that are rotated. */
  readonly angles: number;
  /** Elements of a head that are not. */
  readonly rest: number;
  readonly flat: boolean;
  readonly interleaved: boolean;
  /** How positions come: one offset, one per token, or as angles of each token. */
  readonly positions: "offset" | "ids" | "angles";
}

const PLAIN: Config = {
  ...{ batch: 2, token: 5, heads: 3, angles: 4, rest: 0, flat: true, interleaved: false },
  positions: "ids",
};

const configs: fc.Arbitrary<Config> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  token: fc.integer({ min: 1, max: 5 }),
  heads: fc.integer({ min: 1, max: 3 }),
  angles: fc.constantFrom(2, 4, 8),
  rest: fc.constantFrom(0, 0, 4, 8),
  flat: fc.boolean(),
  interleaved: fc.boolean(),
  positions: fc.constantFrom("offset" as const, "ids" as const, "angles" as const),
});

function table(name: "cos" | "sin", dims: readonly number[]): FusedInput {
  const angles = dims.at(-1)!;
  const count = dims.reduce((n, size) => n * size, 1);
  const values = Array.from({ length: count }, (_, i) =>
    Math[name]((Math.floor(i / angles) + 1) * 0.4 ** (i % angles)),
  );
  return { dtype: "float32", dims, values, frozen: true };
}

function xOf({ batch, token, heads, angles, rest, flat }: Config): FusedInput {
  const dHead = 2 * angles + rest;
  return flat
    ? activeInput("x", [batch, token, heads * dHead], ["batch", "token", heads * dHead])
    : activeInput("x", [batch, heads, token, dHead], ["batch", heads, "token", dHead]);
}

function idsOf({ batch, token, positions }: Config): FusedInput {
  if (positions === "offset") return { dtype: "int64", dims: [1], values: [3] };
  // positions that do not count up: a row per token, in any order
  const values = Array.from({ length: batch * token }, (_, i) => (i * 5 + 2) % 11);
  const shape: Dim[] = ["batch", "token"];
  return { dtype: "int64", dims: [batch, token], values, shape };
}

function attributesOf({ heads, angles, rest, interleaved }: Config): Record<string, bigint> {
  return {
    interleaved: interleaved ? 1n : 0n,
    num_heads: BigInt(heads),
    ...(rest === 0 ? {} : { rotary_embedding_dim: BigInt(2 * angles) }),
  };
}

function contrib(config: Config): FusedSpec {
  const tables = [table("cos", [16, config.angles]), table("sin", [16, config.angles])];
  const own: Config = config.positions === "angles" ? { ...config, positions: "ids" } : config;
  return {
    op: "com.microsoft.RotaryEmbedding",
    attributes: attributesOf(config),
    inputs: [xOf(config), idsOf(own), ...tables],
  };
}

function onnx(config: Config): FusedSpec {
  const { batch, token, angles } = config;
  const isById = config.positions === "ids";
  const dims = isById ? [16, angles] : [batch, token, angles];
  return {
    op: "RotaryEmbedding",
    opset: 23,
    attributes: attributesOf(config),
    inputs: [
      ...[xOf(config), table("cos", dims), table("sin", dims)],
      ...(isById ? [idsOf(config)] : []),
    ],
  };
}

describe.each([
  { op: "com.microsoft.RotaryEmbedding", specOf: contrib },
  { op: "ai.onnx.RotaryEmbedding", specOf: onnx },
])("$op in primitives", ({ specOf }) => {
  itKeepsTheLaws(configs, specOf);

  it("sees halves of the wrong sign", async () => {
    const plant = (graph: Graph): void => {
      const node = graph.nodes.find(({ opType }) => opType === "Neg")!;
      graph.replaceAllUses(node.output(), new Builder(graph, "fault").op("Abs", [...node.inputs]));
    };
    expect(await deviationFromKernel(specOf(PLAIN), plant)).toBeGreaterThan(CAUGHT);
  });
});

describe("angles of batch 1 beside a larger batch", () => {
  const spec = onnx({ ...PLAIN, positions: "angles" });
  const inputs = spec.inputs.map((input, i) =>
    i === 0 ? input : table(i === 1 ? "cos" : "sin", [1, PLAIN.token, PLAIN.angles]),
  );
  const shared: FusedSpec = { ...spec, inputs };

  it("are broadcast, which the kernel cannot", async () => {
    await expect(deviationFromKernel(shared)).rejects.toThrow(/runtime/);
    const full: FusedSpec = {
      ...shared,
      inputs: shared.inputs.map((input, i) =>
        i === 0
          ? input
          : {
              ...input!,
              dims: [2, PLAIN.token, PLAIN.angles],
              values: [...input!.values, ...input!.values],
            },
      ),
    };
    expect(await deviationFromKernel(full)).toBeLessThanOrEqual(AGREES);
  });

  it("are written out in the canonical form; those of each row are not", () => {
    const changes = (each: FusedSpec): number =>
      applyPasses(fusedModel(each), KERNEL_LIMIT_PASSES).reduce((n, pass) => n + pass.changes, 0);
    expect(changes(shared)).toBe(1);
    expect(changes(spec)).toBe(0);
    expect(changes(onnx(PLAIN))).toBe(0);
  });
});

describe("com.microsoft.RotaryEmbedding", () => {
  it.each([
    { attributes: { scale: 2 }, text: /"scale" = 2: a scaled rotation/ },
    { attributes: { is_packed_batching: 1n }, text: /"is_packed_batching" = 1/ },
  ])("refuses $attributes by name", ({ attributes, text }) => {
    const spec = contrib(PLAIN);
    const scaled = { ...spec.attributes, ...attributes };
    expect(refusalOf({ ...spec, attributes: scaled })).toMatch(text);
  });
});
