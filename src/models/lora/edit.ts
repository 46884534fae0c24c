/**
 * @file Writes a {@link LoraPlan} into a graph. The frozen weights are not touched:
 *
 *   y′ = y + s · (x Aᵀ) Bᵀ               linear layer; every user of y takes y′
 *   y′ = y + s · (A[:, ids])ᵀ Bᵀ         embedding
 *
 * A and B point into the adapter's file; products are in float32, as PEFT computes them for a float32 adapter.
 */
import { Builder } from "../../onnx/builder.js";
import type { Model, Node, Value } from "../../onnx/graph.js";
import type { DType, Tensor } from "../../onnx/tensor.js";
import { TypeInference } from "../../onnx/type-inference.js";
import type { LoraPlan, Product } from "./plan.js";
import type { Replacement } from "./plan-replacements.js";

const FUSED = { domain: "com.microsoft" };

/** Edits the model in place; returns what stands for each value that was replaced. */
export function applyLora(model: Model, plan: LoraPlan): Map<Value, Value> {
  const { graph } = model;
  if (!model.opsets.has("com.microsoft")) model.opsets.set("com.microsoft", 1);
  const types = new TypeInference(graph);
  const dtypes = new Map(
    plan.products.map(({ module }) => [
      module,
      { input: types.dtype(module.input), output: types.dtype(module.output) },
    ]),
  );
  const operandTypes = plan.replacements.map(({ uses }) =>
    uses.map(({ node, index }) => types.dtype(node.input(index))),
  );
  plan.replacements.forEach((each, i) => {
    replaceParameter(graph, each, operandTypes[i] ?? []);
  });
  const moved = new Map<Value, Value>();
  for (const product of plan.products) {
    const { input, output } = dtypes.get(product.module) ?? { input: "float32", output: "float32" };
    moved.set(product.module.output, addProduct(graph, product, { input, output }));
  }
  graph.prune();
  return moved;
}

interface Ends {
  readonly input: DType;
  readonly output: DType;
}

function addProduct(graph: Model["graph"], product: Product, { input, output }: Ends): Value {
  const { module, scale, a, b, bias } = product;
  const builder = new Builder(graph, `${module.path}/lora`);
  const weight = (name: string, tensor: Tensor): Value =>
    graph.addInitializer(graph.freshName(`${module.path}.${name}`), tensor);
  const float = (value: Value, dtype: DType): Value =>
    dtype === "float32" ? value : builder.cast(value, "float32");
  const timesTransposed = (left: Value, right: Value, alpha: number): Value =>
    builder.op("FusedMatMul", [left, right], { transB: 1n, alpha }, FUSED);

  const B = float(weight("lora_B", b), b.dtype);
  const A = weight("lora_A", a);
  const low =
    module.kind === "linear"
      ? timesTransposed(float(module.input, input), float(A, a.dtype), 1)
      : rowsOf(builder, float(builder.op("Gather", [A, module.input], { axis: 1n }), a.dtype));
  const scaled = timesTransposed(low, B, scale);
  const delta =
    bias === undefined
      ? scaled
      : builder.op("Add", [
          scaled,
          builder.op("Mul", [float(weight("lora_B.bias", bias), bias.dtype), builder.float(scale)]),
        ]);
  return joinInto(
    builder,
    module.output,
    output === "float32" ? delta : builder.cast(delta, output),
  );
}

/** `[rank, batch, token]` → `[batch, token, rank]` */
function rowsOf(b: Builder, gathered: Value): Value {
  return b.op("Transpose", [gathered], { perm: [1n, 2n, 0n] });
}

/** y + Δ takes the place of y, and its name where y is an output of the model. */
function joinInto(b: Builder, y: Value, delta: Value): Value {
  const { graph } = b;
  const sum = b.node("Add", [y, delta]);
  const joined = sum.output();
  joined.type = y.type;
  const isOutput = y.isOutput;
  graph.replaceAllUses(y, joined, { keep: new Set<Node>([sum]), outputs: "replace" });
  if (isOutput) {
    const { name } = y;
    graph.rename(y, graph.freshName(`${name}/frozen`));
    graph.rename(joined, name);
  }
  return joined;
}

function replaceParameter(
  graph: Model["graph"],
  { key, uses, tensor, isTransposed }: Replacement,
  dtypes: readonly DType[],
): void {
  const b = new Builder(graph, `${key}/lora`);
  const stored = graph.addInitializer(graph.freshName(key), tensor);
  const turned = isTransposed ? b.op("Transpose", [stored], { perm: [1n, 0n] }) : stored;
  uses.forEach(({ node, index }, i) => {
    const wanted = dtypes[i] ?? tensor.dtype;
    node.replaceInput(index, wanted === tensor.dtype ? turned : b.cast(turned, wanted));
  });
}
