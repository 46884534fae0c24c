/**
 * @file Only the tokens that change. In a causal model a patch at token p changes no token before p: their keys and
 * values in every layer above are constants of the prompt. The windowed suffix runs the tokens from the patched one to
 * the one that answers, and is given the keys and values of those before. Nothing is approximated.
 *
 *   scores = [ Q K_past ᵀ | Q K_window ᵀ ]      values = P_past V_past + P_window V_window
 *
 * The past needs no gradient. Masks and rotation tables are made for the whole prompt, as the file makes them, and the
 * rows and columns of the tokens at hand are picked from them, so every form of position and mask stays as it is.
 */
import { present } from "../../errors.js";
import { Builder } from "../../onnx/builder.js";
import { copyNode } from "../../onnx/copy.js";
import type { Graph, Node, Value } from "../../onnx/graph.js";
import { TypeInference } from "../../onnx/type-inference.js";
import { Alignment } from "./align.js";
import {
  broadcastAxes,
  fixed,
  isExactly,
  NotWindowable,
  sizeOf,
  type Axes,
  type Axis,
} from "./axes.js";
import { cutShape, dependents, findMeetings, type CutShape, type Meeting } from "./cuts.js";
import { axesAt, isKeys, refuse, WINDOW_RULES, type RuleContext } from "./rules.js";
import { dimensionOf, Sizes } from "./sizes.js";

/** Score of a key that is not there; e^(−1e30) is exactly 0, and unlike −∞ it makes no NaN. */
const ABSENT = -1e30;

/** What is windowed. */
export interface WindowRequest {
  readonly graph: Graph;
  /** Input of the suffix, `[batch, token, dModel]`; becomes `[batch, window, dModel]`. */
  readonly residual: Value;
  readonly pastInputs: ReadonlySet<string>;
}

/** Name of the input that holds the i-th cut, counted from the top of the model. */
export function cacheName(fromTop: number): string {
  return `cache_${fromTop}`;
}

/**
 * Windows a suffix in place. New inputs: `cache_<i>` float32 (keys and values of the past, i counts cuts from the top
 * of the model), `window_position` int64 `[batch, window]`, `key_valid` bool `[batch, past + window]`, `prompt_length`
 * int64 `[1]`. The graph's own inputs keep the size of the whole prompt.
 *
 * @returns shapes of the caches, from the bottom up.
 * @throws {@link NotWindowable} when a form of the graph is not known; the graph is then unusable.
 */
export function windowSuffix({ graph, residual, pastInputs }: WindowRequest): readonly CutShape[] {
  const before = new TypeInference(graph);
  const [batch, token] = before.shape(residual) ?? [];
  if (typeof batch !== "string" || typeof token !== "string")
    throw new NotWindowable("the residual has a fixed size");
  const meetings = findMeetings(graph, residual, before);
  const b = new Builder(graph, "window");
  const shapes = meetings.map(({ cut }) => cutShape(cut, before));
  const caches = addCaches(graph, meetings, { shapes, types: before });
  const twins = new Map<Node, Value>();
  const cloned: [Value, CutShape][] = [];
  meetings.forEach((meeting, i) => {
    const cache = present(caches[i], "cache");
    cloned.push([cache, present(shapes[i], "shape")]);
    twins.set(meeting.product, cloneChain(meeting, cache));
  });
  const position = graph.addInput("window_position", { dtype: "int64", shape: [batch, "window"] });
  const valid = graph.addInput("key_valid", { dtype: "bool", shape: [batch, "keys"] });
  const length = graph.addInput("prompt_length", { dtype: "int64", shape: [1] });
  const types = new TypeInference(graph);
  const axes = new Map<Value, Axes>();
  const sizes = new Sizes(b, {
    batch: () => dimensionOf(b, residual, 0),
    window: () => dimensionOf(b, residual, 1),
    past: () => dimensionOf(b, present(caches[0], "cache"), present(shapes[0], "shape").tokenAxis),
  });
  const alignment = new Alignment({ b, sizes, types, position, length, batch, token });
  const context: RuleContext = { types, sizes, alignment, axes, pastInputs };

  // the twins first: no edge tells yet that a product needs them
  const past = caches.flatMap((cache) => dependents(graph, cache).nodes);
  const own = dependents(graph, residual);
  keepPromptShapes({ graph, b, axes: own.values, types, batch, token, length, sizes });
  const dModel = present(types.shape(residual)?.[2], "width");
  axes.set(residual, [["batch"], ["window"], typeof dModel === "number" ? fixed(dModel) : []]);
  for (const [cache, shape] of cloned) axes.set(cache, cacheAxes(shape));
  for (const node of [...past, ...own.nodes]) {
    const twin = twins.get(node);
    const made =
      twin === undefined
        ? ruleFor(node)(maskAbsent(node, { b, valid, context }), context)
        : [meet(node, { twin, b, context })];
    node.outputs.forEach((output, i) => {
      const found = made[i] ?? made[0];
      if (found !== undefined) axes.set(output, found);
    });
  }
  if (residual.type !== undefined)
    residual.type = {
      ...residual.type,
      shape: [batch, "window", residual.type.shape?.[2] ?? null],
    };
  return shapes;
}

