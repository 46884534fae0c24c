import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Builder } from "../../../../src/onnx/builder.js";
import {
  activeInput,
  deviationFromKernel,
  noise,
  refusalOf,
  type FusedInput,
  type FusedSpec,
} from "../../../support/fused-case.js";
import { AGREES, CAUGHT } from "./bounds.js";
import { itKeepsTheLaws } from "./laws.js";

type Mask = "none" | "bool" | "bool by row" | "added" | "added by head";

interface Config {
  readonly opset: 23 | 24;
  readonly flat: boolean;
  readonly batch: number;
  readonly token: number;
  readonly kvHeads: number;
  readonly group: number;
  readonly dHead: number;
  readonly dValue: number;
  readonly mask: Mask;
  readonly causal: boolean;
  readonly softcap: number;
  readonly scale: number;
}

const PLAIN: Config = {
  ...{ opset: 23, flat: false, batch: 2, token: 5, kvHeads: 2, group: 2, dHead: 8, dValue: 8 },
  ...{ mask: "bool", causal: true, softcap: 0, scale: 0 },
};

const configs: fc.Arbitrary<Config> = fc.record({
  opset: fc.constantFrom(23 as const, 24 as const),
  flat: fc.boolean(),
  batch: fc.integer({ min: 1, max: 3 }),
  token: fc.integer({ min: 1, max: 6 }),
  kvHeads: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 3 }),
  dHead: fc.constantFrom(4, 8, 16),
  dValue: fc.constantFrom(4, 8, 16),
  mask: fc.constantFrom<Mask>("none", "bool", "bool by row", "added", "added by head"),
  causal: fc.boolean(),
  softcap: fc.constantFrom(0, 0.5, 3),
  scale: fc.constantFrom(0, 0.2, 1),
});

function maskOf({ mask, batch, token, kvHeads, group }: Config): FusedInput | null {
  if (mask === "none") return null;
  const square = [token, token];
  if (mask.startsWith("added")) {
    const dims = mask === "added" ? square : [batch, kvHeads * group, ...square];
    return { dtype: "float32", dims, values: noise(mask, dims), frozen: true };
  }
  const dims = mask === "bool" ? square : [batch, 1, ...square];
  const values = noise(mask, dims).map((x, i) =>
    // every query sees itself at least
    Math.floor(i / token) % token === i % token || x > -0.3 ? 1 : 0,
  );
  return { dtype: "bool", dims, values };
}

function specOf(config: Config): FusedSpec {
  const { batch, token, kvHeads, group, dHead, dValue, flat } = config;
  const heads = kvHeads * group;
  const part = (name: string, n: number, size: number): FusedInput =>
    flat
      ? activeInput(name, [batch, token, n * size], ["batch", "token", n * size])
      : activeInput(name, [batch, n, token, size], ["batch", n, "token", size]);
  return {
    op: "Attention",
    opset: config.opset,
    attributes: {
      is_causal: config.causal ? 1n : 0n,
      softcap: config.softcap,
      ...(config.scale === 0 ? {} : { scale: config.scale }),
      ...(flat ? { q_num_heads: BigInt(heads), kv_num_heads: BigInt(kvHeads) } : {}),
    },
    inputs: [
      ...[part("q", heads, dHead), part("k", kvHeads, dHead), part("v", kvHeads, dValue)],
      maskOf(config),
    ],
  };
}

describe("ai.onnx Attention in primitives", () => {
  itKeepsTheLaws(configs, specOf);

  it("hides the keys beyond nonpad_kv_seqlen (operator set 24), and refuses it with causality", async () => {
    const padded = (causal: boolean): FusedSpec => {
      const spec = specOf({ ...PLAIN, opset: 24, mask: "none", causal });
      const lengths: FusedInput = { dtype: "int64", dims: [2], values: [5, 3], shape: ["batch"] };
      return { ...spec, inputs: [...spec.inputs, null, null, lengths] };
    };
    expect(await deviationFromKernel(padded(false))).toBeLessThanOrEqual(AGREES);
    expect(refusalOf(padded(true))).toMatch(/nonpad_kv_seqlen beside is_causal/);
  });

  it("sees a mask that is off by one, and heads beside the wrong keys", async () => {
    const spec = specOf(PLAIN);
    const strict = await deviationFromKernel(spec, (graph) => {
      const node = graph.nodes.find(({ opType }) => opType === "LessOrEqual")!;
      const other = new Builder(graph, "fault").op("Less", [...node.inputs]);
      graph.replaceAllUses(node.output(), other);
    });
    expect(strict).toBeGreaterThan(CAUGHT);
    const swapped = await deviationFromKernel(spec, (graph) => {
      const product = graph.nodes.find(({ opType }) => opType === "FusedMatMul")!;
      const b = new Builder(graph, "fault");
      product.replaceInput(1, b.op("Gather", [product.input(1), b.ints([1, 0])], { axis: 1n }));
    });
    expect(swapped).toBeGreaterThan(CAUGHT);
  });

  it("refuses a softmax in float64 by name", () => {
    const spec = specOf(PLAIN);
    const attributes = { ...spec.attributes, softmax_precision: 11n };
    expect(refusalOf({ ...spec, attributes })).toMatch(/"softmax_precision" = 11/);
  });
});
