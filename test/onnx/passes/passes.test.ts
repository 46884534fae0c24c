import { describe, expect, it } from "vitest";
import { InvariantError, ModelFormatError } from "../../../src/errors.js";
import { Builder } from "../../../src/onnx/builder.js";
import { Graph, type Model, type Value } from "../../../src/onnx/graph.js";
import { constants } from "../../../src/onnx/passes/constants.js";
import { foldIdentity } from "../../../src/onnx/passes/fold-identity.js";
import { CANONICAL_PASSES } from "../../../src/onnx/passes/index.js";
import { inlineIf } from "../../../src/onnx/passes/inline-if.js";
import { applyPasses, type Pass } from "../../../src/onnx/passes/pass.js";
import { splitSkipNorm } from "../../../src/onnx/passes/split-skip-norm.js";
import { copyModel } from "../../../src/onnx/copy.js";
import { float32Tensor, int64Tensor } from "../../../src/onnx/tensor.js";
import { tensor, type Feeds } from "../../../src/runtime/tensor.js";
import { deviation, runModel } from "../../support/run-model.js";
import { modelOf } from "../../support/tiny-models.js";

const D = 4;

interface Case {
  readonly pass: Pass;
  readonly title: string;
  readonly changes: number;
  readonly model: () => Model;
  readonly feeds: Feeds;
}

function withInput(build: (b: Builder, x: Value) => Value, rank = 2): Model {
  const graph = new Graph("case");
  const shape = ["batch", "token", D].slice(3 - rank);
  const x = graph.addInput("x", { dtype: "float32", shape });
  const y = build(new Builder(graph, "case"), x);
  graph.rename(y, "y");
  y.type = { dtype: "float32", shape };
  graph.outputs.push(y);
  return modelOf(graph);
}

const xFeed: Feeds = {
  x: tensor("float32", [2, D], Float32Array.from([1, -2, 3, 0.5, 2, 1, -1, 4])),
};
const x3Feed: Feeds = { x: tensor("float32", [1, 2, D], xFeed["x"]!.data as Float32Array) };

const vector = (b: Builder, name: string, scale: number): Value =>
  b.graph.addInitializer(
    name,
    float32Tensor(
      [1, 2, -1, 0.5].map((v) => v * scale),
      [D],
    ),
  );

/** Skip norm whose sum (output 3) is used as well; `bias` says whether it has one. */
function skipModel(opType: string, bias: boolean): Model {
  return withInput((b, x) => {
    const skip = b.op("Mul", [x, b.float(0.5)]);
    const simplified = opType === "SkipSimplifiedLayerNormalization";
    const parameters = simplified
      ? [vector(b, "gamma", 1), ...(bias ? [vector(b, "bias", 3)] : [])]
      : [vector(b, "gamma", 1), vector(b, "beta", 2), ...(bias ? [vector(b, "bias", 3)] : [])];
    const node = b.node(
      opType,
      [x, skip, ...parameters],
      { epsilon: 1e-5 },
      { domain: "com.microsoft", outputs: 4 },
    );
    return b.op("Add", [node.output(0), b.op("Mul", [node.output(3), b.float(10)])]);
  }, 3);
}

/** y = If(flag){then: x + 100, else: 2x + c}, with a constant of the outer graph captured. */
function branchedModel(): Model {
  const graph = new Graph("branched");
  const x = graph.addInput("x", { dtype: "float32", shape: ["batch", D] });
  const flag = graph.addInput("flag", { dtype: "bool", shape: [1] });
  const past = graph.addInput("past", { dtype: "float32", shape: ["batch", D] });
  const outer = graph.addInitializer("outer", float32Tensor([7, 7, 7, 7], [D]));
  const branch = (name: string, build: (b: Builder) => Value): Graph => {
    const inner = new Graph(name, graph);
    inner.outputs.push(build(new Builder(inner, name)));
    return inner;
  };
  const otherwise = branch("else", (b) => b.op("Add", [b.op("Mul", [x, b.float(2)]), outer]));
  const then = branch("then", (b) => b.op("Add", [x, past]));
  const node = graph.addNode({
    opType: "If",
    name: "optimum::if",
    inputs: [flag],
    outputs: ["y"],
    attributes: new Map([
      ["else_branch", { kind: "graph", value: otherwise }],
      ["then_branch", { kind: "graph", value: then }],
    ]),
  });
  node.output().type = { dtype: "float32", shape: ["batch", D] };
  graph.outputs.push(node.output());
  return modelOf(graph);
}

