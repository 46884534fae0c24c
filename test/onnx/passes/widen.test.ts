import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Builder } from "../../../src/onnx/builder.js";
import { copyModel } from "../../../src/onnx/copy.js";
import { encodeModel } from "../../../src/onnx/encode.js";
import { Graph, type Model, type Value } from "../../../src/onnx/graph.js";
import { lateWiden } from "../../../src/onnx/passes/late-dequantise.js";
import { applyPasses } from "../../../src/onnx/passes/pass.js";
import { widen } from "../../../src/onnx/passes/widen.js";
import {
  bfloatToNumber,
  DTYPES,
  elementCount,
  float32Tensor,
  halfToNumber,
  type DType,
  type Tensor,
} from "../../../src/onnx/tensor.js";
import { tensor } from "../../../src/runtime/tensor.js";
import { stream, type Stream } from "../../../src/stats/stream.js";
import { runModel } from "../../support/run-model.js";
import { modelOf, temporaryFolder } from "../../support/tiny-models.js";

type Half = "float16" | "bfloat16";

const WIDTH = 8;
const ROWS = 5;
const folder = temporaryFolder();

/** Random bits of numbers between 2⁻³ and 2 in magnitude, of either sign. */
function drawBits(rng: Stream, dtype: Half): number {
  const sign = rng.int(2) << 15;
  return dtype === "float16"
    ? sign | ((12 + rng.int(4)) << 10) | rng.int(1 << 10)
    : sign | ((124 + rng.int(4)) << 7) | rng.int(1 << 7);
}

const TO_NUMBER: Readonly<Record<Half, (bits: number) => number>> = {
  float16: halfToNumber,
  bfloat16: bfloatToNumber,
};

/** Makes constants in half precision, in a file or inline, or the same numbers in float32. */
class Weights {
  readonly #bytes: number[] = [];
  readonly #rng: Stream;
  readonly #file: string;

  constructor(
    readonly half: Half,
    readonly form: "half" | "float32",
    seed: number,
  ) {
    this.#rng = stream(seed, "weights");
    this.#file = join(folder, `${half}-${form}-${seed}.bin`);
  }

  get dtype(): DType {
    return this.form === "half" ? this.half : "float32";
  }