function cacheAxes({ tokenAxis, sizes }: CutShape): Axes {
  return [
    ["batch"],
    ...sizes.map((size, i): Axis => (i + 1 === tokenAxis ? ["past"] : fixed(size))),
  ];
}

function addCaches(
  graph: Graph,
  meetings: readonly Meeting[],
  { shapes, types }: { shapes: readonly CutShape[]; types: TypeInference },
): Value[] {
  return meetings.map(({ cut }, i) => {
    const { tokenAxis, sizes } = present(shapes[i], "shape");
    const shape = ["batch", ...sizes.map((size, at) => (at + 1 === tokenAxis ? "past" : size))];
    const dtype = types.knownDtype(cut) ?? "float32";
    if (dtype !== "float32") throw new NotWindowable(`keys of type ${dtype}`);
    return graph.addInput(cacheName(meetings.length - 1 - i), { dtype, shape });
  });
}

/** The nodes between cut and operand once more, for the past. */
function cloneChain({ operand, cut, chain }: Meeting, cache: Value): Value {
  const mapping = new Map<Value, Value>([[cut, cache]]);
  for (const node of chain) copyNode(node, operand.graph, mapping);
  return present(mapping.get(operand), "the twin of an operand");
}

/** Shapes that were read off the stream told the size of the whole prompt, from which masks are made: they still do. */
function keepPromptShapes({
  graph,
  b,
  axes,
  types,
  batch,
  token,
  length,
  sizes,
}: {
  graph: Graph;
  b: Builder;
  axes: ReadonlySet<Value>;
  types: TypeInference;
  batch: string;
  token: string;
  length: Value;
  sizes: Sizes;
}): void {
  for (const node of graph.nodes) {
    const of = node.inputs[0];
    if (node.op !== "Shape" || !of || !axes.has(of)) continue;
    const shape = types.elements(node.output());
    if (shape === undefined) throw refuse(node, "a shape of unknown rank");
    const dims = shape.map((dim) => {
      if (typeof dim === "number") return b.ints([dim]);
      if (dim === batch) return sizes.axis(["batch"]);
      return dim.split(" + ").includes(token) ? length : undefined;
    });
    const known = dims.filter((dim) => dim !== undefined);
    // sizes that are not known are asked for by Reshapes only, which are told anew
    if (known.length !== dims.length) continue;
    graph.replaceAllUses(node.output(), b.op("Concat", known, { axis: 0n }));
  }
}

