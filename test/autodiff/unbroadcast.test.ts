import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type Dim, type Model, type Value } from "../../src/onnx/graph.js";
import { tensor } from "../../src/runtime/tensor.js";
import { runModel } from "../support/run-model.js";
import { modelOf } from "../support/tiny-models.js";

/** A shape of rank up to 4, and a shape of x that broadcasts to it: some sizes 1, some leading axes missing. */
const shapes = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.boolean()), { maxLength: 4 })
  .chain((axes) =>
    fc.integer({ min: 0, max: axes.length }).map((missing) => ({
      whole: axes.map(([size]) => size),
      part: axes.slice(missing).map(([size, isOne]) => (isOne ? 1 : size)),
    })),
  );

type Naming = (dim: number, axis: number) => Dim;

/** What the graph may know: every size, only which axes are 1, names that say nothing, or no shape at all. */
const NAMINGS: Readonly<Record<string, Naming | undefined>> = {
  "all sizes are known": (dim) => dim,
  "only the sizes 1 are known": (dim, axis) => (dim === 1 ? 1 : `n${axis}`),
  "only the ranks are known": () => null,
  "nothing is known": undefined,
};

interface Copies {
  readonly model: Model;
  readonly gradient: Value;
}

/** The gradient of Σ(x + zeros): how often each element of x was copied. */
function countCopies(
  whole: readonly number[],
  part: readonly number[],
  name: Naming | undefined,
): Copies {
  const graph = new Graph("copies");
  const b = new Builder(graph, "test");
  const input = (label: string, dims: readonly number[]): Value => {
    // axes are counted from the end, so that equal names stand for equal sizes
    const shape = dims.map((dim, i) => name?.(dim, dims.length - i) ?? null);
    return graph.addInput(label, { dtype: "float64", ...(name === undefined ? {} : { shape }) });
  };
  const x = input("x", part);
  const model = modelOf(graph);
  const gradient = differentiate(model, { loss: b.op("Add", [x, input("zeros", whole)]), wrt: x });
  const output = b.op("Identity", [gradient]);
  output.type = { dtype: "float64" };
  graph.outputs.push(output);
  return { model, gradient: output };
}

const count = (dims: readonly number[]): number => dims.reduce((n, size) => n * size, 1);
const zeros = (dims: readonly number[]): ReturnType<typeof tensor<"float64">> =>
  tensor("float64", dims, new Float64Array(count(dims)));

describe.each(Object.entries(NAMINGS))("unbroadcast, where %s", (_, name) => {
  it("sums to the shape of the input for any shapes that broadcast, sizes 0 and 1 included", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ whole, part }) => {
        const { model, gradient } = countCopies(whole, part, name);
        const outputs = await runModel(model, { x: zeros(part), zeros: zeros(whole) });
        const { dims, data } = outputs[gradient.name]!;
        expect(dims).toEqual(part);
        const copies = count(part) === 0 ? 0 : count(whole) / count(part);
        expect(Array.from(data, Number).every((each) => each === copies)).toBe(true);
      }),
      { numRuns: 40, seed: 1 },
    );
  });
});

it("sums over no axis when the graph is made with shapes that are known to be equal", () => {
  const { model } = countCopies([2, 3], [2, 3], (_, axis) => `n${axis}`);
  const ops = new Set(model.graph.nodes.map(({ opType }) => opType));
  expect(ops).not.toContain("ReduceSum");
});