  draw(dims: readonly number[], place: "file" | "inline"): Tensor {
    const bits = Array.from({ length: elementCount(dims) }, () => drawBits(this.#rng, this.half));
    return this.from(bits, dims, place);
  }

  from(bits: readonly number[], dims: readonly number[], place: "file" | "inline"): Tensor {
    if (this.form === "float32") return float32Tensor(bits.map(TO_NUMBER[this.half]), dims);
    const bytes = new Uint8Array(Uint16Array.from(bits).buffer);
    if (place === "inline") return { dtype: this.half, dims, data: { kind: "inline", bytes } };
    const offset = this.#bytes.length;
    this.#bytes.push(...bytes);
    const data = { kind: "external", file: this.#file, offset, length: bytes.length } as const;
    return { dtype: this.half, dims, data };
  }

  write(): void {
    writeFileSync(this.#file, Uint8Array.from(this.#bytes));
  }
}

interface Step {
  readonly b: Builder;
  readonly weights: Weights;
  readonly x: Value;
}

const code = (dtype: DType): bigint => BigInt(DTYPES[dtype].code);

function constant({ b, weights }: Step, dims: readonly number[], place: "file" | "inline"): Value {
  return b.graph.addInitializer(b.graph.freshName("w"), weights.draw(dims, place));
}

/** Steps of a half-precision graph, `[row, 8]` → `[row, 8]`, as exporters write them. */
const STEPS: Readonly<Record<string, (step: Step) => Value>> = {
  product: (s) => s.b.op("MatMul", [s.x, constant(s, [WIDTH, WIDTH], "file")]),
  transposed: (s) =>
    s.b.op("MatMul", [
      s.x,
      s.b.op("Transpose", [constant(s, [WIDTH, WIDTH], "file")], { perm: [1n, 0n] }),
    ]),
  bias: (s) => s.b.op("Add", [s.x, constant(s, [WIDTH], "file")]),
  scale: (s) => s.b.op("Mul", [s.x, constant(s, [], "inline")]),
  softmax: (s) => s.b.op("Softmax", [s.x], { axis: -1n }),
  // a norm between casts, as mixed files have it
  normInFloat32: (s) => {
    const wide = s.b.op("Cast", [s.x], { to: code("float32") });
    const square = s.b.op("Mul", [wide, wide]);
    const mean = s.b.op("ReduceMean", [square], { axes: [-1n], keepdims: 1n });
    const rms = s.b.op("Sqrt", [s.b.op("Add", [mean, s.b.float(1e-5)])]);
    const back = s.b.op("Cast", [s.b.op("Div", [wide, rms])], { to: code(s.weights.dtype) });
    return s.b.op("Mul", [back, constant(s, [WIDTH], "file")]);
  },
  fusedNorm: (s) =>
    s.b.op("LayerNormalization", [s.x, constant(s, [WIDTH], "file")], {
      stash_type: 1n,
      epsilon: 1e-5,
    }),
  // the smallest number of float16 where a mask is set
  mask: (s) => {
    const isLow = s.b.op("Less", [s.x, constant(s, [], "inline")]);
    const lowest = s.weights.from(s.weights.half === "float16" ? [0xfbff] : [0xff7f], [], "inline");
    const filled = s.b.op("Where", [
      isLow,
      s.b.graph.addInitializer(s.b.graph.freshName("lowest"), lowest),
      s.x,
    ]);
    return s.b.op("Softmax", [filled], { axis: -1n });
  },
  fill: (s) => {
    const value = s.weights.draw([1], "inline");
    const shape = s.b.op("Shape", [s.x]);
    return s.b.op("Add", [s.x, s.b.op("ConstantOfShape", [shape], { value })]);
  },
  castLike: (s) => s.b.op("CastLike", [s.b.op("Cast", [s.x], { to: code("float32") }), s.x]),
};

/** Token ids look up a table in a file; steps follow; a half-precision input is added, and a half-precision output. */
function build(weights: Weights, steps: readonly string[]): Model {
  const graph = new Graph("half");
  const model = modelOf(graph, 17);
  const b = new Builder(graph, "t");
  const ids = graph.addInput("ids", { dtype: "int64", shape: ["row"] });
  const past = graph.addInput("past", { dtype: weights.dtype, shape: ["row", WIDTH] });
  const table = graph.addInitializer("table", weights.draw([11, WIDTH], "file"));
  let x = b.op("Add", [b.op("Gather", [table, ids], { axis: 0n }), past]);
  for (const name of steps) x = STEPS[name]!({ b, weights, x });
  // the table again, as a tied head
  const y = b.op("MatMul", [x, b.op("Transpose", [table], { perm: [1n, 0n] })]);
  y.type = { dtype: weights.dtype, shape: ["row", 11] };
  graph.outputs.push(y);
  graph.rename(y, "y");
  weights.write();
  return model;
}

async function run(model: Model): Promise<Float32Array> {
  const outputs = await runModel(model, {
    ids: tensor(
      "int64",
      [ROWS],
      BigInt64Array.from({ length: ROWS }, (_, i) => BigInt(2 * i)),
    ),
    past: tensor(
      "float32",
      [ROWS, WIDTH],
      Float32Array.from({ length: ROWS * WIDTH }, (_, i) => Math.sin(i)),
    ),
  });
  return outputs["y"]!.data as Float32Array;
}

const cases = fc.record({
  half: fc.constantFrom<Half[]>("float16", "bfloat16"),
  steps: fc.array(fc.constantFrom(...Object.keys(STEPS)), { minLength: 1, maxLength: 6 }),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

/** The two graphs may be fused otherwise: a few roundings of float32 per step, of the largest number. */
const ROUNDING = 2 ** -20;

function expectClose(found: Float32Array, expected: Float32Array): void {
  const largest = Math.max(...expected.map(Math.abs));
  expect(found.length).toBe(expected.length);
  const worst = Math.max(...found.map((each, i) => Math.abs(each - expected[i]!)));
  expect(worst).toBeLessThanOrEqual(ROUNDING * largest);
}

describe("a widened graph", () => {
  it("computes what the float32 graph of the same numbers computes, with weights in their file", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ half, steps, seed }) => {
        const model = build(new Weights(half, "half", seed), steps);
        applyPasses(model, [widen]);
        const weights = model.graph.initializers.map((value) => value.initializer!);
        // matrices and vectors of the file are still regions of it, in their type
        expect(weights.every(({ dtype, data }) => dtype !== half || data.kind === "external")).toBe(
          true,
        );
        expect(model.graph.inputs.map(({ type }) => type?.dtype)).toEqual(["int64", "float32"]);
        const expected = await run(build(new Weights(half, "float32", seed), steps));
        expectClose(await run(model), expected);
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it("computes the same when weights are widened where they are used", async () => {
    const steps = ["product", "fusedNorm", "transposed", "mask"];
    const model = build(new Weights("bfloat16", "half", 3), steps);
    applyPasses(model, [widen]);
    const late = copyModel(model).model;
    const [record] = applyPasses(late, [lateWiden]);
    // two products and the tied head; the lookup reads the table as it is
    expect(record?.changes).toBe(3);
    expectClose(await run(late), await run(model));
  });

  it("is not changed by a second widening", () => {
    const model = build(new Weights("float16", "half", 1), Object.keys(STEPS));
    applyPasses(model, [widen]);
    const before = encodeModel(model).bytes;
    const [record] = applyPasses(model, [widen]);
    expect(record?.changes).toBe(0);
    expect(encodeModel(model).bytes).toEqual(before);
  });

  it("differs from one whose mask has another number, so that the comparison would show it", async () => {
    const steps = ["product", "scale"];
    const model = build(new Weights("float16", "half", 2), steps);
    applyPasses(model, [widen]);
    const scale = model.graph.initializers.find(
      ({ initializer }) => initializer?.dims.length === 0,
    )!;
    scale.initializer = float32Tensor([scale.numbers![0]! * (1 + 2 ** -12)], []);
    const expected = await run(build(new Weights("float16", "float32", 2), steps));
    const found = await run(model);
    expect(() => {
      expectClose(found, expected);
    }).toThrow();
  });
});

describe("widening refuses, by name,", () => {
  function half(edit: (b: Builder, x: Value) => Value): Model {
    const graph = new Graph("refused");
    const x = graph.addInput("x", { dtype: "float16", shape: ["row", 4] });
    const y = edit(new Builder(graph, "t"), x);
    y.type = { dtype: "float16", shape: ["row", 4] };
    graph.outputs.push(y);
    return modelOf(graph);
  }

  it("operators of unknown domains", () => {
    const model = half((b, x) => b.op("Swish", [x], {}, { domain: "com.example" }));
    expect(() => applyPasses(model, [widen])).toThrow(
      expect.objectContaining({
        code: "WIDEN",
        found: 'node "t/Swish" (com.example.Swish): an operator of a domain that is not known',
      }),
    );
  });

  it("branches that hold half precision", () => {
    const model = half((b, x) => {
      const inner = new Graph("then", b.graph);
      inner.outputs.push(new Builder(inner, "i").op("Neg", [x]));
      const condition = b.op("Equal", [b.op("Size", [x]), b.ints(0)]);
      return b.graph
        .addNode({
          opType: "If",
          name: "branch",
          inputs: [condition],
          attributes: new Map([
            ["then_branch", { kind: "graph", value: inner }],
            ["else_branch", { kind: "graph", value: inner }],
          ]),
        })
        .output();
    });
    expect(() => applyPasses(model, [widen])).toThrow(
      expect.objectContaining({
        code: "WIDEN",
        found: 'node "branch" (If): a branch or loop that holds half precision',
      }),
    );
  });
});
