import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { checkGradient } from "../../src/autodiff/gradient-check.js";
import { HostError } from "../../src/errors.js";
import { buildSuffix } from "../../src/models/suffix.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { Builder } from "../../src/onnx/builder.js";
import { extract } from "../../src/onnx/extract.js";
import type { Model, Value } from "../../src/onnx/graph.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { TypeInference } from "../../src/onnx/type-inference.js";
import {
  float32Data,
  int64,
  tensor,
  type Feeds,
  type RuntimeTensor,
} from "../../src/runtime/tensor.js";
import { createSession } from "../../src/runtime/session.js";
import { stream } from "../../src/stats/stream.js";
import { locatedTiny } from "../support/located.js";
import { runModel } from "../support/run-model.js";
import { TINY, tinyDecoder, type TinyOptions } from "../support/tiny-decoder.js";

const { vocab, dModel } = TINY;

// float32: log-probabilities of magnitude below 10 are sums of about 10² products; 10² ε ≈ 10⁻⁵
const FORWARD = 1e-5;
// float32: a central difference leaves ε/h + h² ≈ 5·10⁻⁵ at h = 5·10⁻³; attention and norms bend more
const DIFFERENCE = { step: 5e-3, tolerance: 2e-3 };

const ROWS = [
  [3, 1, 4, 1, 5],
  [9, 2, 6, 0, 0],
];
/** The second prompt has three tokens, the rest is padding. */
const LABEL_AT = [4, 2];
/** Two classes: tokens 2 and 7, token 5. */
const ANSWERS = { ids: [2, 7, 5], mask: [0, 0, -1e30, -1e30, -1e30, 0] };

interface Probe {
  readonly located: LocatedModel;
  readonly layer: number;
  readonly patchAt: readonly number[];
  readonly patched?: Float32Array;
  readonly gradient?: boolean;
  readonly labels?: readonly number[];
}

/** Outputs of one model of the fixture: residual states of every layer, and logits. */
async function natural(
  located: LocatedModel,
): Promise<{ states: Float32Array[]; logits: Float32Array }> {
  const { sites, logits } = located;
  const { model } = extract(located.model, { inputs: [], outputs: [...sites, logits] });
  for (const output of model.graph.outputs) output.type = { dtype: "float32" };
  const outputs = await runModel(model, { input_ids: ids() });
  return {
    states: sites.map(({ name }) => float32Data(outputs, name)),
    logits: float32Data(outputs, logits.name),
  };
}

const ids = (): RuntimeTensor => int64([2, 5], ROWS.flat());

/** States at the patched positions. */
function statesAt(states: Float32Array, positions: readonly number[]): Float32Array {
  const out = new Float32Array(2 * dModel);
  positions.forEach((p, r) => {
    out.set(states.subarray((r * 5 + p) * dModel, (r * 5 + p + 1) * dModel), r * dModel);
  });
  return out;
}

async function feedsOf({
  located,
  layer,
  patchAt,
  patched,
  labels = [1, 0],
}: Probe): Promise<Feeds> {
  const states = (await natural(located)).states[layer]!;
  return {
    input_ids: ids(),
    residual: tensor("float32", [2, 5, dModel], states),
    patched: tensor("float32", [2, dModel], patched ?? statesAt(states, patchAt)),
    patch_position: int64([2], patchAt),
    label_position: int64([2], LABEL_AT),
    answer_ids: int64([3], ANSWERS.ids),
    answer_log_mask: tensor("float32", [2, 3], Float32Array.from(ANSWERS.mask)),
    label: int64([2], labels),
  };
}

async function run(probe: Probe): Promise<Record<string, RuntimeTensor>> {
  const model = buildSuffix(probe.located, probe.layer, { gradient: probe.gradient ?? true });
  return runModel(model, only(model, await feedsOf(probe)));
}

function only({ graph }: Model, feeds: Feeds): Feeds {
  return Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]!]));
}

/** The definition, from the logits of the whole model. */
function classLogProb(logits: Float32Array): number[] {
  return LABEL_AT.flatMap((p, r) => {
    const z = ANSWERS.ids.map((id) => logits[(r * 5 + p) * vocab + id]!);
    const lse = (some: number[]): number => Math.log(some.reduce((sum, v) => sum + Math.exp(v), 0));
    return [lse([z[0]!, z[1]!]) - lse(z), z[2]! - lse(z)];
  });
}

