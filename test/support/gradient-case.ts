/** @file One operator in a graph of its own, with its gradient, for tests of the derivative table. */
import { differentiate } from "../../src/autodiff/differentiate.js";
import type { CheckedFunction } from "../../src/autodiff/gradient-check.js";
import { Builder } from "../../src/onnx/builder.js";
import {
  Graph,
  type AttributeValue,
  type Dim,
  type Model,
  type Value,
} from "../../src/onnx/graph.js";
import { boolTensor, float32Tensor, float64Tensor, int64Tensor } from "../../src/onnx/tensor.js";
import { createSession, type Device, type Session } from "../../src/runtime/session.js";
import { tensor, type RuntimeTensor } from "../../src/runtime/tensor.js";
import { stream, type Stream } from "../../src/stats/stream.js";
import { modelOf } from "./tiny-models.js";

/** How the elements of an input are drawn; the domain of the operator stands here. */
export type Domain = (rng: Stream, i: number) => number;

export type Input =
  | {
      readonly kind: "active" | "frozen";
      readonly dims: readonly number[];
      readonly domain: Domain;
    }
  | { readonly kind: "ints"; readonly dims: readonly number[]; readonly values: readonly number[] }
  | {
      readonly kind: "bools";
      readonly dims: readonly number[];
      readonly values: readonly boolean[];
    }
  | { readonly kind: "bytes"; readonly dims: readonly number[] }
  | { readonly kind: "omitted" };

