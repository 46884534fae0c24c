import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dim } from "../../../../src/onnx/graph.js";
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

type Padding = "none" | "lengths" | "rows" | "pairs";
type Bias = "none" | "shared" | "by row" | "by head";

interface Config {
  readonly batch: number;
  readonly token: number;
  readonly heads: number;
  readonly dHead: number;
  readonly dValue: number;
  readonly projectionBias: boolean;
  readonly padding: Padding;
  readonly filter: number;
  readonly attentionBias: Bias;
  readonly causal: boolean;
  readonly scale: number;
}

const PLAIN: Config = {
  ...{ batch: 2, token: 5, heads: 3, dHead: 8, dValue: 8, projectionBias: true, padding: "rows" },
  ...{ filter: -10000, attentionBias: "none", causal: true, scale: 0 },
};

const configs: fc.Arbitrary<Config> = fc.record({
  batch: fc.integer({ min: 2, max: 3 }),
  token: fc.integer({ min: 1, max: 6 }),
  heads: fc.integer({ min: 1, max: 4 }),
  dHead: fc.constantFrom(4, 8, 16),
  dValue: fc.constantFrom(4, 8, 16),
  projectionBias: fc.boolean(),
  padding: fc.constantFrom<Padding>("none", "lengths", "rows", "pairs"),
  filter: fc.constantFrom(-10000, -1, -3.5),
  attentionBias: fc.constantFrom<Bias>("none", "shared", "by row", "by head"),
  causal: fc.boolean(),
  scale: fc.constantFrom(0, 0.2, 1),
});

function frozen(name: string, dims: readonly number[]): FusedInput {
  return { dtype: "float32", dims, values: noise(name, dims), frozen: true };
}

/** The second row lacks its last token. */
function paddingOf({ padding, batch, token }: Config): FusedInput | null {
  const real = (row: number, key: number): number => (row === 1 && key === token - 1 ? 0 : 1);
  const all = (count: number, at: (i: number) => number): number[] =>
    Array.from({ length: count }, (_, i) => at(i));
  const shapes: Record<Exclude<Padding, "none">, [number[], Dim[], number[]]> = {
    lengths: [[batch], ["batch"], all(batch, (r) => (r === 1 ? token - 1 : token))],
    rows: [
      [batch, token],
      ["batch", "token"],
      all(batch * token, (i) => real(Math.floor(i / token), i % token)),
    ],
    pairs: [
      [batch, token, token],
      ["batch", "token", "token"],
      // no query but the first may see key 0 of the first row, besides
      all(batch * token * token, (i) => {
        const [row, query, key] = [
          Math.floor(i / token / token),
          Math.floor(i / token) % token,
          i % token,
        ] as const;
        return row === 0 && key === 0 && query > 0 ? 0 : real(row, key);
      }),
    ],
  };
  if (padding === "none") return null;
  const [dims, shape, values] = shapes[padding];
  return { dtype: "int32", dims, shape, values };
}

function biasOf({ attentionBias, batch, token, heads }: Config): FusedInput | null {
  if (attentionBias === "none") return null;
  const dims = [
    attentionBias === "shared" ? 1 : batch,
    attentionBias === "by head" ? heads : 1,
    ...[token, token],
  ];
  return frozen(attentionBias, dims);
}

function multiHead(config: Config): FusedSpec {
  const { batch, token, heads, dHead, dValue, causal, scale, filter } = config;
  const flat = (name: string, size: number): FusedInput =>
    activeInput(name, [batch, token, heads * size], ["batch", "token", heads * size]);
  return {
    op: "com.microsoft.MultiHeadAttention",
    attributes: {
      num_heads: BigInt(heads),
      unidirectional: causal ? 1n : 0n,
      mask_filter_value: filter,
      ...(scale === 0 ? {} : { scale }),
    },
    inputs: [
      ...[flat("q", dHead), flat("k", dHead), flat("v", dValue)],
      config.projectionBias ? frozen("bias", [heads * (2 * dHead + dValue)]) : null,
      ...[paddingOf(config), biasOf(config)],
    ],
  };
}

function packed(config: Config): FusedSpec {
  const { batch, token, heads, dHead, dValue, causal, scale, filter } = config;
  const [dModel, width] = [12, heads * (2 * dHead + dValue)];
  const own = { qkv_hidden_sizes: [heads * dHead, heads * dHead, heads * dValue].map(BigInt) };
  return {
    op: "com.microsoft.Attention",
    attributes: {
      num_heads: BigInt(heads),
      unidirectional: causal ? 1n : 0n,
      mask_filter_value: filter,
      ...(scale === 0 ? {} : { scale }),
      ...(dHead === dValue ? {} : own),
    },
    inputs: [
      activeInput("x", [batch, token, dModel], ["batch", "token", dModel]),
      {
        ...frozen("weights", [dModel, width]),
        // as projections are: the sum of dModel products stays below 1
        values: noise("weights", [dModel, width]).map((w) => w / Math.sqrt(dModel)),
      },
      frozen("bias", [width]),
      ...[paddingOf(config), null, biasOf(config)],
    ],
  };
}

describe.each([
  { op: "MultiHeadAttention", specOf: multiHead },
  { op: "com.microsoft Attention", specOf: packed },
])("$op in primitives", ({ specOf }) => {
  itKeepsTheLaws(configs, specOf);

  it("sees padding that is let through", async () => {
    const worst = await deviationFromKernel(specOf(PLAIN), (graph) => {
      const where = graph.nodes.find((node) => node.opType === "Where")!;
      where.replaceInput(2, where.input(1));
    });
    expect(worst).toBeGreaterThan(CAUGHT);
  });
});

describe("MultiHeadAttention", () => {
  it("takes keys and values that are split into heads already", async () => {
    const config: Config = { ...PLAIN, projectionBias: false, padding: "none", causal: false };
    const spec = multiHead(config);
    const { batch, token, heads, dHead } = config;
    const byHead = (name: string): FusedInput =>
      activeInput(name, [batch, heads, token + 2, dHead], ["batch", heads, "keys", dHead]);
    const inputs = [spec.inputs[0]!, byHead("k"), byHead("v")];
    expect(await deviationFromKernel({ ...spec, inputs })).toBeLessThanOrEqual(AGREES);
  });

  it.each<{ title: string; spec: FusedSpec; text: RegExp }>([
    {
      title: "packed keys and values",
      spec: {
        ...multiHead(PLAIN),
        inputs: [activeInput("q", [2, 5, 3, 3, 8], ["batch", "token", 3, 3, 8])],
      },
      text: /ranks 5 0 0 \(packed forms/,
    },
    {
      title: "a mask of one dimension that may be lengths or something else",
      spec: {
        ...multiHead(PLAIN),
        inputs: multiHead({ ...PLAIN, padding: "lengths" }).inputs.map((input, i) =>
          i === 4 ? { ...input!, shape: ["other"] } : input,
        ),
      },
      text: /not known to be \[batch\]/,
    },
  ])("refuses $title by name", ({ spec, text }) => {
    expect(refusalOf(spec)).toMatch(text);
  });
});

describe("com.microsoft Attention", () => {
  it("refuses a rotation inside the operator by name", () => {
    const spec = packed(PLAIN);
    const attributes = { ...spec.attributes, do_rotary: 1n };
    expect(refusalOf({ ...spec, attributes })).toMatch(/"do_rotary" = 1: a rotation/);
  });
});
