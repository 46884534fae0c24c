import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDominance, type Dominance } from "../../src/onnx/dominance.js";
import { Graph, type Value } from "../../src/onnx/graph.js";

const all = (): boolean => true;

/** `inputs[i]` lists, for node i, which of the values before it (0 is the source) it reads. */
function graphOf(inputs: readonly (readonly number[])[]): { graph: Graph; values: Value[] } {
  const graph = new Graph("random");
  const values = [graph.addInput("source")];
  for (const wanted of inputs) {
    const read = wanted.map((i) => values[i % values.length]!);
    values.push(graph.addNode({ opType: "Op", inputs: read }).output());
  }
  return { graph, values };
}

function dominanceOf({ graph, values }: { graph: Graph; values: Value[] }): Dominance | undefined {
  return findDominance(graph, { source: values[0]!, sink: values.at(-1)!, carries: all });
}

/** Can data get from the source to the sink without passing through `avoid`? */
function reaches(values: readonly Value[], avoid: Value | undefined): boolean {
  const seen = new Set<Value>();
  const queue = values[0] === avoid ? [] : [values[0]!];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    for (const { node } of value.uses)
      queue.push(...node.outputs.filter((output) => output !== avoid));
  }
  return seen.has(values.at(-1)!);
}

const randomGraph = fc
  .array(fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 40 })
  .map(graphOf);

describe("findDominance", () => {
  it("lists exactly the values whose removal cuts the sink off", () => {
    fc.assert(
      fc.property(randomGraph, (made) => {
        const expected = made.values.filter((value) => !reaches(made.values, value));
        expect(dominanceOf(made)?.chain).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("puts every node on a flow into exactly one region", () => {
    fc.assert(
      fc.property(randomGraph, (made) => {
        const found = dominanceOf(made)!;
        const nodes = found.regions.flatMap((region) => region.nodes);
        expect(new Set(nodes).size).toBe(nodes.length);
        const active = made.graph.nodes.filter((node) => found.active.has(node.output()));
        expect(new Set(nodes)).toEqual(new Set(active));
      }),
    );
  });

  it("ends each region with the node that makes its last value", () => {
    fc.assert(
      fc.property(randomGraph, (made) => {
        for (const { to, nodes } of dominanceOf(made)!.regions)
          expect(nodes.at(-1)).toBe(to.producer);
      }),
    );
  });

  it("does not depend on the order in which nodes are listed", () => {
    const graph = new Graph("unsorted");
    const source = graph.addInput("source");
    const late = graph.addNode({ opType: "Late", inputs: [null] });
    const early = graph.addNode({ opType: "Early", inputs: [source] });
    late.replaceInput(0, early.output());
    const found = findDominance(graph, { source, sink: late.output(), carries: all });
    expect(found?.chain).toEqual([source, early.output(), late.output()]);
  });

  it("finds nothing when the source does not reach the sink", () => {
    const graph = new Graph("cut");
    const source = graph.addInput("source");
    const other = graph.addInput("other");
    const sink = graph.addNode({ opType: "Op", inputs: [other] }).output();
    expect(findDominance(graph, { source, sink, carries: all })).toBeUndefined();
  });

  it("does not follow inputs that carry no data", () => {
    const graph = new Graph("shape");
    const source = graph.addInput("source");
    const branch = graph.addNode({ opType: "Branch", inputs: [source] }).output();
    const shape = graph.addNode({ opType: "Shape", inputs: [source] }).output();
    const sink = graph.addNode({ opType: "Reshape", inputs: [branch, shape] }).output();
    const carries = (node: { opType: string }, index: number): boolean =>
      node.opType !== "Shape" && (node.opType !== "Reshape" || index === 0);
    expect(findDominance(graph, { source, sink, carries })?.chain).toEqual([source, branch, sink]);
  });

  it("handles chains far longer than the call stack is deep", () => {
    const made = graphOf(Array.from({ length: 20_000 }, (_, i) => [i]));
    expect(dominanceOf(made)?.chain.length).toBe(20_001);
  });
});
