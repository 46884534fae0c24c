/** @file A rotation is the same as one operator, at every shape; what only looks like one stays as it is. */
import { describe, expect, it } from "vitest";
import { Builder } from "../../../src/onnx/builder.js";
import { copyModel } from "../../../src/onnx/copy.js";
import { Graph, modelAround, type Model, type Value } from "../../../src/onnx/graph.js";
import { fuseRotation } from "../../../src/onnx/passes/fuse-rotation.js";
import { applyPasses } from "../../../src/onnx/passes/pass.js";
import { float32Data, tensor, type Feeds } from "../../../src/runtime/tensor.js";
import { stream } from "../../../src/stats/stream.js";
import { deviation, runModel } from "../../support/run-model.js";

/** Two products of numbers below 1/2 and their sum, in another order or fused: 2 · 2⁻²⁴, times 4. */
const SAME = 5e-7;

type Dims = readonly (number | string)[];
const SIZES: Readonly<Record<string, number>> = { rows: 5, tokens: 3 };

interface Parts {
  readonly a: Value;
  readonly b: Value;
  readonly cos: Value;
  readonly sin: Value;
}
type Halves = (g: Builder, parts: Parts) => readonly [Value, Value];

const times = (g: Builder, p: Value, q: Value): Value => g.op("Mul", [p, q]);
const rotation: Halves = (g, { a, b, cos, sin }) => [
  g.op("Sub", [times(g, a, cos), times(g, sin, b)]),
  g.op("Add", [times(g, b, cos), times(g, a, sin)]),
];
const turned: Halves = (g, { a, b, cos, sin }) => [
  g.op("Sub", [times(g, cos, a), times(g, b, sin)]),
  g.op("Add", [times(g, sin, a), times(g, cos, b)]),
];

/** Two rotations by the same angles, one of x and one of x rotated. */
function rotations(shapes: { readonly x: Dims; readonly angles: Dims }, halves: Halves): Model {
  const graph = new Graph("test");
  const g = new Builder(graph, "test");
  const input = (name: string, shape: Dims): Value =>
    graph.addInput(name, { dtype: "float32", shape });
  let y = input("x", shapes.x);
  const [cos, sin] = [input("cos", shapes.angles), input("sin", shapes.angles)];
  for (let i = 0; i < 2; i++) {
    const half = Number(shapes.x.at(-1)) / 2;
    const split = g.node("Split", [y, g.ints([half, half])], { axis: -1n }, { outputs: 2 });
    const [a, b] = [split.output(0), split.output(1)];
    y = g.op("Concat", halves(g, { a, b, cos, sin }), { axis: -1n });
  }
  graph.rename(y, "y");
  y.type = { dtype: "float32", shape: shapes.x };
  graph.outputs.push(y);
  return modelAround(graph, { "": 17 });
}

function feedsFor(model: Model): Feeds {
  const random = stream(0, "feeds");
  return Object.fromEntries(
    model.graph.inputs.map(({ name, type }) => {
      const dims = type!.shape!.map((dim) => (typeof dim === "number" ? dim : SIZES[dim!]!));
      const count = dims.reduce((all, n) => all * n, 1);
      const data = Float32Array.from({ length: count }, () => random.next() - 0.5);
      return [name, tensor("float32", dims, data)];
    }),
  );
}

const count = ({ graph }: Model, opType: string): number =>
  graph.nodes.filter((node) => node.opType === opType).length;

describe("rotations as one operator", () => {
  it.each<readonly [string, Dims, Dims, Halves]>([
    ["one axis of heads", ["rows", 4, "tokens", 6], ["rows", 1, "tokens", 3], rotation],
    ["other orders of factors", ["rows", 4, "tokens", 6], ["rows", 1, "tokens", 3], turned],
    ["grouped heads", ["rows", 2, 3, "tokens", 8], ["rows", 1, 1, "tokens", 4], rotation],
    ["one token", ["rows", 3, 1, 1, 8], ["rows", 1, 1, 1, 4], rotation],
  ])("gives the same numbers: %s", async (_, x, angles, halves) => {
    const model = rotations({ x, angles }, halves);
    const { model: fused } = copyModel(model);
    expect(applyPasses(fused, [fuseRotation])).toEqual([{ pass: "fuse rotation", changes: 2 }]);
    fused.graph.prune();
    expect([count(fused, "RotaryEmbedding"), count(fused, "Mul")]).toEqual([2, 0]);
    expect(count(fused, "Range")).toBe(1); // positions are counted once
    const feeds = feedsFor(model);
    const [expected, found] = [await runModel(model, feeds), await runModel(fused, feeds)];
    const { worst } = deviation(float32Data(found, "y"), float32Data(expected, "y"));
    expect(worst).toBeLessThan(SAME);
    expect(applyPasses(fused, [fuseRotation])[0]?.changes).toBe(0);
  });

  const heads: Dims = ["rows", 4, "tokens", 6];
  const angles: Dims = ["rows", 1, "tokens", 3];
  it.each<readonly [string, Dims, Dims, Halves]>([
    ["angles of their own for each head", heads, ["rows", 4, "tokens", 3], rotation],
    ["angles of one row for all", heads, [1, 1, "tokens", 3], rotation],
    ["heads of no known number", ["rows", "heads", "tokens", 6], angles, rotation],
    ["no heads", ["rows", "tokens", 6], ["rows", "tokens", 3], rotation],
    [
      "a sum where a rotation has a difference",
      heads,
      angles,
      (g, { a, b, cos, sin }) => [
        g.op("Add", [times(g, a, cos), times(g, b, sin)]),
        g.op("Add", [times(g, b, cos), times(g, a, sin)]),
      ],
    ],
    [
      "exchanged angles in the second half",
      heads,
      angles,
      (g, { a, b, cos, sin }) => [
        g.op("Sub", [times(g, a, cos), times(g, b, sin)]),
        g.op("Add", [times(g, b, sin), times(g, a, cos)]),
      ],
    ],
    [
      "one angle for both terms of the second half",
      heads,
      angles,
      (g, { a, b, cos, sin }) => [
        g.op("Sub", [times(g, a, cos), times(g, b, sin)]),
        g.op("Add", [times(g, b, cos), times(g, a, cos)]),
      ],
    ],
    [
      "one half in both terms of the second half",
      heads,
      angles,
      (g, { a, b, cos, sin }) => [
        g.op("Sub", [times(g, a, cos), times(g, b, sin)]),
        g.op("Add", [times(g, a, cos), times(g, a, sin)]),
      ],
    ],
    [
      "the halves taken in the other order",
      heads,
      angles,
      (g, { a, b, cos, sin }) => [
        g.op("Sub", [times(g, b, cos), times(g, a, sin)]),
        g.op("Add", [times(g, a, cos), times(g, b, sin)]),
      ],
    ],
  ])("leaves what is none: %s", (_, x, of, halves) => {
    const model = rotations({ x, angles: of }, halves);
    expect(applyPasses(model, [fuseRotation])[0]?.changes).toBe(0);
    expect(count(model, "RotaryEmbedding")).toBe(0);
  });
});
