import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvariantError, LocateError } from "../../src/errors.js";
import { checkTakesTokens, feedBatch } from "../../src/models/feed-batch.js";
import { readModelFile } from "../../src/models/load.js";
import { locateDecoder } from "../../src/models/decoder.js";
import type { FeedPlan } from "../../src/models/located.js";
import { planPast } from "../../src/models/past-input.js";
import { Graph, type Dim, type Model } from "../../src/onnx/graph.js";
import type { DType } from "../../src/onnx/tensor.js";
import { exportFixture, locateModel, refusal } from "../support/located.js";
import { TINY, tinyDecoder } from "../support/tiny-decoder.js";

const plan: FeedPlan = {
  inputIds: { name: "ids", dtype: "int64" },
  attentionMask: { name: "mask", dtype: "float32" },
  positionIds: { name: "positions", dtype: "int32" },
  past: [{ name: "past", dims: ["batch", 2, 0, 16], dtype: "float32" }],
};

describe("feedBatch", () => {
  it("pads on the right and masks the padding", () => {
    const feeds = feedBatch(plan, [[5, 6, 7], [9]]);
    expect(feeds["ids"]).toEqual({
      dtype: "int64",
      dims: [2, 3],
      data: BigInt64Array.from([5n, 6n, 7n, 9n, 0n, 0n]),
    });
    expect(feeds["mask"]!.data).toEqual(Float32Array.from([1, 1, 1, 1, 0, 0]));
    expect(feeds["positions"]!.data).toEqual(Int32Array.from([0, 1, 2, 0, 1, 2]));
  });

  it("feeds a past of length zero for every row", () => {
    const { past } = feedBatch(plan, [[1], [2], [3]]);
    expect(past).toEqual({ dtype: "float32", dims: [3, 2, 0, 16], data: new Float32Array(0) });
  });

  it("keeps each row's tokens, whatever the other rows are", () => {
    const rows = fc.array(fc.array(fc.nat(1000), { minLength: 1, maxLength: 9 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(rows, (ids) => {
        const { ids: fed, mask } = feedBatch(plan, ids);
        const width = Math.max(...ids.map((row) => row.length));
        ids.forEach((row, r) => {
          const from = r * width;
          expect(Array.from(fed!.data.slice(from, from + row.length), Number)).toEqual(row);
          const real = Array.from(mask!.data.slice(from, from + width), Number);
          expect(real.reduce((a, b) => a + b, 0)).toBe(row.length);
        });
      }),
    );
  });

  it("promises to its callers nothing for a batch without tokens", () => {
    expect(() => feedBatch(plan, [])).toThrow(InvariantError);
    expect(() => feedBatch(plan, [[1], []])).toThrow(InvariantError);
  });
});

describe("planFeeds on real exports", () => {
  it("recognises every input of an export with past", () => {
    const { feeds } = locateDecoder(readModelFile(exportFixture("llama/optimum-past/model.onnx")));
    expect(feeds.inputIds).toEqual({ name: "input_ids", dtype: "int64" });
    expect(feeds.attentionMask?.name).toBe("attention_mask");
    expect(feeds.positionIds?.name).toBe("position_ids");
    expect(feeds.past.length).toBe(6);
    expect(feeds.past[0]).toEqual({
      name: "past_key_values.0.key",
      dims: ["batch", 2, 0, 16],
      dtype: "float32",
    });
  });

  it.each(["gpt2/optimum-nopast/model.onnx", "llama/optimum-past/model.onnx"])(
    "%s: tells mask from positions without their names",
    (path) => {
      const file = readModelFile(exportFixture(path));
      const { graph } = file.model;
      for (const [old, name] of [
        ["attention_mask", "x1"],
        ["position_ids", "x2"],
        ["input_ids", "x3"],
      ] as const)
        graph.rename(graph.find(old)!, name);
      const { feeds } = locateDecoder(file);
      expect(feeds.attentionMask?.name).toBe("x1");
      expect(feeds.positionIds?.name).toBe("x2");
      expect(feeds.inputIds?.name).toBe("x3");
    },
  );
});

describe("inputs that cannot be fed", () => {
  function withInputs(inputs: readonly (readonly [string, DType, readonly Dim[]])[]): LocateError {
    const model = tinyDecoder();
    for (const [name, dtype, shape] of inputs) model.graph.addInput(name, { dtype, shape });
    return refusal(() => locateModel(model));
  }

  it("are all listed at once, with what is accepted", () => {
    const error = withInputs([
      ["context", "float32", ["batch", "token", 6]],
      ["keep", "bool", []],
    ]);
    expect(error.message).toBe("2 of the model's inputs cannot be fed");
    expect(error.found).toBe('"context" (float32 [batch, token, 6]); "keep" (bool [])');
    expect(error.expected).toContain("past keys and values");
  });

  it("include a past in bfloat16, which the runtime's JavaScript side cannot hold", () => {
    const error = withInputs([["past.0.key", "bfloat16", ["batch", 2, "past", 4]]]);
    expect(error.found).toContain("bfloat16");
  });

  it("include token ids of a fixed length", () => {
    const model = tinyDecoder();
    model.graph.inputs[0]!.type = { dtype: "int64", shape: [1, 128] };
    expect(() => locateModel(model)).toThrow(
      expect.objectContaining({ found: expect.stringContaining("a fixed size") as string }),
    );
  });
});

describe("a model that takes embeddings", () => {
  function embeddingsModel(): Model {
    const model = tinyDecoder();
    const { graph } = model;
    const [ids] = graph.inputs;
    const lookup = graph.nodes.find((node) => node.opType === "Gather")!;
    const shape = ["batch", "token", TINY.dModel];
    const embeddings = graph.addInput("vectors", { dtype: "float32", shape });
    graph.replaceAllUses(lookup.output(), embeddings);
    graph.replaceAllUses(ids!, embeddings); // the mask's length is that of the embeddings
    graph.removeNode(lookup);
    graph.removeSource(ids!);
    return model;
  }

  it("starts at that input, whatever its name", () => {
    const { feeds, sites } = locateModel(embeddingsModel());
    expect(feeds).toEqual({ embeddings: { name: "vectors" }, past: [] });
    expect(sites[0]!.name).toBe("vectors");
    expect(sites.length).toBe(3);
  });

  it("is fed vectors, row by row", () => {
    const table = (id: number): Float32Array => Float32Array.of(id, -id);
    const fed = feedBatch({ embeddings: { name: "x", table }, past: [] }, [[3, 4], [5]]);
    expect(fed["x"]).toEqual({
      dtype: "float32",
      dims: [2, 2, 2],
      data: Float32Array.of(3, -3, 4, -4, 5, -5, 0, -0),
    });
  });

  it("cannot be asked in tokens without a table, and says what to do", () => {
    const { feeds } = locateModel(embeddingsModel());
    for (const act of [
      () => feedBatch(feeds, [[1]]),
      () => {
        checkTakesTokens(feeds);
      },
    ])
      expect(act).toThrow(expect.objectContaining({ code: "NO_EMBEDDING_TABLE", exitCode: 3 }));
  });
});

describe("planPast", () => {
  const input = (shape: readonly Dim[]): ReturnType<Graph["addInput"]> =>
    new Graph("past").addInput("past", { dtype: "float32", shape });
  const configuration = { file: "config.json", kvHeads: 3, dHead: 5 };

  it.each<[string, readonly Dim[], readonly unknown[]]>([
    ["heads before the past", ["b", 2, "past", 8], ["batch", 2, 0, 8]],
    ["the past before the heads", ["b", "past", 2, 8], ["batch", 0, 2, 8]],
    ["keys and values packed", [2, "b", 4, "past", 8], [2, "batch", 4, 0, 8]],
    ["a symbolic head size", ["b", 2, "past", "kv_cache_dim"], ["batch", 2, 0, 5]],
    ["everything symbolic", ["b", "h", "past", "d"], ["batch", 3, 0, 5]],
    ["everything symbolic, past first", ["b", "past_length", "h", "d"], ["batch", 0, 3, 5]],
  ])("reads %s", (_, shape, dims) => {
    expect(planPast(input(shape), configuration)).toMatchObject({ dims });
  });

  it("does not guess a head size", () => {
    expect(planPast(input(["b", 2, "past", "kv_cache_dim"]), undefined)).toContain("not known");
  });
});
