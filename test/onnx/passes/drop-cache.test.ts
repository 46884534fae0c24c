import { describe, expect, it } from "vitest";
import { Builder } from "../../../src/onnx/builder.js";
import { Graph, type AttributeValue, type Model, type Value } from "../../../src/onnx/graph.js";
import { dropCache } from "../../../src/onnx/passes/drop-cache.js";
import { applyPasses } from "../../../src/onnx/passes/pass.js";
import { tensor, type Feeds, type RuntimeTensor } from "../../../src/runtime/tensor.js";
import { noise } from "../../support/fused-case.js";
import { deviation, runModel } from "../../support/run-model.js";
import { modelOf } from "../../support/tiny-models.js";
import { AGREES } from "./decompose/bounds.js";

const [BATCH, TOKEN, HEADS, D_HEAD] = [2, 4, 2, 16];
const WIDTH = HEADS * D_HEAD;

interface Form {
  readonly title: string;
  readonly op: string;
  readonly domain: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Inputs before the past, by name. */
  readonly inputs: readonly (string | null)[];
  readonly past: readonly string[];
  readonly after: readonly string[];
  readonly packed?: boolean;
}

const FORMS: readonly Form[] = [
  {
    ...{ title: "GroupQueryAttention", op: "GroupQueryAttention", domain: "com.microsoft" },
    opset: 20,
    attributes: { num_heads: 2n, kv_num_heads: 2n },
    ...{ inputs: ["q", "k", "v"], past: ["past_k", "past_v"], after: ["last", "total"] },
  },
  {
    ...{ title: "MultiHeadAttention", op: "MultiHeadAttention", domain: "com.microsoft" },
    opset: 20,
    attributes: { num_heads: 2n, unidirectional: 1n },
    ...{ inputs: ["q", "k", "v", null, null, null], past: ["past_k", "past_v"], after: [] },
  },
  {
    ...{ title: "com.microsoft Attention", op: "Attention", domain: "com.microsoft" },
    opset: 20,
    attributes: { num_heads: 2n, unidirectional: 1n },
    ...{ inputs: ["q", "w", "bias", null], past: ["past_kv"], after: [], packed: true },
  },
  {
    ...{ title: "ai.onnx Attention", op: "Attention", domain: "", opset: 23 },
    attributes: { q_num_heads: 2n, kv_num_heads: 2n, is_causal: 1n },
    ...{ inputs: ["q", "k", "v", null], past: ["past_k", "past_v"], after: [] },
  },
];

const TYPES: Readonly<
  Record<string, readonly ["float32" | "int32" | "int64", readonly (string | number)[]]>
> = {
  q: ["float32", ["batch", "token", WIDTH]],
  k: ["float32", ["batch", "token", WIDTH]],
  v: ["float32", ["batch", "token", WIDTH]],
  w: ["float32", [WIDTH, 3 * WIDTH]],
  bias: ["float32", [3 * WIDTH]],
  last: ["int32", ["batch"]],
  total: ["int32", []],
  past_k: ["float32", ["batch", HEADS, "past", D_HEAD]],
  past_v: ["float32", ["batch", HEADS, "past", D_HEAD]],
  ids: ["int64", ["batch", "token"]],
  past_kv: ["float32", [2, "batch", HEADS, "past", D_HEAD]],
};

function sizesOf(shape: readonly (string | number)[]): number[] {
  const named: Record<string, number> = { batch: BATCH, token: TOKEN, past: 0 };
  return shape.map((dim) => (typeof dim === "number" ? dim : named[dim]!));
}

function feedsOf({ graph }: Model): Feeds {
  return Object.fromEntries(
    graph.inputs.map(({ name }): [string, RuntimeTensor] => {
      const [dtype, shape] = TYPES[name]!;
      if (dtype === "int64")
        return [name, tensor("int64", sizesOf(shape), new BigInt64Array(BATCH * TOKEN))];
      const dims = sizesOf(shape);
      if (dtype === "int32")
        return [name, tensor("int32", dims, Int32Array.from(name === "last" ? [3, 3] : [TOKEN]))];
      return [name, tensor("float32", dims, Float32Array.from(noise(name, dims)))];
    }),
  );
}

/** The operator with its past as inputs and its present as outputs; `use` may read inputs as well. */
function cached(form: Form, use?: (b: Builder, past: Value, y: Value) => Value): Model {
  const graph = new Graph("cached");
  const b = new Builder(graph, "cached");
  const input = (name: string | null): Value | null => {
    if (name === null) return null;
    const [dtype, shape] = TYPES[name]!;
    return graph.addInput(name, { dtype, shape });
  };
  const past = form.past.map(input);
  const inputs = [...form.inputs.map(input), ...past, ...form.after.map(input)];
  const outputs = 1 + form.past.length;
  const { domain, attributes } = form;
  const node = b.node(form.op, inputs, attributes, { domain, outputs });
  const y = use?.(b, past[0]!, node.output()) ?? node.output();
  graph.rename(y, "y");
  graph.outputs.push(y, ...node.outputs.slice(1));
  for (const output of graph.outputs) output.type = { dtype: "float32" };
  return { ...modelOf(graph, form.opset), irVersion: 10 };
}

