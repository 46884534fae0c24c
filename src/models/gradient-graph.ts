/**
 * @file The gradient of any graph, as a graph: reverse mode for models that no training framework sees any more. Nothing
 * is run here, and nothing is known of transformers.
 *
 * The vector–Jacobian products are those of Griewank and Walther, "Evaluating Derivatives" (2008), chapter 3: one
 * backward pass, whose cost is a small multiple of the forward pass whatever the number of inputs.
 */
import { findActive } from "../autodiff/active.js";
import { differentiateAll, type Loss } from "../autodiff/differentiate.js";
import { Builder } from "../onnx/builder.js";
import { inferredType } from "../onnx/annotate-types.js";
import type { Graph, Model, Value, ValueType } from "../onnx/graph.js";
import { constants } from "../onnx/passes/constants.js";
import { decompose } from "../onnx/passes/decompose/index.js";
import { exactNBits } from "../onnx/passes/exact-nbits.js";
import { expandFunctions } from "../onnx/passes/expand-functions.js";
import { foldIdentity } from "../onnx/passes/fold-identity.js";
import { lateDequantise } from "../onnx/passes/late-dequantise.js";
import { applyPasses } from "../onnx/passes/pass.js";
import { splitBiasedGelu } from "../onnx/passes/split-biased-gelu.js";
import { splitEmbedNorm } from "../onnx/passes/split-embed-norm.js";
import { splitSkipNorm } from "../onnx/passes/split-skip-norm.js";
import { isFloat } from "../onnx/tensor.js";
import { TypeInference } from "../onnx/type-inference.js";
import { didYouMean, listNames } from "../plan/did-you-mean.js";
import { throwProblems, type Problem } from "../plan/problems.js";
import { dropIdleInputs } from "./tail.js";

/** Which values to differentiate for. */
interface GradientTargets {
  /**
   * Names of floating-point inputs; also of weights or of values inside the graph. Each gets an output
   * `gradient/NAME` of its own shape and element type.
   */
  readonly wrt: readonly string[];
}

/** The gradient of one value. */
export interface LossGradient extends GradientTargets {
  /** Name of a floating-point value of any shape; the gradient is that of the sum of its elements. */
  readonly loss: string;
}

/** The gradient of any function of several outputs, given how that function changes with them. */
export interface UpstreamGradient extends GradientTargets {
  /**
   * Names of floating-point outputs (or of values inside the graph). For each there is an input `upstream/NAME`, of its
   * shape and element type: the gradient of whatever is made of it.
   */
  readonly outputs: readonly string[];
}

/** What a gradient graph differentiates, and for what. */
export type GradientRequest = LossGradient | UpstreamGradient;

/**
 * What is rewritten first, on a copy. Calls of functions, constants and fused operators become primitive operators that
 * have rules; inputs and outputs stay.
 */
const PREPARATION = [
  ...[expandFunctions, constants, foldIdentity],
  ...[splitSkipNorm, splitEmbedNorm, splitBiasedGelu, exactNBits],
] as const;

/**
 * Turns a model, in place, into one that computes what was asked for *and* its gradient, in one run. Inputs: those that
 * are still needed, then `upstream/NAME` for each of `outputs`; outputs: the loss or the outputs under their own names,
 * then `gradient/NAME` for each of `wrt`.
 *
 * @throws {@link PlanError} with every name that the graph does not have, that is no floating-point value, or that takes
 * no part; {@link UnsupportedOperatorError} with every operator on the way that has no derivative.
 */
export function toGradientGraph(source: Model, request: GradientRequest): void {
  applyPasses(source, PREPARATION);
  decompose(source);
  const { losses, wrt } = resolve(source.graph, request);
  const { graph } = source;
  graph.outputs.splice(0, Infinity, ...losses);
  graph.prune(); // what is not asked for need not be understood
  checkConnected(graph, { losses, wrt });
  declareTypes(losses);
  const seeds: readonly Loss[] =
    "loss" in request ? losses.map((loss) => ({ loss })) : addUpstream(graph, losses);
  const slopes = differentiateAll(source, { losses: seeds, wrt });
  addGradients(source, { wrt, slopes });
  applyPasses(source, [lateDequantise]);
  graph.prune();
  // inputs for upstream gradients are part of the interface, also where the function is linear
  const upstream = seeds.flatMap(({ cotangent }) => cotangent ?? []);
  dropIdleInputs(graph, new Set([...graph.outputs, ...upstream]));
}

interface Ends {
  readonly losses: readonly Value[];
  readonly wrt: readonly Value[];
}

