/**
 * @file A quantised weight becomes floats when it is used and not before, once for each use:
 *
 *   W = DequantizeLinear(Q, s, z);  y = MatMul(x, W);  dx = MatMul(dy, Wᵀ)
 *     →  y = MatMul(x, DequantizeLinear(Q, s after x, z));  dx = MatMul(dy, DequantizeLinear(Q, s after dy, z)ᵀ)
 *
 * where "s after x" is s in a form that waits for x (its shape is read, never its numbers). Why: as written, the dense
 * weight of every layer would live from the forward product to the backward one, all at once, or be folded into a copy
 * for good; and the runtime may fuse the pair into a product that rounds its data. For derived graphs, after the
 * gradient: the canonical form keeps the file's nodes.
 */
import { Builder } from "../builder.js";
import { describeNode, type Graph, type Model, type Node, type Value } from "../graph.js";
import { after } from "../nbits.js";
import type { Use } from "../node.js";
import { DTYPES, HALVES } from "../tensor.js";
import { nodesOf, type Pass } from "./pass.js";

/** What may stand between the numbers and the product; copied along, for it would hold the dense weight as well. */
const STEPS: ReadonlySet<string> = new Set(["Transpose", "Reshape", "Cast", "Identity", "Slice"]);

/** Domains that have the operator. */
const DOMAINS = ["", "com.microsoft"];

/** Position of the scale among the inputs. */
const SCALE = 1;

/** A use of the dense weight: what leads to it from the DequantizeLinear, and the value that the use waits for. */
interface LateUse extends Path {
  readonly use: Use;
  readonly trigger: Value;
}

interface Path {
  readonly path: readonly Node[];
  /** Input of the first node of the path that is made to wait. */
  readonly waits: number;
}

/** A node that makes floats of a weight, and its input that is made to wait. */
interface Source {
  readonly node: Node;
  readonly waits: number;
}

type Sources = (graph: Graph) => readonly Source[];

const dequantisations: Sources = (graph) =>
  DOMAINS.flatMap((domain) => nodesOf(graph, "DequantizeLinear", domain)).map((node) => ({
    node,
    waits: SCALE,
  }));

const widenings: Sources = (graph) =>
  nodesOf(graph, "Cast")
    .filter((node) => isHalfMatrix(node.input(0)) && node.int("to") === DTYPES.float32.code)
    .map((node) => ({ node, waits: 0 }));

/** Vectors are too small to matter. */
function isHalfMatrix({ initializer }: Value): boolean {
  return initializer !== undefined && HALVES.has(initializer.dtype) && initializer.dims.length >= 2;
}

function findLateUses(graph: Graph, sources: Sources): readonly LateUse[] {
  const frozen = frozenValues(graph);
  return sources(graph)
    .filter(({ node }) => node.inputs.every((value) => value === null || frozen.has(value)))
    .flatMap(({ node, waits }) => lateUses({ path: [node], waits }, frozen));
}

function frozenValues(graph: Graph): ReadonlySet<Value> {
  const frozen = new Set(graph.initializers.filter((value) => !value.isInput));
  for (const node of graph.topologicalOrder()) {
    if (node.inputs.every((value) => value === null || frozen.has(value)))
      node.outputs.forEach((output) => frozen.add(output));
  }
  return frozen;
}

/** Uses by nodes that also read something that is not frozen. */
function lateUses({ path, waits }: Path, frozen: ReadonlySet<Value>): LateUse[] {
  const last = path.at(-1);
  return (last?.outputs[0]?.uses ?? []).flatMap((use) => {
    const trigger = use.node.inputs.find((value) => value !== null && !frozen.has(value));
    if (trigger) return [{ use, path, waits, trigger }];
    const isStep = use.index === 0 && use.node.domain === "" && STEPS.has(use.node.opType);
    return isStep ? lateUses({ path: [...path, use.node], waits }, frozen) : [];
  });
}

/** Emits the path again with an input that waits, and gives its end to the use. */
function rewrite(b: Builder, { use, path, waits, trigger }: LateUse): void {
  let made: Value | undefined;
  for (const node of path) {
    const inputs =
      made === undefined
        ? node.inputs.map((value, i) => (i === waits && value ? after(b, value, trigger) : value))
        : [made, ...node.inputs.slice(1)];
    const { opType, domain, attributes } = node;
    const name = b.graph.freshNodeName(`${node.name || opType}/late`);
    made = b.graph.addNode({ opType, domain, name, inputs, attributes }).output();
    made.type = node.output().type;
  }
  if (made !== undefined) use.node.replaceInput(use.index, made);
}

function latePass(name: string, sources: Sources): Pass {
  return {
    name,
    requires: () => [],
    apply({ graph }: Model) {
      const b = new Builder(graph, "late");
      const uses = findLateUses(graph, sources);
      for (const use of uses) rewrite(b, use);
      if (uses.length > 0) graph.prune();
      return uses.length;
    },
    ensures: ({ graph }) =>
      findLateUses(graph, sources).map(
        ({ use }) => `input ${use.index} of ${describeNode(use.node)} is made before it is used`,
      ),
  };
}

/** Lets every use of a quantised weight make its own floats, when it is computed. */
export const lateDequantise: Pass = latePass("late-dequantise", dequantisations);

/**
 * Lets every use of a half-precision matrix make its own float32 numbers, when it is computed. Without it the runtime
 * makes a float32 copy once for each session: faster, and twice the size of the file, for as long as the session lives.
 */
export const lateWiden: Pass = latePass("late-widen", widenings);
