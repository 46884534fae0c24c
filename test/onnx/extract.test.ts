import { describe, expect, it } from "vitest";
import { ModelFormatError } from "../../src/errors.js";
import { extract } from "../../src/onnx/extract.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type Attribute, type Value } from "../../src/onnx/graph.js";
import { boolTensor, float32Tensor } from "../../src/onnx/tensor.js";
import { tensor, type RuntimeTensor } from "../../src/runtime/tensor.js";
import { deviation, runModel } from "../support/run-model.js";
import { TINY, tinyDecoder } from "../support/tiny-decoder.js";
import { modelOf } from "../support/tiny-models.js";

const IDS: RuntimeTensor = tensor("int64", [1, 4], BigInt64Array.from([3n, 1n, 4n, 1n]));

describe("extract", () => {
  it("cuts so that prefix followed by suffix is the whole model, at every float value between", async () => {
    const model = tinyDecoder();
    const [logits] = model.graph.outputs;
    const whole = (await runModel(model, { input_ids: IDS }))["logits"]!;
    const states = model.graph.nodes.filter((node) => node.opType === "Add").map((n) => n.output());
    for (const state of states) {
      state.type = { dtype: "float32", shape: ["batch", "token", TINY.dModel] };
      const prefix = extract(model, { inputs: [], outputs: [state] });
      const cut = { value: state, name: "state", type: state.type };
      const suffix = extract(model, { inputs: [cut], outputs: [logits!] });
      const made = await runModel(prefix.model, { input_ids: IDS });
      const feeds = { state: made[state.name]!, input_ids: IDS };
      const needed = Object.entries(feeds).filter(([name]) =>
        suffix.model.graph.inputs.some((input) => input.name === name),
      );
      const { logits: rest } = await runModel(suffix.model, Object.fromEntries(needed));
      // the same nodes in the same order on the same numbers
      expect(deviation(rest!.data as Float32Array, whole.data as Float32Array).worst).toBe(0);
    }
    expect(states.length).toBeGreaterThan(3);
  });

  it("leaves the source as it was and shares its weights", () => {
    const model = tinyDecoder();
    const before = model.graph.nodes.length;
    const { model: copy, map } = extract(model, { inputs: [], outputs: model.graph.outputs });
    expect(copy.graph.nodes).toHaveLength(before);
    expect(model.graph.nodes).toHaveLength(before);
    const weight = model.graph.find("head")!;
    expect(map.get(weight)?.initializer).toBe(weight.initializer);
  });

  it("drops what the outputs do not need, and keeps the names of inputs", () => {
    const model = tinyDecoder();
    const last = model.graph.outputs[0]!.producer!;
    const state = last.input(0);
    const { model: tail } = extract(model, {
      inputs: [{ value: state, name: "state", type: { dtype: "float32" } }],
      outputs: model.graph.outputs,
    });
    expect(tail.graph.nodes.map(({ opType }) => opType)).toEqual(["MatMul"]);
    expect(tail.graph.inputs.map(({ name }) => name)).toEqual(["state"]);
    expect(tail.graph.outputs.map(({ name }) => name)).toEqual(["logits"]);
  });

  it("names every cut that no output depends on and every value that nothing provides", () => {
    const model = tinyDecoder();
    const idle = new Builder(model.graph, "idle").op("Neg", [model.graph.find("head")!]);
    const foreign = new Graph("other").addInput("elsewhere");
    const act = (): unknown =>
      extract(model, {
        inputs: [{ value: idle, name: "idle", type: { dtype: "float32" } }],
        outputs: [...model.graph.outputs, foreign],
      });
    expect(act).toThrow(ModelFormatError);
    expect(act).toThrow(
      expect.objectContaining({
        found: `no output depends on "${idle.name}"; nothing provides "elsewhere"`,
      }),
    );
  });

  it("follows values that subgraphs capture", async () => {
    const graph = new Graph("outer");
    const x = graph.addInput("x", { dtype: "float32", shape: [2] });
    const b = new Builder(graph, "outer");
    const state = b.op("Add", [x, x]);
    const scale = graph.addInitializer("scale", float32Tensor([3, 5], [2]));
    const branch = (name: string, opType: string): Graph => {
      const inner = new Graph(name, graph);
      const y: Value = new Builder(inner, name).op(opType, [state, scale]);
      y.type = { dtype: "float32" };
      inner.outputs.push(y);
      return inner;
    };
    const chooses = graph.addInitializer("chooses", boolTensor([true], []));
    const made = graph.addNode({
      opType: "If",
      inputs: [chooses],
      outputs: ["y"],
      attributes: new Map<string, Attribute>([
        ["then_branch", { kind: "graph", value: branch("then", "Mul") }],
        ["else_branch", { kind: "graph", value: branch("else", "Sub") }],
      ]),
    });
    made.output().type = { dtype: "float32" };
    graph.outputs.push(made.output());
    const { model } = extract(modelOf(graph), {
      inputs: [{ value: state, name: "state", type: { dtype: "float32", shape: [2] } }],
      outputs: graph.outputs,
    });
    expect(model.graph.inputs.map(({ name }) => name)).toEqual(["state"]);
    const fed = { state: tensor("float32", [2], Float32Array.from([2, 7])) };
    const { y } = await runModel(model, fed);
    expect(Array.from(y!.data, Number)).toEqual([6, 35]);
  });
});