function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance = FORWARD,
): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((each, i) => {
    expect(Math.abs(actual[i]! - each)).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(each)),
    );
  });
}

describe("the suffix", () => {
  it("with the natural state equals the definition on the whole model's logits, at every layer", async () => {
    const located = locatedTiny(tinyDecoder({ layers: 3 }));
    const expected = classLogProb((await natural(located)).logits);
    for (let layer = 0; layer <= located.nLayers; layer++) {
      const outputs = await run({ located, layer, patchAt: [1, 2] });
      expectClose(float32Data(outputs, "class_log_prob"), expected);
      const [first, second] = float32Data(outputs, "loss_nats");
      // labels 1 and 0
      expectClose([first!, second!], [-expected[1]!, -expected[2]!]);
    }
  });

  it("with another state equals the whole model with that state written in", async () => {
    const located = locatedTiny(tinyDecoder());
    const patched = Float32Array.from({ length: 2 * dModel }, (_, i) => Math.sin(i));
    const states = (await natural(located)).states[1]!.slice();
    const at = [1, 2];
    at.forEach((p, r) => {
      states.set(patched.subarray(r * dModel, (r + 1) * dModel), (r * 5 + p) * dModel);
    });
    const cut = { value: located.sites[1]!, name: "state", type: located.sites[1]!.type! };
    const { model } = extract(located.model, { inputs: [cut], outputs: [located.logits] });
    const above = await runModel(
      model,
      only(model, { state: tensor("float32", [2, 5, dModel], states), input_ids: ids() }),
    );
    const outputs = await run({ located, layer: 1, patchAt: at, patched });
    expectClose(float32Data(outputs, "class_log_prob"), classLogProb(float32Data(above, "logits")));
  });

  it.each<[string, TinyOptions]>([
    ["sequential", {}],
    ["parallel", { form: "parallel" }],
    ["post-norm", { form: "post-norm" }],
  ])("has a gradient that agrees with central differences in %s blocks", async (_, options) => {
    const located = locatedTiny(tinyDecoder(options));
    for (let layer = 0; layer <= located.nLayers; layer++) {
      // the last layer sees only the label position
      const patchAt = layer === located.nLayers ? LABEL_AT : [1, 0];
      const model = buildSuffix(located, layer, { gradient: true });
      const feeds = only(model, await feedsOf({ located, layer, patchAt }));
      const session = await createSession(model, { threads: 1 });
      const at = (x: Float64Array): Feeds => ({
        ...feeds,
        patched: tensor("float32", [2, dModel], Float32Array.from(x)),
      });
      const check = await checkGradient(
        {
          forward: async (x) => float32Data(await session.run(at(x)), "loss_nats"),
          backward: async (x) => float32Data(await session.run(at(x)), "gradient"),
        },
        {
          x: Float64Array.from(float32Data(feeds, "patched")),
          rng: stream(5, `layer/${layer}`),
          ...DIFFERENCE,
        },
      );
      await session.release();
      expect(check.verdict, JSON.stringify(check)).toBe("agrees");
      expect(
        Math.max(...check.directions.map(({ analytic }) => Math.abs(analytic))),
      ).toBeGreaterThan(1e-3);
    }
  });

  it("has a gradient of exactly zero where causality forbids one", async () => {
    const located = locatedTiny(tinyDecoder());
    // row 0 is patched at its label position, row 1 behind it
    const gradient = float32Data(await run({ located, layer: 1, patchAt: [4, 3] }), "gradient");
    expect(gradient.subarray(0, dModel).some((each) => each !== 0)).toBe(true);
    expect(gradient.subarray(dModel).every((each) => each === 0)).toBe(true);
  });

  it("needs no label and makes no loss when no gradient is asked for", () => {
    const { graph } = buildSuffix(locatedTiny(tinyDecoder()), 1, { gradient: false });
    expect(graph.outputs.map(({ name }) => name)).toEqual(["class_log_prob"]);
    expect(graph.inputs.map(({ name }) => name)).not.toContain("label");
  });

  it("above the last block needs nothing but the states", () => {
    const { graph } = buildSuffix(locatedTiny(tinyDecoder()), 2, { gradient: false });
    expect(graph.inputs.map(({ name }) => name)).toEqual([
      "residual",
      "patched",
      "patch_position",
      "label_position",
      "answer_ids",
      "answer_log_mask",
    ]);
  });

  it("asks for neither states nor positions where one token is all that is run", () => {
    const { graph } = buildSuffix(locatedTiny(tinyDecoder()), 2, {
      gradient: false,
      tokens: "single",
    });
    expect(graph.inputs.map(({ name }) => name)).toEqual([
      "patched",
      "answer_ids",
      "answer_log_mask",
    ]);
  });

  it("refuses a label that is no class instead of giving it a loss", async () => {
    const located = locatedTiny(tinyDecoder());
    await expect(run({ located, layer: 1, patchAt: [0, 0], labels: [2, 0] })).rejects.toThrow(
      HostError,
    );
  });

  it("leaves the located model as it was", () => {
    const located = locatedTiny(tinyDecoder());
    const before = located.model.graph.nodes.length;
    buildSuffix(located, 1, { gradient: true });
    expect(located.model.graph.nodes).toHaveLength(before);
    expect(located.model.graph.inputs.map(({ name }) => name)).toEqual(["input_ids"]);
  });
});