const CASES: readonly Case[] = [
  {
    pass: constants,
    title: "tensor, float and integer constants",
    changes: 3,
    model: () =>
      withInput((b, x) => {
        const half = b.op("Constant", [], { value: float32Tensor([0.5], [1]) });
        const three = b.op("Constant", [], { value_float: 3 });
        const axes = b.op("Constant", [], { value_ints: [1n] });
        const sum = b.op("ReduceSum", [b.op("Mul", [x, half]), axes], { keepdims: 1n });
        return b.op("Add", [b.op("Mul", [x, three]), sum]);
      }),
    feeds: xFeed,
  },
  {
    pass: foldIdentity,
    title: "identities in a row, an inference dropout, and one before the output",
    changes: 4,
    model: () =>
      withInput((b, x) => {
        const once = b.op("Identity", [b.op("Identity", [x])]);
        const kept = b.op("Dropout", [b.op("Mul", [once, b.float(3)]), b.float(0.5)]);
        return b.op("Identity", [b.op("Add", [kept, x])]);
      }),
    feeds: xFeed,
  },
  ...(["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"] as const).flatMap((op) =>
    [false, true].map((bias): Case => ({
      pass: splitSkipNorm,
      title: `${op} ${bias ? "with" : "without"} a bias`,
      changes: 1,
      model: () => skipModel(op, bias),
      feeds: x3Feed,
    })),
  ),
];

// one rounding more or less in a sum of two or three float32 numbers of magnitude below 100: 100 · 2^-23 · 4
const TOLERANCE = 5e-5;

describe.each(CASES)("$pass.name: $title", ({ pass, changes, model, feeds }) => {
  it("keeps the outputs and their names", async () => {
    const before = await runModel(model(), feeds);
    const rewritten = model();
    expect(applyPasses(rewritten, [pass])).toEqual([{ pass: pass.name, changes }]);
    expect(rewritten.graph.outputs.map((value) => value.name)).toEqual(["y"]);
    const after = await runModel(rewritten, feeds);
    const { worst } = deviation(
      after["y"]!.data as Float32Array,
      before["y"]!.data as Float32Array,
    );
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
  });

  it("changes nothing the second time", () => {
    const rewritten = model();
    applyPasses(rewritten, [pass]);
    expect(applyPasses(rewritten, [pass])).toEqual([{ pass: pass.name, changes: 0 }]);
  });
});

describe("inline-if", () => {
  const feeds = { ...xFeed };
  it("computes what the else-branch computed, under the same output name", async () => {
    const both = {
      ...feeds,
      flag: tensor("bool", [1], Uint8Array.from([0])),
      past: tensor("float32", [2, D], new Float32Array(2 * D)),
    };
    const before = await runModel(branchedModel(), both);
    const model = branchedModel();
    applyPasses(model, [inlineIf]);
    const after = await runModel(model, feeds);
    expect(after["y"]!.data).toEqual(before["y"]!.data);
  });

  it("drops the condition and the inputs that only the other branch read", () => {
    const model = branchedModel();
    applyPasses(model, [inlineIf]);
    expect(model.graph.inputs.map((value) => value.name)).toEqual(["x"]);
  });

  it("leaves no trace of the branches in the use lists", () => {
    const model = branchedModel();
    applyPasses(model, [inlineIf]);
    const nodes = new Set(model.graph.nodes);
    for (const value of [...model.graph.inputs, ...model.graph.initializers])
      for (const { node } of value.uses) expect(nodes.has(node)).toBe(true);
  });
});