/** The values that a request names. @throws {@link PlanError} with every name that is none, or no float. */
function resolve(graph: Graph, request: GradientRequest): Ends {
  const types = new TypeInference(graph);
  const values = valuesOf(graph);
  const problems: Problem[] = [];
  const find = (what: string, names: readonly string[]): Value[] =>
    names.flatMap((name, i) => {
      const value = values.get(name);
      const problem =
        (names.indexOf(name) < i && { expected: "every name once", found: "it again" }) ||
        (value === undefined && unknownName(name, [...values.keys()])) ||
        (value !== undefined && notFloat(types, value));
      if (problem) problems.push({ what: `${what} "${name}"`, ...problem });
      return value === undefined ? [] : [value];
    });
  const losses = "loss" in request ? find("loss", [request.loss]) : find("output", request.outputs);
  const wrt = find("wrt", request.wrt);
  const lists = "loss" in request ? { wrt } : { outputs: losses, wrt };
  for (const [what, found] of Object.entries(lists))
    if (found.length === 0 && problems.length === 0)
      problems.push({ what: `"${what}"`, expected: "at least one name", found: "none" });
  throwProblems(problems, { kind: "plan", code: "GRADIENT_REQUEST", of: "gradientOf" });
  return { losses, wrt };
}

function valuesOf(graph: Graph): ReadonlyMap<string, Value> {
  const made = graph.nodes.flatMap((node) => node.outputs).filter(({ name }) => name !== "");
  return new Map(
    [...graph.inputs, ...graph.initializers, ...made].map((value) => [value.name, value]),
  );
}

function unknownName(name: string, known: readonly string[]): Omit<Problem, "what"> {
  const near = didYouMean(name, known);
  const few = listNames(known.slice(0, 12));
  return {
    expected: `a value of the graph, such as ${few}`,
    found: "no such value",
    ...near,
  };
}

function notFloat(types: TypeInference, value: Value): Omit<Problem, "what"> | undefined {
  const dtype = types.knownDtype(value);
  if (dtype !== undefined && isFloat(dtype)) return undefined;
  return { expected: "a floating-point value", found: dtype ?? "an unknown element type" };
}

/** @throws {@link PlanError} with every loss and every `wrt` that no differentiable way connects to one of the others. */
function checkConnected(graph: Graph, { losses, wrt }: Ends): void {
  const { values } = findActive(graph, { losses, wrt, types: new TypeInference(graph) });
  const alone = (what: string, expected: string, ends: readonly Value[]): Problem[] =>
    ends
      .filter((value) => !values.has(value))
      .map(({ name }) => ({
        ...{ what: `${what} "${name}"`, expected },
        found: "no differentiable way between them",
      }));
  throwProblems(
    [
      ...alone("wrt", "a value that the result depends on", wrt),
      ...alone("output", "a value that depends on one of wrt", losses),
    ],
    { kind: "plan", code: "GRADIENT_UNCONNECTED", of: "gradientOf" },
  );
}

/** Values from inside the graph become outputs, which have to declare their types. */
function declareTypes(values: readonly Value[]): void {
  for (const value of values) value.type = typeOf(value);
}

/** The declared type, else the inferred one. */
function typeOf(value: Value, types = new TypeInference(value.graph)): ValueType {
  if (value.type?.shape !== undefined) return value.type;
  return inferredType(types, value) ?? { dtype: types.dtype(value) };
}

function addUpstream(graph: Graph, outputs: readonly Value[]): readonly Loss[] {
  return outputs.map((loss) => {
    const name = vacate(graph, `upstream/${loss.name}`);
    return { loss, cotangent: graph.addInput(name, typeOf(loss)) };
  });
}

function addGradients(
  { graph }: Model,
  { wrt, slopes }: { readonly wrt: readonly Value[]; readonly slopes: readonly Value[] },
): void {
  const types = new TypeInference(graph);
  const b = new Builder(graph, "gradient");
  slopes.forEach((slope, i) => {
    const of = wrt[i];
    if (of === undefined) return;
    // two gradients may be one value, or an input: an output must be neither
    const output = b.op("Identity", [slope]);
    graph.rename(output, vacate(graph, `gradient/${of.name}`));
    output.type = typeOf(of, types);
    graph.outputs.push(output);
  });
}

/** Makes a name free: a value of the model that has it gets another. */
function vacate(graph: Graph, name: string): string {
  const holder = graph.find(name);
  if (holder !== undefined) graph.rename(holder, graph.freshName(`model/${name}`));
  return name;
}
