/**
 * @file One fused operator in a graph of its own: run by the runtime's kernel, written out in primitives, and
 * differentiated, for the laws of the decompositions.
 */
import { differentiate } from "../../src/autodiff/differentiate.js";
import { checkGradient, type GradientCheck } from "../../src/autodiff/gradient-check.js";
import { MasAuditError } from "../../src/errors.js";
import { Builder } from "../../src/onnx/builder.js";
import {
  Graph,
  type AttributeValue,
  type Dim,
  type Model,
  type Value,
} from "../../src/onnx/graph.js";
import { decompose } from "../../src/onnx/passes/decompose/index.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { createSession } from "../../src/runtime/session.js";
import { int64, tensor, type Feeds, type RuntimeTensor } from "../../src/runtime/tensor.js";
import { stream } from "../../src/stats/stream.js";
import { DEFAULT_COTANGENT, operatorOf } from "./gradient-case.js";
import { runModel } from "./run-model.js";
import { modelOf } from "./tiny-models.js";

/** One input of the operator. */
export interface FusedInput {
  readonly dtype: "float32" | "int32" | "int64" | "bool";
  readonly dims: readonly number[];
  readonly values: readonly number[];
  /** Declared dimensions. @defaultValue the sizes */
  readonly shape?: readonly Dim[];
  /** A constant of the graph. */
  readonly frozen?: boolean;
  /** Gets a gradient. */
  readonly active?: boolean;
}

export interface FusedSpec {
  /** Operator, with its domain unless that is ai.onnx. */
  readonly op: string;
  readonly opset?: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly inputs: readonly (FusedInput | null)[];
  /** Elements of the output that count; those of padded positions do not. */
  readonly isReal?: (element: number) => boolean;
}

/** Numbers in [−1, 1) that no two inputs share. */
export function noise(name: string, dims: readonly number[]): number[] {
  const rng = stream(11, name);
  const count = dims.reduce((n, size) => n * size, 1);
  return Array.from({ length: count }, () => 2 * rng.next() - 1);
}

/** An active float input of random numbers. */
export function activeInput(
  name: string,
  dims: readonly number[],
  shape: readonly Dim[] = dims,
): FusedInput {
  return { dtype: "float32", dims, values: noise(name, dims), shape, active: true };
}

function constantOf(b: Builder, name: string, { dtype, dims, values }: FusedInput): Value {
  if (dtype !== "float32") throw new Error("frozen inputs are float32");
  return b.graph.addInitializer(name, float32Tensor(values, dims));
}

/** The operator in a graph of its own; its output is "y". */
export function fusedModel({ op, opset = 20, attributes, inputs }: FusedSpec): Model {
  const graph = new Graph("fused");
  const b = new Builder(graph, "fused");
  const values = inputs.map((input, i) => {
    if (input === null) return null;
    if (input.frozen === true) return constantOf(b, `x${i}`, input);
    return graph.addInput(`x${i}`, { dtype: input.dtype, shape: input.shape ?? input.dims });
  });
  const { opType, domain } = operatorOf(op);
  const y = b.op(opType, values, attributes, { domain });
  graph.rename(y, "y");
  y.type = { dtype: "float32" };
  graph.outputs.push(y);
  return { ...modelOf(graph, opset), irVersion: 10 };
}

export function feedsOf({ inputs }: FusedSpec): Feeds {
  return Object.fromEntries(
    inputs.flatMap((input, i) =>
      input === null || input.frozen === true ? [] : [[`x${i}`, runtimeTensor(input)]],
    ),
  );
}

function runtimeTensor({ dtype, dims, values }: FusedInput): RuntimeTensor {
  if (dtype === "int64") return int64(dims, values);
  if (dtype === "int32") return tensor("int32", dims, Int32Array.from(values));
  if (dtype === "bool") return tensor("bool", dims, Uint8Array.from(values));
  return tensor("float32", dims, Float32Array.from(values));
}