/** How a head may be written; `x` is the normed state, W: `[dModel, vocab]` as a constant. */
interface HeadForm {
  readonly make: (b: Builder, x: Value, w: HeadWeights) => Value;
  /** Is any value as wide as the vocabulary still computed? */
  readonly isWide?: boolean;
  /** Does norm and head run on all tokens? */
  readonly isWholeTail?: boolean;
}

interface HeadWeights {
  readonly w: Value;
  readonly transposed: () => Value;
  readonly bias: () => Value;
  readonly inputIds: Value;
}

const flat = (b: Builder, x: Value): Value => b.op("Reshape", [x, b.ints([-1, dModel])]);
const cap = (b: Builder, z: Value): Value =>
  b.op("Mul", [b.op("Tanh", [b.op("Div", [z, b.float(3)])]), b.float(3)]);
const tokens = (b: Builder, of: Value): Value =>
  b.op("Gather", [b.op("Shape", [of]), b.ints([0, 1])]);

const HEADS: Readonly<Record<string, HeadForm>> = {
  "MatMul(x, W)": { make: (b, x, { w }) => b.op("MatMul", [x, w]) },
  "MatMul(x, Transpose(E)), as with tied weights": {
    make: (b, x, { transposed }) => b.op("MatMul", [x, b.op("Transpose", [transposed()])]),
  },
  "Add(MatMul, bias)": {
    make: (b, x, { w, bias }) => b.op("Add", [b.op("MatMul", [x, w]), bias()]),
  },
  "a soft cap": { make: (b, x, { w }) => cap(b, b.op("MatMul", [x, w])) },
  "FusedMatMul with transB": {
    make: (b, x, { transposed }) =>
      b.op(
        "FusedMatMul",
        [x, transposed()],
        { transB: 1n, alpha: 0.5 },
        { domain: "com.microsoft" },
      ),
  },
  "Reshape(Gemm(Reshape(x), E, bias))": {
    make: (b, x, { transposed, bias }) => {
      const z = b.op("Gemm", [flat(b, x), transposed(), bias()], { transB: 1n });
      return b.op("Reshape", [z, b.op("Concat", [tokens(b, x), b.ints([vocab])], { axis: 0n })]);
    },
  },
  "an idle Reshape by the size of the inputs before it": {
    make: (b, x, { w, inputIds }) => {
      const length = b.op("Gather", [b.op("Shape", [inputIds]), b.ints([1])]);
      const shape = b.op("Concat", [b.ints([-1]), length, b.ints([dModel])], { axis: 0n });
      return b.op("MatMul", [b.op("Reshape", [x, shape]), w]);
    },
  },
  "a head of another form": {
    make: (b, x, { w }) => b.op("Softplus", [b.op("MatMul", [x, w])]),
    isWide: true,
  },
  "a tail that reads the inputs": {
    make: (b, x, { w, inputIds }) => {
      const position = b.cast(b.op("Unsqueeze", [inputIds, b.ints([2])]), "float32");
      return b.op("MatMul", [b.op("Add", [x, b.op("Mul", [position, b.float(0.1)])]), w]);
    },
    isWholeTail: true,
  },
};

