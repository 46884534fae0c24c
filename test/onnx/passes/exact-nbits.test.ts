import { expect, it } from "vitest";
import { Graph, type Model, type Node } from "../../../src/onnx/graph.js";
import { exactNBits } from "../../../src/onnx/passes/exact-nbits.js";
import { applyPasses } from "../../../src/onnx/passes/pass.js";
import { int64Tensor } from "../../../src/onnx/tensor.js";
import { tensor } from "../../../src/runtime/tensor.js";
import { addPackedProduct, drawPacked, type PackedForm } from "../../support/packed-weight.js";
import { runModel } from "../../support/run-model.js";
import { modelOf } from "../../support/tiny-models.js";

const FORM: PackedForm = {
  bits: 4,
  blockSize: 32,
  n: 16,
  k: 64,
  zeroPoints: "packed",
  isFlat: false,
  hasBias: false,
  seed: 2,
};

function build(edit: (node: Node) => void = () => undefined, form = FORM): Model {
  const graph = new Graph("packed");
  const x = graph.addInput("x", { dtype: "float32", shape: ["row", form.k] });
  const node = addPackedProduct(graph, x, { form, operands: drawPacked(form) });
  edit(node);
  const y = node.output();
  graph.rename(y, "y");
  y.type = { dtype: "float32", shape: ["row", form.n] };
  graph.outputs.push(y);
  return modelOf(graph);
}

const level =
  (value: bigint) =>
  (node: Node): void =>
    void node.attributes.set("accuracy_level", { kind: "int", value });

async function run(model: Model): Promise<number[]> {
  const data = Float32Array.from({ length: FORM.k }, (_, i) => Math.sin(i));
  const outputs = await runModel(model, { x: tensor("float32", [1, FORM.k], data) });
  return Array.from(outputs["y"]!.data, Number);
}

it.each([2n, 3n, 4n])("level %s, which rounds the data, becomes float32", (value) => {
  const model = build(level(value));
  expect(applyPasses(model, [exactNBits])[0]).toMatchObject({ changes: 1 });
  expect(model.graph.nodes[0]!.int("accuracy_level")).toBe(1);
  expect(applyPasses(model, [exactNBits])[0]).toMatchObject({ changes: 0 });
});

it.each([0n, 1n])("level %s is exact and stays", (value) => {
  const model = build(level(value));
  expect(applyPasses(model, [exactNBits])[0]).toMatchObject({ changes: 0 });
  expect(model.graph.nodes[0]!.int("accuracy_level")).toBe(Number(value));
});

it("level 4 then computes exactly what level 1 computes", async () => {
  const model = build(level(4n));
  applyPasses(model, [exactNBits]);
  expect(await run(model)).toEqual(await run(build()));
});

it("forms that cannot be read are refused by name, all at once", () => {
  const model = build((node) => {
    node.attributes.set("weight_prepacked", { kind: "int", value: 1n });
    const order = node.graph.addInitializer("order", int64Tensor([0, 1]));
    node.replaceInput(3, order);
  });
  const { graph } = model;
  const old = graph.nodes[0]!;
  graph.addNode({
    opType: "MatMulNBits",
    domain: "com.microsoft",
    name: "second",
    inputs: [...old.inputs.slice(0, 3), null, graph.find("order")!],
    attributes: old.attributes,
  });
  expect(() => applyPasses(model, [exactNBits])).toThrow(
    expect.objectContaining({
      code: "PACKED_WEIGHTS",
      exitCode: 3,
      found:
        "group indices (g_idx): an order of columns that the runtime no longer documents (1 nodes); " +
        "weight_prepacked: bytes in the layout of one kind of device (2 nodes)",
    }),
  );
});

it("8 bits with zero points in floating point are refused: the runtime has no kernel", () => {
  const form: PackedForm = { ...FORM, bits: 8, zeroPoints: "float" };
  expect(() => applyPasses(build(undefined, form), [exactNBits])).toThrow(
    expect.objectContaining({ code: "PACKED_WEIGHTS" }),
  );
});

it.each<Pick<PackedForm, "bits" | "zeroPoints">>([
  { bits: 8, zeroPoints: "packed" },
  { bits: 4, zeroPoints: "float" },
])("$bits bits with zero points that are $zeroPoints stay as they are", (form) => {
  const model = build(undefined, { ...FORM, ...form });
  expect(applyPasses(model, [exactNBits])[0]).toMatchObject({ changes: 0 });
});
