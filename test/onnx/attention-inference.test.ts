import { describe, expect, it } from "vitest";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type AttributeValue, type Value } from "../../src/onnx/graph.js";
import { TypeInference, type SymbolicShape } from "../../src/onnx/type-inference.js";

type Shapes = readonly (SymbolicShape | null)[];

/** Inferred shape of output `output` of a node on inputs of these shapes. */
function inferred(
  [op, domain]: readonly [string, string],
  attributes: Readonly<Record<string, AttributeValue>>,
  { shapes, output = 0 }: { readonly shapes: Shapes; readonly output?: number },
): SymbolicShape | undefined {
  const graph = new Graph("shapes");
  const inputs = shapes.map((shape, i) =>
    shape === null ? null : graph.addInput(`x${i}`, { dtype: "float32", shape }),
  );
  const node = new Builder(graph, "shapes").node(op, inputs, attributes, { domain, outputs: 3 });
  return new TypeInference(graph).shape(node.output(output));
}

const MICROSOFT = "com.microsoft";
const heads = { num_heads: 4n, kv_num_heads: 2n };

describe("shapes of fused attention", () => {
  it.each<{
    title: string;
    op: readonly [string, string];
    attributes: Readonly<Record<string, AttributeValue>>;
    shapes: Shapes;
    output?: number;
    expected: SymbolicShape;
  }>([
    {
      title: "packed GroupQueryAttention: the query's share of input 0",
      ...{ op: ["GroupQueryAttention", MICROSOFT], attributes: heads, shapes: [["b", "t", 128]] },
      expected: ["b", "t", 64],
    },
    {
      title: "GroupQueryAttention: that of the query",
      ...{ op: ["GroupQueryAttention", MICROSOFT], attributes: heads },
      shapes: [
        ["b", "t", 64],
        ["b", "t", 32],
        ["b", "t", 32],
      ],
      expected: ["b", "t", 64],
    },
    {
      title: "present keys of GroupQueryAttention without a past: those at hand",
      ...{ op: ["GroupQueryAttention", MICROSOFT], attributes: heads, shapes: [["b", "t", 128]] },
      ...{ output: 1, expected: ["b", 2, "t", 16] },
    },
    {
      title: "MultiHeadAttention: as wide as the values",
      ...{ op: ["MultiHeadAttention", MICROSOFT], attributes: { num_heads: 4n } },
      shapes: [
        ["b", "t", 64],
        ["b", "k", 64],
        ["b", "k", 48],
      ],
      expected: ["b", "t", 48],
    },
    {
      title: "com.microsoft Attention: a third of its weight",
      ...{ op: ["Attention", MICROSOFT], attributes: { num_heads: 4n } },
      shapes: [
        ["b", "t", 64],
        [64, 96],
      ],
      expected: ["b", "t", 32],
    },
    {
      title: "ai.onnx Attention by head: queries with the size of values",
      ...{ op: ["Attention", ""], attributes: {} },
      shapes: [
        ["b", 4, "t", 16],
        ["b", 2, "k", 16],
        ["b", 2, "k", 8],
      ],
      expected: ["b", 4, "t", 8],
    },
    {
      title: "flat ai.onnx Attention: a value per query head",
      ...{ op: ["Attention", ""], attributes: { q_num_heads: 4n, kv_num_heads: 2n } },
      shapes: [
        ["b", "t", 64],
        ["b", "k", 32],
        ["b", "k", 16],
      ],
      expected: ["b", "t", 32],
    },
  ])("$title", ({ op, attributes, shapes, output, expected }) => {
    const given = output === undefined ? { shapes } : { shapes, output };
    expect(inferred(op, attributes, given)).toEqual(expected);
  });

  it("are whole for every count of heads", () => {
    // 4416 · (63 / 69) and 3136 · (1 / 49) are no whole numbers in floating point
    for (let count = 1; count <= 128; count++) {
      for (const kvHeads of [1, 3, 7].filter((n) => count % n === 0)) {
        const attributes = { num_heads: BigInt(count), kv_num_heads: BigInt(kvHeads) };
        const shapes: Shapes = [["b", "t", (count + 2 * kvHeads) * 64]];
        const at = (output: number): SymbolicShape | undefined =>
          inferred(["GroupQueryAttention", MICROSOFT], attributes, { shapes, output });
        expect(at(0)).toEqual(["b", "t", count * 64]);
        expect(at(1)).toEqual(["b", kvHeads, "t", 64]);
      }
    }
  });

  it("are unknown, and no error, where ai.onnx Attention has an input of unknown rank", () => {
    const graph = new Graph("unknown");
    const query = graph.addInput("q", { dtype: "float32" });
    const key = graph.addInput("k", { dtype: "float32", shape: ["b", 2, "k", 16] });
    const y = new Builder(graph, "unknown").op("Attention", [query, key, key]);
    expect(new TypeInference(graph).shape(y)).toBeUndefined();
  });
});

describe("heads folded into tokens", () => {
  const reshaped = (shape: SymbolicShape, ...targets: readonly number[][]): SymbolicShape => {
    const graph = new Graph("fold");
    const b = new Builder(graph, "fold");
    const x: Value = graph.addInput("x", { dtype: "float32", shape });
    const last = targets.reduce<Value>((y, to) => b.op("Reshape", [y, b.ints(to)]), x);
    return new TypeInference(graph).shape(last)!;
  };

  it("have a name that says how many, and come back under their own", () => {
    expect(reshaped(["b", 6, "t", 8], [0, 2, -1, 0])).toEqual(["b", 2, "3 * t", 8]);
    expect(reshaped(["b", 6, "t", 8], [0, 2, -1, 0], [0, 6, -1, 0])).toEqual(["b", 6, "t", 8]);
    expect(reshaped(["b", 6, "t", 8], [0, 2, -1, 0], [0, 3, -1, 0])).toEqual(["b", 3, "2 * t", 8]);
  });

  it("come back under their own at every count", () => {
    for (let n = 1; n <= 128; n++)
      expect(reshaped(["b", n, "t", 8], [0, 1, -1, 0], [0, n, -1, 0])).toEqual(["b", n, "t", 8]);
  });

  it("count a sum of lengths as a whole, so that it is no sum of which one part is counted", () => {
    const sum = "past + t";
    expect(reshaped(["b", 2, sum, 8], [0, 1, -1, 0])).toEqual(["b", 1, "2 * (past + t)", 8]);
    expect(reshaped(["b", 6, sum, 8], [0, 2, -1, 0], [0, 3, -1, 0])).toEqual([
      ...["b", 3, "2 * (past + t)", 8],
    ]);
    expect(reshaped(["b", 2, sum, 8], [0, 1, -1, 0], [0, 2, -1, 0])).toEqual(["b", 2, sum, 8]);
    const counted = "2 * past + t";
    expect(reshaped(["b", 2, counted, 8], [0, 4, -1, 0])[2]).toMatch(/^\?/);
  });

  it("have none where the count is not whole", () => {
    expect(reshaped(["b", 6, "t", 8], [0, 4, -1, 0])[2]).toMatch(/^\?/);
  });
});