/** The tiny decoder with another head. */
function withHead({ make }: HeadForm): LocatedModel {
  const located = locatedTiny(tinyDecoder());
  const { graph } = located.model;
  const b = new Builder(graph, "head");
  const matmul = located.logits.producer!;
  const w = matmul.input(1);
  const numbers = w.numbers!;
  const columns = Array.from(
    { length: vocab * dModel },
    (_, i) => numbers[(i % dModel) * vocab + Math.floor(i / dModel)]!,
  );
  const logits = make(b, matmul.input(0), {
    w,
    transposed: () => b.constant(float32Tensor(columns, [vocab, dModel])),
    bias: () =>
      b.constant(
        float32Tensor(
          Array.from({ length: vocab }, (_, i) => Math.sin(i)),
          [vocab],
        ),
      ),
    inputIds: graph.inputs[0]!,
  });
  return { ...located, logits };
}

describe.each(Object.entries(HEADS))("a head that is %s", (name, form) => {
  // Softplus has no rule: its suffix is checked forward only
  const gradient = name !== "a head of another form";

  it("gives the answers of the whole model", async () => {
    const located = withHead(form);
    const expected = classLogProb((await natural(located)).logits);
    for (const layer of [1, 2]) {
      const outputs = await run({ located, layer, patchAt: LABEL_AT, gradient });
      expectClose(float32Data(outputs, "class_log_prob"), expected);
    }
  });

  it("is computed for the answer tokens and the label position only, where it can be", () => {
    const { graph } = buildSuffix(withHead(form), 1, { gradient });
    const types = new TypeInference(graph);
    const made = graph.nodes.flatMap(({ outputs }) => outputs);
    const isWide = made.some((value) => types.shape(value)?.includes(vocab));
    expect(isWide).toBe(form.isWide === true);
    const heads = made.filter(
      (value) => types.shape(value)?.at(-1) === "answer" && types.shape(value)?.length === 3,
    );
    const isWholeTail = heads.some(
      (value) => types.shape(value)?.[1] !== 1 && types.shape(value)?.[1] !== "class",
    );
    expect(isWholeTail).toBe(form.isWholeTail === true);
  });
});

it.each(["single", "window"] as const)(
  "a gradient over tokens of a window (%s) compares no shapes when it runs",
  (tokens) => {
    const { graph } = buildSuffix(locatedTiny(tinyDecoder()), 1, { gradient: true, tokens });
    expect(graph.nodes.filter(({ opType }) => opType === "NonZero")).toEqual([]);
  },
);

it("masks absent keys once for all blocks that add the same mask", async () => {
  const located = await loadModel("fixtures/exports/llama/dynamo23", { adapters: ADAPTERS });
  const masks = [0, located.nLayers - 1].map((layer) => {
    const { graph } = buildSuffix(located, layer, { gradient: true, tokens: "window" });
    const types = new TypeInference(graph);
    return graph.nodes.filter(
      (node) => node.opType === "Where" && types.shape(node.output())?.at(-1) === "past + window",
    ).length;
  });
  expect(masks).toEqual([1, 1]);
});

it("rotates by one operator where fused ones are asked for, forward and backward", async () => {
  const located = await loadModel("fixtures/checkpoints/llama-llama3", { adapters: ADAPTERS });
  const layer = located.nLayers - 1;
  for (const [gradient, expected] of [
    [false, 2],
    [true, 4],
  ] as const)
    for (const tokens of ["single", "window"] as const) {
      const { graph } = buildSuffix(located, layer, { gradient, tokens, fused: true });
      const rotations = graph.nodes.filter(({ opType }) => opType === "RotaryEmbedding");
      expect(rotations).toHaveLength(expected); // of queries and of keys
    }
});

it("losses and gradients are finite for logits of ±500 and more", async () => {
  const located = locatedTiny(tinyDecoder());
  const { graph } = located.model;
  const logits = new Builder(graph, "scale").op("Mul", [
    located.logits,
    new Builder(graph, "c").float(500),
  ]);
  const outputs = await run({ located: { ...located, logits }, layer: 1, patchAt: LABEL_AT });
  const all = ["class_log_prob", "loss_nats", "gradient"].flatMap((o) =>
    Array.from(float32Data(outputs, o)),
  );
  expect(all.every(Number.isFinite)).toBe(true);
  expect(Math.max(...float32Data(outputs, "loss_nats"))).toBeGreaterThan(100);
});
