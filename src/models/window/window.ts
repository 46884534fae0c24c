/**
 * @file Only the tokens that change. In a causal model a patch at token p changes no token before p: their keys and
 * values in every layer above are constants of the prompt. The windowed suffix runs the tokens from the patched one to
 * the one that answers, and is given the keys and values of those before. Nothing is approximated.
 *
 *   scores = [ Q K_past ᵀ | Q K_window ᵀ ]      values = P_past V_past + P_window V_window
 *
 * The past needs no gradient, and all rows of one prompt share it (`past-product.ts`). Masks and rotation tables are made for the whole prompt, as the file makes them, and the
 * rows and columns of the tokens at hand are picked from them, so every form of position and mask stays as it is.
 */
import { present } from "../../errors.js";
import { Builder } from "../../onnx/builder.js";
import { copyNode } from "../../onnx/copy.js";
import { describeNode, type Graph, type Node, type Value } from "../../onnx/graph.js";
import { TypeInference } from "../../onnx/type-inference.js";
import { Alignment } from "./align.js";
import {
  broadcastAxes,
  fixed,
  fixedSize,
  isExactly,
  NotWindowable,
  sameAxis,
  sizeOf,
  type Axes,
  type Axis,
} from "./axes.js";
import { cutShape, dependents, findMeetings, type CutShape, type Meeting } from "./cuts.js";
import { multiplyPast } from "./past-product.js";
import { axesAt, axisOf, WINDOW_RULES, type RuleContext } from "./rules.js";
import { dimensionOf, Sizes } from "./sizes.js";
import { findRepetition } from "./ungroup.js";

/** Score of a key that is not there; e^(−1e30) is exactly 0, and unlike −∞ it makes no NaN. */
const ABSENT = -1e30;

/** What is windowed. */
export interface WindowRequest {
  readonly graph: Graph;
  /** Input of the suffix, `[batch, token, dModel]`; becomes `[batch, window, dModel]`. */
  readonly residual: Value;
  readonly pastInputs: ReadonlySet<string>;
  /** Windows of exactly one token. @defaultValue false */
  readonly single?: boolean;
}

/** Name of the input that holds the i-th cut, counted from the top of the model. */
export function cacheName(fromTop: number): string {
  return `cache_${fromTop}`;
}

/** How many cuts a graph takes or gives whose inputs or outputs have these names. */
export function countCaches(names: ReadonlySet<string>): number {
  let count = 0;
  while (names.has(cacheName(count))) count += 1;
  return count;
}

/**
 * Windows a suffix in place. New inputs: `cache_<i>` float32 `[prompts, …]` (keys and values of the past, i counts cuts
 * from the top of the model; prompt p serves the rows p · variants … (p + 1) · variants − 1), `window_position` int64 `[batch, window]`, `key_valid` bool `[batch, past + window]`, `prompt_length`
 * int64 `[1]`. The graph's own inputs keep the size of the whole prompt.
 *
 * @throws {@link NotWindowable} when a form of the graph is not known; the graph is then unusable.
 */
export function windowSuffix({ graph, residual, pastInputs, single = false }: WindowRequest): void {
  const before = new TypeInference(graph);
  const [batch, token, dModel] = before.shape(residual) ?? [];
  if (typeof batch !== "string" || typeof token !== "string" || typeof dModel !== "number")
    throw new NotWindowable("the residual is not [batch, token, dModel] of any batch and length");
  const pasts = findMeetings(graph, residual, before).map((meeting, i, all) =>
    addPast(meeting, { name: cacheName(all.length - 1 - i), types: before }),
  );
  const window = single ? 1 : "window";
  const prompt: Prompt = { batch, token, ...addInputs(graph, [batch, window]) };
  const b = new Builder(graph, "window");
  const sizes = new Sizes(b, {
    batch: () => dimensionOf(b, residual, 0),
    window: () => (single ? b.ints([1]) : dimensionOf(b, residual, 1)),
    past: () => {
      const { cache, shape } = present(pasts[0], "keys");
      return dimensionOf(b, cache, shape.tokenAxis);
    },
    prompts: () => dimensionOf(b, present(pasts[0], "keys").cache, 0),
  });
  const types = new TypeInference(graph);
  const alignment = new Alignment({ b, sizes, types, ...prompt });
  const context: Context = {
    types,
    sizes,
    alignment,
    axes: new Map(),
    masked: new Map(),
    pastInputs,
    b,
    ...prompt,
  };
  context.axes.set(residual, [["batch"], ["window"], fixed(dModel)]);
  for (const { cache, shape } of pasts) context.axes.set(cache, cacheAxes(shape));

  // the past first: no edge tells yet that a product needs it
  const past = pasts.flatMap(({ cache }) => dependents(graph, cache).nodes);
  const own = dependents(graph, residual);
  keepPromptShapes(graph, own.values, context);
  const twins = new Map(pasts.map(({ product, twin }) => [product, twin]));
  for (const node of [...past, ...own.nodes]) carry(node, twins.get(node), context);
  residual.type = { dtype: before.dtype(residual), shape: [batch, window, dModel] };
}

