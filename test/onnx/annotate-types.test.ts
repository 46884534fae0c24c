import { describe, expect, it } from "vitest";
import { annotateTypes } from "../../src/onnx/annotate-types.js";
import { tinyDecoder } from "../support/tiny-decoder.js";

describe("annotateTypes", () => {
  it("names the dimensions of inner values after those of the inputs", () => {
    const { graph } = tinyDecoder();
    annotateTypes(graph);
    const gather = graph.nodes.find(({ opType }) => opType === "Gather")!.output();
    expect(gather.type).toEqual({ dtype: "float32", shape: ["batch", "token", 6] });
  });

  it("replaces a declared inner type that a cut has made stale", () => {
    const { graph } = tinyDecoder();
    const gather = graph.nodes.find(({ opType }) => opType === "Gather")!.output();
    gather.type = { dtype: "float32", shape: [7, 7, 6] };
    annotateTypes(graph);
    expect(gather.type.shape).toEqual(["batch", "token", 6]);
  });

  it("leaves inputs and outputs alone", () => {
    const { graph } = tinyDecoder();
    const before = [...graph.inputs, ...graph.outputs].map(({ type }) => type);
    annotateTypes(graph);
    expect([...graph.inputs, ...graph.outputs].map(({ type }) => type)).toEqual(before);
  });

  it("gives no name to a dimension about which nothing is known", () => {
    const { graph } = tinyDecoder();
    annotateTypes(graph);
    for (const node of graph.nodes)
      for (const { type } of node.outputs)
        for (const dim of type?.shape ?? []) expect(String(dim)).not.toMatch(/[?=]/);
  });
});