function ruleFor(node: Node): (node: Node, context: RuleContext) => readonly Axes[] {
  if (node.op === "Softmax" || node.op === "LogSoftmax")
    return (each, context) => [axesAt(each, 0, context)];
  const rule = WINDOW_RULES[node.op];
  if (rule === undefined) throw refuse(node, "no rule says how it treats tokens");
  return (each, context) => {
    try {
      return rule(each, context);
    } catch (error) {
      if (!(error instanceof NotWindowable) || error.message.startsWith("node ")) throw error;
      throw refuse(each, error.message);
    }
  };
}

/** Before a softmax over keys: slots that pad the past, and tokens that pad the window, have no weight. */
function maskAbsent(
  node: Node,
  { b, valid, context }: { b: Builder; valid: Value; context: RuleContext },
): Node {
  if (node.op !== "Softmax" && node.op !== "LogSoftmax") return node;
  const axes = axesAt(node, 0, context);
  const at = node.int("axis", -1);
  const axis = at < 0 ? at + axes.length : at;
  if (sizeOf(axes[axis] ?? []) !== undefined) return node;
  if (!isKeys(axes[axis]) || axis !== axes.length - 1 || !isExactly(axes[0], "batch"))
    throw refuse(node, "a softmax over tokens that are not the last axis of rows apart");
  const inner = Array.from({ length: axes.length - 2 }, (_, i) => i + 1);
  const mask = b.op("Unsqueeze", [valid, b.ints(inner)]);
  const scores = node.input(0);
  const masked = b.op("Where", [mask, scores, b.float(ABSENT)]);
  context.axes.set(masked, axes);
  node.replaceInput(0, masked);
  return node;
}

/** A product over other tokens: with the past, and with the window. */
function meet(
  node: Node,
  { twin, b, context }: { twin: Value; b: Builder; context: RuleContext },
): Axes {
  const [a, here] = [axesAt(node, 0, context), axesAt(node, 1, context)];
  const there = context.axes.get(twin);
  if (there === undefined) throw refuse(node, "keys of unknown shape");
  if (node.int("transA", 0) !== 0) throw refuse(node, "a transposed left operand");
  const isTurned = node.int("transB", 0) !== 0;
  const columns = isTurned ? -2 : -1;
  const contracted = isTurned ? -1 : -2;
  const attributes = Object.fromEntries(
    [...node.attributes].flatMap(([name, attribute]) =>
      attribute.kind === "int" || attribute.kind === "float" ? [[name, attribute.value]] : [],
    ),
  );
  const product = (x: Value, y: Value): Value =>
    b.op(node.opType, [x, y], attributes, { domain: node.domain });
  const lead = broadcastAxes([a.slice(0, -2), here.slice(0, -2)]);
  const users = [...node.output().uses];
  const finish = (result: Value, axes: Axes): Axes => {
    for (const { node: user, index } of users) user.replaceInput(index, result);
    context.axes.set(result, axes);
    return axes;
  };
  if (isExactly(here.at(columns), "window")) {
    const past = product(node.input(0), twin);
    const result = b.op("Concat", [past, node.output()], { axis: -1n });
    finish(result, [...lead, present(a.at(-2), "rows"), ["keys"]]);
    return [...lead, present(a.at(-2), "rows"), ["window"]];
  }
  if (!isKeys(a.at(-1)) || !isExactly(here.at(contracted), "window"))
    throw refuse(node, "two activations meet otherwise than queries and keys");
  const parts = b.node(
    "Split",
    [
      node.input(0),
      b.op("Concat", [context.sizes.axis(["past"]), context.sizes.axis(["window"])], { axis: 0n }),
    ],
    { axis: -1n },
    { outputs: 2 },
  );
  node.replaceInput(0, present(parts.outputs[1], "window"));
  const past = product(present(parts.outputs[0], "past"), twin);
  const axes: Axes = [...lead, present(a.at(-2), "rows"), present(here.at(columns), "columns")];
  finish(b.op("Add", [past, node.output()]), axes);
  return axes;
}