/** Keys or values of the tokens before the window, at one product. */
interface Past {
  readonly product: Node;
  readonly cache: Value;
  readonly shape: CutShape;
  readonly twin: Twin;
}

/** The operand of a product, made of the cache. */
interface Twin {
  readonly value: Value;
  /** How many query heads share each of its heads beyond what its axes tell. */
  readonly repeats: number;
}

/** The whole prompt: its symbols, and where the window stands in it. */
interface Prompt {
  readonly batch: string;
  readonly token: string;
  readonly position: Value;
  readonly length: Value;
  readonly valid: Value;
}

interface Context extends RuleContext, Prompt {
  readonly b: Builder;
  /** What {@link withoutAbsent} made. */
  readonly masked: Map<Value, Value>;
}

function addInputs(
  graph: Graph,
  [batch, window]: readonly [string, string | number],
): Pick<Prompt, "position" | "length" | "valid"> {
  return {
    position: graph.addInput("window_position", { dtype: "int64", shape: [batch, window] }),
    length: graph.addInput("prompt_length", { dtype: "int64", shape: [1] }),
    // named as the sum that keys are concatenated to
    valid: graph.addInput("key_valid", { dtype: "bool", shape: [batch, `past + ${window}`] }),
  };
}

function addPast(meeting: Meeting, { name, types }: { name: string; types: TypeInference }): Past {
  const { product, operand, cut } = meeting;
  const shape = cutShape(cut, types);
  const sizes = shape.sizes.map((size, i) => (i + 1 === shape.tokenAxis ? "past" : size));
  const dtype = types.knownDtype(cut) ?? "float32";
  if (dtype !== "float32") throw new NotWindowable(`keys of type ${dtype}`);
  const cache = operand.graph.addInput(name, { dtype, shape: ["prompts", ...sizes] });
  return { product, cache, shape, twin: cloneChain(meeting, cache, types) };
}

function cacheAxes({ tokenAxis, sizes }: CutShape): Axes {
  return [
    ["prompts"],
    ...sizes.map((size, i): Axis => (i + 1 === tokenAxis ? ["past"] : fixed(size))),
  ];
}

/** The refusal of one node. */
function refuse(node: Node, reason: string): NotWindowable {
  return new NotWindowable(`${describeNode(node)}: ${reason}`);
}

/** Works out the axes of what a node makes, and edits it where it names sizes or meets other tokens. */
function carry(node: Node, twin: Twin | undefined, context: Context): void {
  const made = edit(node, twin, context);
  node.outputs.forEach((output, i) => {
    const axes = made[i] ?? made[0];
    if (axes !== undefined) context.axes.set(output, axes);
  });
}

function edit(node: Node, twin: Twin | undefined, context: Context): readonly Axes[] {
  try {
    if (twin !== undefined) return [meet(node, twin, context)];
    maskAbsent(node, context);
    const rule = WINDOW_RULES[node.op];
    if (rule === undefined) throw new NotWindowable("no rule says how it treats tokens");
    return rule(node, context);
  } catch (error) {
    throw error instanceof NotWindowable ? refuse(node, error.message) : error;
  }
}

/** The nodes between cut and operand once more, for the past; heads are not repeated. */
function cloneChain({ operand, cut, chain }: Meeting, cache: Value, types: TypeInference): Twin {
  const { graph } = operand;
  const mapping = new Map<Value, Value>([[cut, cache]]);
  const repetition = findRepetition(chain, types);
  for (const node of chain) {
    if (node === repetition?.expand) {
      mapping.set(node.output(), present(mapping.get(node.input(0)), "what is repeated"));
    } else if (node === repetition?.join) {
      const b = new Builder(graph, "window");
      const single = present(mapping.get(node.input(0)), "what is joined");
      mapping.set(node.output(), b.op("Squeeze", [single, b.ints([repetition.axis])]));
    } else copyNode(node, graph, mapping);
  }
  const value = present(mapping.get(operand), "the twin of an operand");
  return { value, repeats: repetition?.repeats ?? 1 };
}