export interface Case {
  readonly inputs: readonly Input[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Number of outputs. @defaultValue 1 */
  readonly outputs?: number;
  /** Opsets to emit for. @defaultValue 13, 18 and 20 */
  readonly opsets?: readonly number[];
  /** float32 only where the runtime has no float64 kernel. @defaultValue "float64" */
  readonly dtype?: "float64" | "float32";
  /** The rule has to know the rank. */
  readonly needsRank?: boolean;
}

/** How much the graph tells of the shapes of its inputs: sizes, ranks only, nothing. */
export type Knowledge = "sizes" | "ranks" | "nothing";

export interface GradientGraph {
  readonly session: Session;
  readonly active: readonly { readonly name: string; readonly dims: readonly number[] }[];
  readonly dtype: "float64" | "float32";
  /** Elements of all active inputs, one after the other. */
  readonly x: Float64Array;
  readonly run: (x: Float64Array, cotangent?: Cotangent) => Promise<Outcome>;
  readonly asChecked: () => CheckedFunction;
}

interface Outcome {
  /** Cotangent · outputs, element by element. */
  readonly losses: Float64Array;
  readonly gradient: Float64Array;
  readonly shapes: readonly (readonly number[])[];
}

/** Cotangent of the k-th element of all outputs. */
type Cotangent = (k: number) => number;

/** Irrational steps: no two elements are alike, and none is zero. */
export const DEFAULT_COTANGENT: Cotangent = (k) => Math.sin(1 + k * Math.SQRT2) + 1.2;

/** Takes an operator's name apart, as rules write it: with its domain unless that is ai.onnx. */
export function operatorOf(op: string): { readonly opType: string; readonly domain: string } {
  const at = op.lastIndexOf(".");
  return { opType: op.slice(at + 1), domain: op.slice(0, Math.max(0, at)) };
}

export interface CaseOptions {
  readonly op: string;
  readonly opset: number;
  readonly knowledge: Knowledge;
  /** In place of the case's own: devices other than the CPU have no float64. */
  readonly dtype?: "float32";
  /** @defaultValue "cpu" */
  readonly device?: Device;
  /** Changes the graph before it is run, as a planted fault does. */
  readonly edit?: (model: Model) => void;
}

/** Builds y = op(inputs), its gradient for every active input, and a session for both. */
export async function gradientGraph(
  spec: Case,
  { op, opset, knowledge, edit, dtype: other, device = "cpu" }: CaseOptions,
): Promise<GradientGraph> {
  const dtype = other ?? spec.dtype ?? "float64";
  const rng = stream(7, `case/${op}`);
  const graph = new Graph(op);
  const model = modelOf(graph, opset);
  const b = new Builder(graph, "case");
  const active: { value: Value; dims: readonly number[]; data: number[] }[] = [];
  const inputs = spec.inputs.map((input, i) => {
    if (input.kind === "omitted") return null;
    if (input.kind === "ints")
      return graph.addInitializer(`c${i}`, int64Tensor(input.values, input.dims));
    if (input.kind === "bools")
      return graph.addInitializer(`c${i}`, boolTensor(input.values, input.dims));
    const count = input.dims.reduce((n, size) => n * size, 1);
    if (input.kind === "bytes") {
      const bytes = Uint8Array.from({ length: count }, () => rng.int(256));
      const data = { kind: "inline", bytes } as const;
      return graph.addInitializer(`c${i}`, { dtype: "uint8", dims: input.dims, data });
    }
    const data = Array.from({ length: count }, (_, k) => input.domain(rng, k));
    const make = dtype === "float64" ? float64Tensor : float32Tensor;
    if (input.kind === "frozen") return graph.addInitializer(`c${i}`, make(data, input.dims));
    const shape: readonly Dim[] | undefined = {
      sizes: input.dims,
      ranks: input.dims.map(() => null),
      nothing: undefined,
    }[knowledge];
    const value = graph.addInput(`x${i}`, shape === undefined ? { dtype } : { dtype, shape });
    active.push({ value, dims: input.dims, data });
    return value;
  });
  const { opType, domain } = operatorOf(op);
  const node = b.node(opType, inputs, spec.attributes, {
    outputs: spec.outputs ?? 1,
    domain,
  });
  const cotangents = node.outputs.map((_, i) => graph.addInput(`u${i}`, { dtype }));
  const weighted = node.outputs.map((y, i) => b.op("Mul", [y, cotangents[i]!]));
  // several outputs are joined into one scalar; a single one is differentiated as it is
  const isSingle = node.outputs.length === 1;
  const total = (value: Value): Value => b.op("ReduceSum", [value], { keepdims: 0n });
  const loss = isSingle ? node.output() : weighted.map(total).reduce((p, q) => b.op("Add", [p, q]));
  const gradients = active.map(({ value }) =>
    differentiate(
      model,
      isSingle ? { loss, wrt: value, cotangent: cotangents[0]! } : { loss, wrt: value },
    ),
  );
  graph.outputs.push(...node.outputs);
  for (const output of graph.outputs) output.type = { dtype };
  gradients.forEach((gradient, i) => {
    const output = b.op("Identity", [gradient]);
    output.type = { dtype };
    graph.rename(output, `d${i}`);
    graph.outputs.push(output);
  });
  edit?.(model);
  const session = await createSession(model, { threads: 1, device });
  const names = node.outputs.map(({ name }) => name);
  const x = Float64Array.from(active.flatMap(({ data }) => data));

  const run = async (at: Float64Array, cotangent = DEFAULT_COTANGENT): Promise<Outcome> => {
    const feeds: Record<string, RuntimeTensor> = {};
    let offset = 0;
    for (const { value, dims, data } of active) {
      feeds[value.name] = real(dtype, dims, at.slice(offset, (offset += data.length)));
    }
    const shapes = await outputShapes(feeds);
    let k = 0;
    cotangents.forEach((u, i) => {
      const count = shapes[i]!.reduce((n, size) => n * size, 1);
      feeds[u.name] = real(
        dtype,
        shapes[i]!,
        Float64Array.from({ length: count }, () => cotangent(k++)),
      );
    });
    const outputs = await session.run(feeds);
    const y = names.flatMap((name) => Array.from(outputs[name]!.data, Number));
    return {
      losses: Float64Array.from(y, (value, i) => value * cotangent(i)),
      gradient: Float64Array.from(
        gradients.flatMap((_, i) => Array.from(outputs[`d${i}`]!.data, Number)),
      ),
      shapes: gradients.map((_, i) => outputs[`d${i}`]!.dims),
    };
  };

  let known: readonly (readonly number[])[] | undefined;
  async function outputShapes(
    feeds: Record<string, RuntimeTensor>,
  ): Promise<readonly (readonly number[])[]> {
    known ??= await forwardShapes();
    return known;

    async function forwardShapes(): Promise<number[][]> {
      const forward: Model = { ...model, graph: forwardOnly(spec, { op, dtype, inputs }) };
      const probe = await createSession(forward, { threads: 1 });
      const outputs = await probe.run(feeds);
      await probe.release();
      return probe.outputs.map(({ name }) => [...outputs[name]!.dims]);
    }
  }

  return {
    session,
    active: active.map(({ value, dims }) => ({ name: value.name, dims })),
    dtype,
    x,
    run,
    asChecked: () => ({
      forward: async (at) => (await run(at)).losses,
      backward: async (at) => (await run(at)).gradient,
    }),
  };
}

/** The operator alone, to learn the shapes of its outputs. */
function forwardOnly(
  spec: Case,
  {
    op,
    dtype,
    inputs,
  }: { op: string; dtype: "float64" | "float32"; inputs: readonly (Value | null)[] },
): Graph {
  const graph = new Graph("forward");
  const copies = inputs.map((value) => {
    if (value === null) return null;
    return value.initializer === undefined
      ? graph.addInput(value.name, { dtype })
      : graph.addInitializer(value.name, value.initializer);
  });
  const { opType, domain } = operatorOf(op);
  const node = new Builder(graph, "forward").node(opType, copies, spec.attributes, {
    outputs: spec.outputs ?? 1,
    domain,
  });
  for (const output of node.outputs) output.type = { dtype };
  graph.outputs.push(...node.outputs);
  return graph;
}

function real(
  dtype: "float64" | "float32",
  dims: readonly number[],
  data: Float64Array,
): RuntimeTensor {
  return dtype === "float64"
    ? tensor("float64", dims, data)
    : tensor("float32", dims, Float32Array.from(data));
}
