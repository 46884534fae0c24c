import { describe, expect, it } from "vitest";
import { readModelFile } from "../../src/models/load.js";
import { locateDecoder } from "../../src/models/decoder.js";
import type { Graph, Value } from "../../src/onnx/graph.js";
import { exportFixture, locateModel, refusal } from "../support/located.js";
import { renameAll } from "../support/scramble.js";
import { tinyDecoder } from "../support/tiny-decoder.js";

/** Position of each site among all values, which renaming does not move. */
function places(graph: Graph, sites: readonly Value[]): number[] {
  const values = graph.topologicalOrder().flatMap((node) => node.outputs);
  return sites.map((site) => values.indexOf(site));
}

const FIXTURES = ["gpt2/optimum-nopast/model.onnx", "llama/optimum-past/model.onnx"];

describe("the residual stream of real exports", () => {
  it.each(FIXTURES)("%s has three blocks, each ending in an Add", (path) => {
    const located = locateDecoder(readModelFile(exportFixture(path)));
    expect(located.sites.length).toBe(4);
    expect(located.sites.slice(1).map((site) => site.producer?.opType)).toEqual([
      "Add",
      "Add",
      "Add",
    ]);
  });

  it.each(FIXTURES)("%s: names do not matter", (path) => {
    const plain = readModelFile(exportFixture(path));
    const expected = places(plain.model.graph, locateDecoder(plain).sites);
    for (const seed of [1, 2, 3]) {
      const renamed = readModelFile(exportFixture(path));
      renameAll(renamed.model, seed);
      expect(places(renamed.model.graph, locateDecoder(renamed).sites)).toEqual(expected);
    }
  });
});

describe("block forms", () => {
  it.each([1, 2, 5])("finds %i sequential blocks", (layers) => {
    const { sites } = locateModel(tinyDecoder({ layers }));
    expect(sites.length).toBe(layers + 1);
  });

  it("starts at the embedding", () => {
    expect(locateModel(tinyDecoder()).sites[0]!.producer!.opType).toBe("Gather");
  });

  it("reads a block with attention and mlp side by side as one", () => {
    expect(locateModel(tinyDecoder({ form: "parallel", layers: 3 })).sites.length).toBe(4);
  });

  it("ends post-norm blocks after the norm, the last one too", () => {
    const { sites, findings } = locateModel(tinyDecoder({ form: "post-norm", layers: 3 }));
    expect(sites.slice(1).map((site) => site.producer!.opType)).toEqual(
      Array(3).fill("LayerNormalization"),
    );
    expect(findings.map(({ text }) => text).join()).toContain("post-norm");
  });

  it("takes the state in [batch, token, dModel] where blocks add flattened tokens", () => {
    const { sites, findings } = locateModel(tinyDecoder({ flattened: true, layers: 3 }));
    expect(sites.slice(1).map((site) => site.producer!.opType)).toEqual(Array(3).fill("Reshape"));
    expect(findings.every(({ supports }) => supports)).toBe(true);
  });

  it("does not take a router's Softmax for attention", () => {
    expect(locateModel(tinyDecoder({ router: true })).sites.length).toBe(3);
  });

  it("counts a bias that is added after the branch has rejoined to the block", () => {
    const { sites } = locateModel(tinyDecoder({ lateBias: true, layers: 3 }));
    for (const site of sites.slice(1))
      expect(site.producer!.inputs.some((value) => value!.initializer?.dims.length === 1)).toBe(
        true,
      );
  });
});

describe("near misses", () => {
  it("a block without mlp is refused, with how far it got and what was wanted", () => {
    const error = refusal(() => locateModel(tinyDecoder({ layers: 4, withoutMlp: 2 })));
    expect(error.message).toBe("the residual stream breaks off after 2 blocks");
    expect(error.expected).toContain("an mlp region (two or more MatMuls by weights) as branch 6");
    expect(error.found).toContain("an attention region; all branches: attention, mlp");
    expect(error.where).toMatch(/^between ".*" and ".*", node ".*" \(MatMul\)$/);
  });

  it("a last block without mlp is refused at the logits", () => {
    const error = refusal(() => locateModel(tinyDecoder({ layers: 3, withoutMlp: 2 })));
    expect(error.found).toContain("the logits");
    expect(error.where).toBe("the last block");
  });

  it("a path around whole blocks is refused", () => {
    const error = refusal(() => locateModel(tinyDecoder({ layers: 4, skipAcross: true })));
    expect(error.code).toBe("CROSS_LAYER");
    expect(error.hint).toContain("skips over whole blocks");
  });

  it("a TopK on the way is refused as a mixture of experts, by name and count", () => {
    const error = refusal(() => locateModel(tinyDecoder({ topK: true })));
    expect(error.code).toBe("MIXTURE_OF_EXPERTS");
    expect(error.found).toBe("1 × TopK");
  });

  it("a model without attention is refused", () => {
    const model = tinyDecoder({ layers: 1 });
    const { graph } = model;
    // the head on the embedding alone
    const embedding = graph.nodes.find((node) => node.opType === "Gather")!.output();
    graph.find("logits")!.producer!.replaceInput(0, embedding);
    expect(refusal(() => locateModel(model)).code).toBe("NO_ATTENTION");
  });

  it("a model without logits is refused, listing its outputs", () => {
    const model = tinyDecoder();
    const logits = model.graph.outputs.pop()!;
    logits.type = { dtype: "float32", shape: ["batch", 11] };
    model.graph.outputs.push(logits);
    const error = refusal(() => locateModel(model));
    expect(error.code).toBe("NO_LOGITS");
    expect(error.found).toBe('"logits" (float32 [batch, 11])');
  });

  it("a head on chosen positions only is refused", () => {
    const model = tinyDecoder();
    const { graph } = model;
    const head = graph.find("logits")!.producer!;
    const [index] = [graph.addInitializer("at", graphIndex())];
    const picked = graph.addNode({
      opType: "Gather",
      inputs: [head.input(0), index],
      attributes: { axis: 1n },
    });
    head.replaceInput(0, picked.output());
    expect(refusal(() => locateModel(model)).code).toBe("PRUNED_HEAD");
  });
});

function graphIndex(): {
  dtype: "int64";
  dims: number[];
  data: { kind: "inline"; bytes: Uint8Array };
} {
  return {
    dtype: "int64",
    dims: [1],
    data: { kind: "inline", bytes: new Uint8Array(8).fill(255) },
  };
}