/** Shapes that were read off the stream told the size of the whole prompt, from which masks are made: they still do. */
function keepPromptShapes(
  graph: Graph,
  own: ReadonlySet<Value>,
  { b, types, sizes, batch, token, length }: Context,
): void {
  for (const node of graph.nodes) {
    const of = node.inputs[0];
    if (node.op !== "Shape" || !of || !own.has(of)) continue;
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

/** Before a softmax over keys: slots that pad the past, and tokens that pad the window, have no weight. */
function maskAbsent(node: Node, context: Context): void {
  if (node.op !== "Softmax" && node.op !== "LogSoftmax") return;
  const axes = axesAt(node, 0, context);
  const axis = axisOf(node, axes, -1);
  if (sizeOf(axes[axis] ?? []) !== undefined) return;
  if (!isExactly(axes[axis], "keys") || axis !== axes.length - 1 || !isExactly(axes[0], "batch"))
    throw new NotWindowable("a softmax over tokens that are not the last axis of rows apart");
  const added = addedMask(node.input(0), axes, context);
  if (added === undefined)
    node.replaceInput(0, withoutAbsent(node.input(0), { axes, rank: axes.length }, context));
  else
    added.node.replaceInput(
      added.index,
      withoutAbsent(added.mask, { axes: added.axes, rank: axes.length }, context),
    );
}

/** The mask that the file itself adds to these scores, alike for all heads, so that blocks can share one. */
function addedMask(
  scores: Value,
  axes: Axes,
  { alignment, types }: Context,
):
  | { readonly node: Node; readonly index: number; readonly mask: Value; readonly axes: Axes }
  | undefined {
  const node = scores.producer;
  if (node?.op !== "Add" || scores.uses.length !== 1) return undefined;
  for (const index of [0, 1]) {
    const mask = node.input(index);
    const picked = alignment.picked(mask);
    if (picked === undefined || types.knownDtype(picked.from) !== "float32") continue;
    const isShared = fixedSize(picked.axes.flat()) < fixedSize(axes.flat());
    if (isShared && isExactly(picked.axes.at(-1), "keys"))
      return { node, index, mask, axes: picked.axes };
  }
  return undefined;
}

/** `value`, scores or a mask that is added to some of `rank` axes, with {@link ABSENT} at the keys that are not there. */
function withoutAbsent(
  value: Value,
  { axes, rank }: { readonly axes: Axes; readonly rank: number },
  { b, valid, masked, ...context }: Context,
): Value {
  const known = masked.get(value);
  if (known !== undefined) return known;
  const inner = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const isThere = b.op("Unsqueeze", [valid, b.ints(inner)]);
  const made = b.op("Where", [isThere, value, b.float(ABSENT)]);
  const there: Axes = [["batch"], ...inner.map((): Axis => []), ["keys"]];
  context.axes.set(made, broadcastAxes([there, axes]));
  masked.set(value, made);
  return made;
}

/** A product over other tokens: with the past, and with the window. Returns the axes of the window's part. */
function meet(node: Node, { value, repeats }: Twin, context: Context): Axes {
  const { b, sizes } = context;
  const [a, here] = [axesAt(node, 0, context), axesAt(node, 1, context)];
  if (node.int("transA", 0) !== 0) throw new NotWindowable("a transposed left operand");
  const isTurned = node.int("transB", 0) !== 0;
  const [columns, contracted] = [here.at(isTurned ? -2 : -1), here.at(isTurned ? -1 : -2)];
  const lead = [...broadcastAxes([a.slice(0, -2), here.slice(0, -2)]), present(a.at(-2), "rows")];
  if (!lead.every((axis, i) => sameAxis(axis, a[i] ?? [])))
    throw new NotWindowable("keys of more heads than there are queries");
  const past = { value, repeats, axes: present(context.axes.get(value), "axes of the past") };
  const withPast = (rows: Value, last: Axis): Value =>
    multiplyPast(node, { rows: { value: rows, axes: [...lead, last] }, past }, { b, sizes });
  const users = [...node.output().uses];
  const replace = (result: Value, axes: Axes): void => {
    for (const { node: user, index } of users) user.replaceInput(index, result);
    context.axes.set(result, axes);
  };
  if (isExactly(columns, "window")) {
    const scores = withPast(node.input(0), present(a.at(-1), "columns"));
    replace(b.op("Concat", [scores, node.output()], { axis: -1n }), [...lead, ["keys"]]);
    return [...lead, ["window"]];
  }
  if (!isExactly(a.at(-1), "keys") || !isExactly(contracted, "window"))
    throw new NotWindowable("two activations meet otherwise than queries and keys");
  const parts = b.op("Concat", [sizes.axis(["past"]), sizes.axis(["window"])], { axis: 0n });
  const { outputs } = b.node("Split", [node.input(0), parts], { axis: -1n }, { outputs: 2 });
  node.replaceInput(0, present(outputs[1], "window"));
  const axes = [...lead, present(columns, "columns")];
  const carried = withPast(present(outputs[0], "past"), ["past"]);
  replace(b.op("Add", [carried, node.output()]), axes);
  return axes;
}
