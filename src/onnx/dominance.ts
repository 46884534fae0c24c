/**
 * @file Dominators on the value-flow graph between a source and a sink, and the regions between them.
 *
 * A value dominates the sink when every flow from the source to the sink passes through it. Knows no transformers:
 * which inputs carry data is the caller's knowledge. No recursion: graphs are chains of 10⁴ nodes.
 */
import type { Graph, Node, Value } from "./graph.js";

/** Does input `index` of `node` carry data that its outputs depend on (and not only a shape, a predicate, a type)? */
export type Carries = (node: Node, index: number) => boolean;

/** Where the flow starts and ends, and along which inputs it runs. */
export interface Flow {
  readonly source: Value;
  readonly sink: Value;
  readonly carries: Carries;
}

/** What lies between two consecutive dominators. */
export interface Region {
  readonly from: Value;
  readonly to: Value;
  /** Nodes on some flow from `from` to `to`, in topological order; never empty. */
  readonly nodes: readonly Node[];
}

/** The flow between source and sink, cut at its dominators. */
export interface Dominance {
  /** From the source to the sink, both included. */
  readonly chain: readonly Value[];
  /** `regions[i]` lies between `chain[i]` and `chain[i + 1]`. */
  readonly regions: readonly Region[];
  /** Values on some flow from the source to the sink. */
  readonly active: ReadonlySet<Value>;
}

/** Returns the inputs of `node` through which data flows, in order, duplicates kept. */
export function carriedInputs(node: Node, carries: Carries): Value[] {
  return node.inputs.filter((value, i): value is Value => value !== null && carries(node, i));
}

/** Values that data from `source` reaches, the source included. */
export function reachableFrom(order: readonly Node[], source: Value, carries: Carries): Set<Value> {
  const reached = new Set([source]);
  for (const node of order) {
    if (carriedInputs(node, carries).some((value) => reached.has(value)))
      node.outputs.forEach((output) => reached.add(output));
  }
  return reached;
}

/** Values whose data reaches `sink`, the sink included. */
export function reaching(sink: Value, carries: Carries): Set<Value> {
  const found = new Set([sink]);
  const queue = [sink];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (value.producer === undefined) continue;
    for (const input of carriedInputs(value.producer, carries)) {
      if (found.has(input)) continue;
      found.add(input);
      queue.push(input);
    }
  }
  return found;
}

/** Immediate dominator and depth of a value. */
interface Place {
  readonly dominator: Value | undefined;
  readonly depth: number;
}

/**
 * Returns the dominators between source and sink with the regions between them, or `undefined` when no data of the
 * source reaches the sink.
 *
 * Method: one pass in topological order; the immediate dominator of a value is the nearest common ancestor, in the
 * dominator tree built so far, of the values it is computed from (Cooper, Harvey and Kennedy 2001, where one pass
 * suffices because the graph has no cycles).
 */
export function findDominance(
  graph: Graph,
  { source, sink, carries }: Flow,
): Dominance | undefined {
  const order = graph.topologicalOrder();
  const reached = reachableFrom(order, source, carries);
  if (!reached.has(sink)) return undefined;
  const needed = reaching(sink, carries);
  const isActive = (value: Value): boolean => reached.has(value) && needed.has(value);

  const places = new Map<Value, Place>([[source, { dominator: undefined, depth: 0 }]]);
  const activeNodes: Node[] = [];
  for (const node of order) {
    const outputs = node.outputs.filter((output) => output !== source && isActive(output));
    if (outputs.length === 0) continue;
    const dominator = carriedInputs(node, carries)
      .filter((value) => places.has(value))
      .reduce<Value | undefined>(
        (a, b) => (a === undefined ? b : nearestCommon(places, a, b)),
        undefined,
      );
    if (dominator === undefined) continue;
    const depth = placeOf(places, dominator).depth + 1;
    outputs.forEach((output) => places.set(output, { dominator, depth }));
    activeNodes.push(node);
  }
  const chain = chainTo(places, sink);
  return { chain, regions: regionsOf(chain, places, activeNodes), active: new Set(places.keys()) };
}

function placeOf(places: ReadonlyMap<Value, Place>, value: Value): Place {
  return places.get(value) ?? { dominator: undefined, depth: 0 };
}

function nearestCommon(places: ReadonlyMap<Value, Place>, a: Value, b: Value): Value {
  let [x, y] = [a, b];
  while (x !== y) {
    const [px, py] = [placeOf(places, x), placeOf(places, y)];
    // the deeper one climbs; at equal depth both would have to, so one after the other does as well
    if (px.depth >= py.depth) x = px.dominator ?? y;
    else y = py.dominator ?? x;
  }
  return x;
}

function chainTo(places: ReadonlyMap<Value, Place>, sink: Value): Value[] {
  const chain: Value[] = [];
  for (let at: Value | undefined = sink; at !== undefined; at = placeOf(places, at).dominator)
    chain.push(at);
  return chain.reverse();
}

/** Sorts the nodes into the stretch of the chain that they work for. */
function regionsOf(
  chain: readonly Value[],
  places: ReadonlyMap<Value, Place>,
  nodes: readonly Node[],
): Region[] {
  const stretch = new Map<Value, number>(chain.map((value, i) => [value, i]));
  const members: Node[][] = chain.slice(1).map(() => []);
  // topological order: the dominator of a value has its stretch before the value asks for it
  for (const node of nodes) {
    const made = node.outputs.find((output) => places.has(output));
    const dominator = made === undefined ? undefined : placeOf(places, made).dominator;
    const at = dominator === undefined ? undefined : stretch.get(dominator);
    if (at === undefined) continue;
    members[at]?.push(node);
    for (const output of node.outputs)
      if (places.has(output) && !stretch.has(output)) stretch.set(output, at);
  }
  return members.flatMap((inside, i) => {
    const [from, to] = [chain[i], chain[i + 1]];
    return from === undefined || to === undefined ? [] : [{ from, to, nodes: inside }];
  });
}