/** With a past, even an empty one, the kernels add in another order. */
function expectSame(found: RuntimeTensor, expected: RuntimeTensor): void {
  const [a, b] = [found.data as Float32Array, expected.data as Float32Array];
  const { worst, largest } = deviation(a, b);
  expect(worst).toBeLessThanOrEqual(AGREES * Math.max(1, largest));
}

describe.each(FORMS)("drop-cache: $title", (form) => {
  it("gives what an empty past gives, without past inputs and present outputs", async () => {
    const before = cached(form);
    const expected = await runModel(before, feedsOf(before));
    const model = cached(form);
    expect(applyPasses(model, [dropCache])).toEqual([{ pass: "drop-cache", changes: 1 }]);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(["y"]);
    const names = model.graph.inputs.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("past"))).toEqual([]);
    const found = await runModel(model, feedsOf(model));
    expectSame(found["y"]!, expected["y"]!);
    expect(applyPasses(model, [dropCache])[0]!.changes).toBe(0);
  });

  it("answers questions for the size of the past with what is known of it", async () => {
    const lengthAxis = form.packed === true ? 3 : 2;
    const scaled = (b: Builder, past: Value, y: Value): Value => {
      const size = (axis: number): Value =>
        b.cast(b.op("Gather", [b.op("Shape", [past]), b.ints(axis)]), "float32");
      // 1 + length + batch + heads
      const sum = [lengthAxis, lengthAxis - 2, lengthAxis - 1].map(size);
      return b.op("Mul", [y, sum.reduce((all, each) => b.op("Add", [all, each]), b.float(1))]);
    };
    const before = cached(form, scaled);
    const expected = await runModel(before, feedsOf(before));
    const model = cached(form, scaled);
    // an input of integers carries the name of the batch
    model.graph.addInput("ids", { dtype: "int64", shape: ["batch", "token"] });
    applyPasses(model, [dropCache]);
    expect(model.graph.inputs.some(({ name }) => name.startsWith("past"))).toBe(false);
    const found = await runModel(model, feedsOf(model));
    expectSame(found["y"]!, expected["y"]!);
  });

  it("keeps a past that the graph computes", () => {
    const model = cached(form);
    const node = model.graph.nodes[0]!;
    const at = node.inputs.findIndex((value) => value?.name === form.past[0]);
    const b = new Builder(model.graph, "prefix");
    node.replaceInput(at, b.op("Mul", [node.input(at), b.float(2)]));
    expect(applyPasses(model, [dropCache])[0]!.changes).toBe(0);
  });
});

describe("drop-cache", () => {
  it("takes away the demand for a past of one window, and keeps the window", async () => {
    const [form] = FORMS as [Form];
    const attributes = { ...form.attributes, local_window_size: 2n };
    const windowed = { ...form, attributes: { ...attributes, sliding_window_cache: 1n } };
    const model = cached(windowed);
    await expect(runModel(cached(windowed), feedsOf(model))).rejects.toThrow(/runtime/);
    applyPasses(model, [dropCache]);
    const [node] = model.graph.nodes;
    expect(node!.attributes.has("sliding_window_cache")).toBe(false);
    const found = await runModel(model, feedsOf(model));
    const plain = cached({ ...form, attributes });
    const expected = await runModel(plain, feedsOf(plain));
    expectSame(found["y"]!, expected["y"]!);
  });

  it("drops a past that several nodes read through one Cast", () => {
    const graph = new Graph("shared");
    const b = new Builder(graph, "shared");
    const x = graph.addInput("x", { dtype: "float32", shape: ["batch", "token", WIDTH] });
    const past = graph.addInput("past", {
      dtype: "bfloat16",
      shape: ["batch", HEADS, "past", D_HEAD],
    });
    const cast = b.cast(past, "float32");
    const inputs = [x, x, x, cast, cast];
    const attend = (): Value =>
      b.op(
        "GroupQueryAttention",
        inputs,
        { num_heads: 2n, kv_num_heads: 2n },
        { domain: "com.microsoft" },
      );
    graph.outputs.push(attend(), attend());
    expect(applyPasses(modelOf(graph), [dropCache])[0]!.changes).toBe(2);
    expect(graph.inputs).toEqual([x]);
    expect(graph.nodes.map(({ opType }) => opType)).toEqual([
      ...["GroupQueryAttention", "GroupQueryAttention"],
    ]);
  });

  it("keeps a present that inner nodes read", async () => {
    const [form] = FORMS as [Form];
    const model = cached(form);
    const { graph } = model;
    const node = graph.nodes[0]!;
    const b = new Builder(graph, "reader");
    const sum = b.op("ReduceSum", [node.output(1)]);
    sum.type = { dtype: "float32" };
    graph.outputs.push(sum);
    const expected = await runModel(model, feedsOf(model));
    applyPasses(model, [dropCache]);
    expect(graph.outputs.map(({ name }) => name)).toEqual(["y", sum.name]);
    const found = await runModel(model, feedsOf(model));
    expectSame(found[sum.name]!, expected[sum.name]!);
  });
});
