import { describe, expect, it } from "vitest";
import { Builder } from "../../../src/onnx/builder.js";
import { copyModel } from "../../../src/onnx/copy.js";
import {
  declareContribOperators,
  Graph,
  modelAround,
  type Model,
  type Value,
} from "../../../src/onnx/graph.js";
import { applyPasses } from "../../../src/onnx/passes/pass.js";
import { unitAxes } from "../../../src/onnx/passes/unit-axes.js";
import { float32Data, tensor, type Feeds } from "../../../src/runtime/tensor.js";
import { stream } from "../../../src/stats/stream.js";
import { deviation, runModel } from "../../support/run-model.js";

/** Sums of up to 64 products of numbers of size 1, in another order: √64 · 2⁻²⁴ per unit, times 10. */
const SAME = 5e-6;

type Dims = readonly (number | string)[];
type Emit = (b: Builder, inputs: readonly Value[]) => Value;

function modelOf(shapes: readonly Dims[], emit: Emit): Model {
  const graph = new Graph("test");
  const inputs = shapes.map((shape, i) => graph.addInput(`x${i}`, { dtype: "float32", shape }));
  const y = emit(new Builder(graph, "test"), inputs);
  graph.rename(y, "y");
  y.type = { dtype: "float32", shape: shapes[0]!.map((_, i) => `y${i}`) };
  graph.outputs.push(y);
  const model = modelAround(graph, { "": 17 });
  declareContribOperators(model);
  return model;
}

/** Random numbers; every named size is 5. */
function feedsFor(shapes: readonly Dims[]): Feeds {
  const random = stream(0, "feeds");
  return Object.fromEntries(
    shapes.map((shape, i) => {
      const dims = shape.map((dim) => (typeof dim === "number" ? dim : 5));
      const count = dims.reduce((all, n) => all * n, 1);
      const data = Float32Array.from({ length: count }, () => random.next() - 0.5);
      return [`x${i}`, tensor("float32", dims, data)];
    }),
  );
}

const transpose =
  (...perm: readonly number[]): Emit =>
  (b, [x]) =>
    b.op("Transpose", [x!], { perm: perm.map(BigInt) });
const product: Emit = (b, [a, c]) => b.op("MatMul", [a!, c!]);
const fused: Emit = (b, [a, c]) =>
  b.op("FusedMatMul", [a!, c!], { transB: 1n, alpha: 0.25 }, { domain: "com.microsoft" });

const operators = ({ graph }: Model): string[] => graph.nodes.map(({ opType }) => opType).sort();

/** Left operand, then right operand `[…, terms, columns]`, or `[…, columns, terms]` where it is turned. */
const ONE_COLUMN: readonly Dims[] = [
  ["n", 3, 4, 8],
  ["n", 1, 8, 1],
];
const ONE_TERM: readonly Dims[] = [
  ["n", 3, 4, 1],
  ["n", 1, 1, 8],
];
const ONE_COLUMN_TURNED: readonly Dims[] = [
  ["n", 3, 4, 8],
  ["n", 1, 1, 8],
];
const ONE_TERM_TURNED: readonly Dims[] = [
  ["n", 3, 4, 1],
  ["n", 1, 8, 1],
];

describe("unit axes", () => {
  it.each<[string, readonly Dims[], Emit, readonly string[]]>([
    ["a transposition of one token", [["n", 1, 3, 4]], transpose(0, 2, 1, 3), ["Reshape"]],
    ["one that moves a size not known", [[1, "n", 4]], transpose(1, 0, 2), ["Reshape"]],
    ["a product with one column", ONE_COLUMN, product, ["Mul", "ReduceSum", "Reshape"]],
    ["a product over one term", ONE_TERM, product, ["Mul"]],
    ["a turned product with one column", ONE_COLUMN_TURNED, fused, ["Mul", "Mul", "ReduceSum"]],
    ["a turned product over one term", ONE_TERM_TURNED, fused, ["Mul", "Mul", "Reshape"]],
  ])("give %s the same numbers, in other operators", async (_, shapes, emit, expected) => {
    const model = modelOf(shapes, emit);
    const { model: rewritten } = copyModel(model);
    applyPasses(rewritten, [unitAxes]);
    rewritten.graph.prune();
    expect(operators(rewritten)).toEqual(expected);
    const feeds = feedsFor(shapes);
    const [before, after] = [await runModel(model, feeds), await runModel(rewritten, feeds)];
    expect(after["y"]!.dims).toEqual(before["y"]!.dims);
    const { worst } = deviation(float32Data(after, "y"), float32Data(before, "y"));
    expect(worst).toBeLessThan(SAME);
  });

  it.each<[string, readonly Dims[], Emit]>([
    ["a transposition of axes that are not 1", [["n", 2, 3, 4]], transpose(0, 2, 1, 3)],
    ["two sizes that are not known and move", [[1, "n", "m"]], transpose(1, 2, 0)],
    [
      "a product of several columns and terms",
      [
        ["n", 3, 4, 8],
        ["n", 1, 8, 2],
      ],
      product,
    ],
    [
      "a product with a weight",
      [
        ["n", 8],
        [8, 1],
      ],
      product,
    ],
    [
      "columns of unknown number",
      [
        ["n", 3, 4, 8],
        ["n", 1, 8, "m"],
      ],
      product,
    ],
  ])("leave %s alone", (_, shapes, emit) => {
    const model = modelOf(shapes, emit);
    expect(applyPasses(model, [unitAxes])[0]!.changes).toBe(0);
  });

  it("change nothing more the second time", () => {
    const model = modelOf(ONE_COLUMN, product);
    applyPasses(model, [unitAxes]);
    expect(applyPasses(model, [unitAxes])[0]!.changes).toBe(0);
  });
});
