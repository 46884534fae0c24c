/** @file Kinds of model that are refused, each with its own reason. */
import { describe, expect, it } from "vitest";
import { INPUT_KINDS, OPERATOR_KINDS } from "../../src/models/kind-of-model.js";
import { Builder } from "../../src/onnx/builder.js";
import type { AttributeValue, Model } from "../../src/onnx/graph.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { locateModel, refusal } from "../support/located.js";
import { TINY, tinyDecoder } from "../support/tiny-decoder.js";

/** The tiny decoder with an operator of this type inside the mlp of block 0. */
function withOperator(
  opType: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Model {
  const model = tinyDecoder();
  insertAfter(model, "Relu", { opType, attributes });
  return model;
}

/** Puts an operator between the first node of type `before` and all that use it. */
function insertAfter(
  { graph }: Model,
  before: string,
  {
    opType,
    attributes = {},
  }: { opType: string; attributes?: Readonly<Record<string, AttributeValue>> },
): void {
  const value = graph.nodes.find((node) => node.opType === before)!.output();
  const users = [...value.uses];
  const made = new Builder(graph, "extra").op(opType, [value], attributes);
  for (const { node, index } of users) node.replaceInput(index, made);
}

/** Examples of each kind: what a person must be able to read out of the error, and what to do instead. */
const OPERATORS: readonly [string, string, RegExp, RegExp][] = [
  ["TopK", "MIXTURE_OF_EXPERTS", /mixture of experts/, /audit a dense model/],
  ["QMoE", "MIXTURE_OF_EXPERTS", /mixture of experts/, /audit a dense model/],
  [
    "DynamicQuantizeLinear",
    "DYNAMIC_QUANTISATION",
    /quantised at run time/,
    /weight-only quantised/,
  ],
  ["MatMulInteger", "DYNAMIC_QUANTISATION", /dynamic int8/, /weight-only quantised/],
  ["LinearAttention", "LINEAR_ATTENTION", /linear attention/, /audit a transformer/],
  ["Scan", "LINEAR_ATTENTION", /Mamba/, /audit a transformer/],
  ["Loop", "LINEAR_ATTENTION", /RWKV/, /audit a transformer/],
  ["Conv", "LINEAR_ATTENTION", /convolution over tokens/, /audit a transformer/],
  ["PagedAttention", "PAGED_ATTENTION", /paged/, /without use_paged_attention/],
  ["DecoderMaskedMultiHeadAttention", "DECODING_STEP", /one new token/, /reads whole prompts/],
  ["If", "CONTROL_FLOW", /control flow/, /audit a model without them/],
];

describe("operators on the way from the embedding to the logits", () => {
  it.each(OPERATORS)("%s is refused as %s", (opType, code, words, advice) => {
    const error = refusal(() => locateModel(withOperator(opType)));
    expect(error).toMatchObject({ code, exitCode: 3, found: `1 × ${opType}` });
    expect(error.message).toMatch(words);
    expect(error.where).toContain(opType);
    expect(error.hint).toMatch(advice);
  });

  it("MatMulNBits is refused where its weights are prepacked, and only there", () => {
    const error = refusal(() => locateModel(withOperator("MatMulNBits", { weight_prepacked: 1n })));
    expect(error.code).toBe("PREPACKED_WEIGHTS");
    expect(error.hint).toContain("matmulnbits_weights_prepacked");
    expect(locateModel(withOperator("MatMulNBits", { weight_prepacked: 0n })).sites.length).toBe(3);
  });

  it("the most telling kind is named when several are there", () => {
    const model = withOperator("Loop");
    insertAfter(model, "Loop", { opType: "TopK" });
    expect(refusal(() => locateModel(model)).code).toBe("MIXTURE_OF_EXPERTS");
  });

  it("the same operators beside the way are nobody's business", () => {
    const model = tinyDecoder();
    const { graph } = model;
    const [ids] = graph.inputs;
    const beside = new Builder(graph, "beside").op("TopK", [ids!]);
    graph.outputs.push(beside);
    expect(locateModel(model).sites.length).toBe(3);
  });
});

describe("inputs of other kinds of model", () => {
  it.each([
    ["encoder_hidden_states", "ENCODER_DECODER", /encoder–decoder/, /decoder-only/],
    ["token_type_ids", "ENCODER", /bidirectional encoder/, /causal decoder/],
    ["pixel_values", "MULTIMODAL", /images or sound/, /language model alone/],
  ])("%s is refused as %s", (name, code, words, advice) => {
    const model = tinyDecoder();
    model.graph.addInput(name, { dtype: "float32", shape: ["batch", "token", 6] });
    const error = refusal(() => locateModel(model));
    expect(error).toMatchObject({ code, exitCode: 3 });
    expect(error.message).toMatch(words);
    expect(error.found).toContain(name);
    expect(error.hint).toMatch(advice);
  });
});

describe("files without what is asked for", () => {
  it("hidden states in place of logits are refused: no product behind the last block", () => {
    const model = tinyDecoder();
    const { graph } = model;
    const head = graph.outputs[0]!.producer!;
    graph.outputs.splice(0, 1, head.input(0));
    head.input(0).type = { dtype: "float32", shape: ["batch", "token", TINY.dModel] };
    const error = refusal(() => locateModel(model));
    expect(error.code).toBe("NO_LOGITS");
    expect(error.hint).toContain("exclude_lm_head");
  });

  it("values of the first block that later blocks mix in are refused as a path across layers", () => {
    const model = tinyDecoder({ layers: 3 });
    const { graph } = model;
    const b = new Builder(graph, "value-residual");
    // what each attention mixes: the second input of the product behind the Softmax
    const mixes = graph.nodes.filter((node) => node.inputs[0]?.producer?.opType === "Softmax");
    const first = mixes[0]!.input(1);
    for (const node of mixes.slice(1)) node.replaceInput(1, b.op("Add", [node.input(1), first]));
    const error = refusal(() => locateModel(model));
    expect(error.code).toBe("CROSS_LAYER");
    expect(error.message).toContain("a path across layers");
    expect(error.found).toMatch(/^[23] attentions in a row/);
  });

  it("a weight shared between layers is no path across layers", () => {
    const model = tinyDecoder({ layers: 3 });
    const { graph } = model;
    const shared = graph.addInitializer("shared", float32Tensor(new Array(36).fill(0.1), [6, 6]));
    for (const name of ["h.1.a.v", "h.2.a.v"]) graph.replaceAllUses(graph.find(name)!, shared);
    expect(locateModel(model).sites.length).toBe(4);
  });
});

describe("the tables", () => {
  it("have one reason for each operator and input", () => {
    const operators = OPERATOR_KINDS.filter(({ when }) => when === undefined).flatMap(
      (kind) => kind.operators,
    );
    expect(new Set(operators).size).toBe(operators.length);
    const codes = [...OPERATOR_KINDS, ...INPUT_KINDS].map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