describe("split-skip-norm", () => {
  it("adds the bias to the branch and not to the sum, so that the sum holds all three", () => {
    const model = skipModel("SkipSimplifiedLayerNormalization", true);
    applyPasses(model, [splitSkipNorm]);
    const sum = model.graph.nodes
      .find((node) => node.opType === "SimplifiedLayerNormalization")!
      .input(0).producer!;
    expect(sum.input(0).name).toBe("x");
    expect(sum.input(1).producer!.inputs.map((value) => value!.name)).toContain("bias");
  });

  it("refuses a training output in use, naming it", () => {
    const model = skipModel("SkipLayerNormalization", false);
    const node = model.graph.nodes.find((each) => each.opType === "SkipLayerNormalization")!;
    model.graph.outputs.push(node.output(1));
    expect(() => applyPasses(model, [splitSkipNorm])).toThrow(ModelFormatError);
  });
});

describe("fold-identity", () => {
  it("keeps an Identity between an input and an output", () => {
    const model = withInput((b, x) => b.op("Identity", [x]));
    expect(applyPasses(model, [foldIdentity])).toEqual([{ pass: "fold-identity", changes: 0 }]);
  });

  it("keeps a Dropout whose mask is used, or that trains", () => {
    const model = withInput((b, x) => {
      const trains = b.constant({
        dtype: "bool",
        dims: [],
        data: { kind: "inline", bytes: Uint8Array.from([1]) },
      });
      return b.op("Dropout", [x, b.float(0.5), trains]);
    });
    expect(applyPasses(model, [foldIdentity])[0]!.changes).toBe(0);
  });
});

describe("applyPasses", () => {
  const broken: Pass = {
    name: "liar",
    requires: () => [],
    apply: () => 1,
    ensures: () => ["nothing was done"],
  };

  it("calls a pass that breaks its promise our bug, and names it", () => {
    const model = withInput((b, x) => b.op("Relu", [x]));
    expect(() => applyPasses(model, [broken])).toThrow(InvariantError);
    expect(() => applyPasses(model, [broken])).toThrow(/"liar".*nothing was done/);
  });

  it("names the pass whose needs are not met, and the passes before it", () => {
    const model = withInput((b, x) => b.op("Relu", [x]));
    const needy: Pass = { ...broken, name: "needy", requires: () => ["a flux capacitor"] };
    const act = (): unknown => applyPasses(model, [constants, needy]);
    expect(act).toThrow(
      expect.objectContaining({
        where: 'pass "needy" (after constants)',
        found: "a flux capacitor",
      }),
    );
  });

  it("runs the canonical passes in an order that needs no second round", () => {
    const model = branchedModel();
    applyPasses(model, CANONICAL_PASSES);
    expect(applyPasses(model, CANONICAL_PASSES).every(({ changes }) => changes === 0)).toBe(true);
  });
});

describe("copyModel", () => {
  it("makes a copy that computes the same and shares no node", async () => {
    const model = branchedModel();
    const copy = copyModel(model);
    const feeds = {
      ...xFeed,
      flag: tensor("bool", [1], Uint8Array.from([1])),
      past: tensor("float32", [2, D], new Float32Array(2 * D).fill(3)),
    };
    const [a, b] = [await runModel(model, feeds), await runModel(copy.model, feeds)];
    expect(b["y"]!.data).toEqual(a["y"]!.data);
    const nodes = new Set(copy.model.graph.nodes);
    expect(model.graph.nodes.some((node) => nodes.has(node))).toBe(false);
  });

  it("can be changed without changing the original", () => {
    const model = withInput((b, x) =>
      b.op("Relu", [b.op("Squeeze", [x, b.constant(int64Tensor([0]))])]),
    );
    const { model: copy } = copyModel(model);
    copy.graph.outputs.length = 0;
    copy.graph.prune();
    expect(copy.graph.nodes).toEqual([]);
    expect(model.graph.nodes.length).toBe(2);
  });
});