/** Largest difference of the real elements of "y" between two models on the same feeds; NaN when one is NaN. */
export async function difference(spec: FusedSpec, a: Model, b: Model): Promise<number> {
  const feeds = feedsOf(spec);
  const [ya, yb] = [await runModel(a, feeds), await runModel(b, feeds)].map((run) =>
    Array.from(run["y"]!.data as Float32Array),
  );
  if (ya!.length !== yb!.length) return NaN;
  const distances = ya!.map((each, i) =>
    spec.isReal?.(i) === false ? 0 : Math.abs(each - yb![i]!),
  );
  return Math.max(0, ...distances);
}

/** The operator written out; `edit` may plant a fault. */
export function decomposed(spec: FusedSpec, edit?: (graph: Graph) => void): Model {
  const model = fusedModel(spec);
  decompose(model);
  edit?.(model.graph);
  return model;
}

/** What `decomposed` says is not covered; fails the test when nothing is. */
export function refusalOf(spec: FusedSpec): string {
  try {
    decomposed(spec);
  } catch (error) {
    if (error instanceof MasAuditError && error.code === "FUSED_OPERATOR") return error.found ?? "";
    throw error;
  }
  throw new Error("nothing is refused");
}

/** Largest difference between the runtime's kernel and the primitives. */
export async function deviationFromKernel(
  spec: FusedSpec,
  edit?: (graph: Graph) => void,
): Promise<number> {
  return difference(spec, fusedModel(spec), decomposed(spec, edit));
}

/** Checks the gradient of the primitives, with respect to all active inputs, against central differences. */
export async function checkFusedGradient(
  spec: FusedSpec,
  options: { readonly step: number; readonly tolerance: number },
): Promise<GradientCheck> {
  const model = decomposed(spec);
  const { graph } = model;
  const y = graph.outputs[0]!;
  const cotangent = graph.addInput("u", {
    dtype: "float32",
    ...(y.type?.shape && { shape: y.type.shape }),
  });
  const active = spec.inputs.flatMap((input, i) => (input?.active === true ? [{ input, i }] : []));
  const gradients = active.map(({ i }) => {
    const wrt = graph.inputs.find(({ name }) => name === `x${i}`)!;
    const gradient = differentiate(model, { loss: y, wrt, cotangent });
    graph.rename(gradient, `d${i}`);
    gradient.type = { dtype: "float32" };
    graph.outputs.push(gradient);
    return `d${i}`;
  });
  const session = await createSession(model, { threads: 1 });
  const { dims, data } = (await runModel(decomposed(spec), feedsOf(spec)))["y"]!;
  const weight = Float32Array.from(data as Float32Array, (_, i) =>
    spec.isReal?.(i) === false ? 0 : DEFAULT_COTANGENT(i),
  );
  const run = async (x: Float64Array): Promise<Record<string, RuntimeTensor>> => {
    const feeds: Record<string, RuntimeTensor> = {
      ...feedsOf(spec),
      u: tensor("float32", dims, weight),
    };
    let offset = 0;
    for (const { input, i } of active) {
      const part = x.slice(offset, (offset += input.values.length));
      feeds[`x${i}`] = tensor("float32", input.dims, Float32Array.from(part));
    }
    return session.run(feeds);
  };
  try {
    return await checkGradient(
      {
        forward: async (x) =>
          // elements that do not count have weight 0 and may be anything
          Array.from((await run(x))["y"]!.data as Float32Array, (each, i) =>
            weight[i] === 0 ? 0 : each * weight[i]!,
          ),
        backward: async (x) => {
          const outputs = await run(x);
          return gradients.flatMap((name) => Array.from(outputs[name]!.data as Float32Array));
        },
      },
      {
        x: Float64Array.from(active.flatMap(({ input }) => input.values)),
        rng: stream(3, "fused gradient"),
        directions: 2,
        ...options,
      },
    );
  } finally {
    await session.release();
  }
}
