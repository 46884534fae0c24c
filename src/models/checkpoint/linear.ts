/**
 * @file Linear layers and norms. A weight is used as it lies, transposed by a flag, so that forward and backward share it.
 */
import type { Builder } from "../../onnx/builder.js";
import type { Value } from "../../onnx/graph.js";
import type { LinearSpec, NormSpec } from "./architecture.js";
import type { Parameters } from "./parameters.js";

/** Where a part of the graph is written: weights come from `weights`, nodes go through `b`. */
export interface Writing {
  readonly b: Builder;
  readonly weights: Parameters;
}

/**
 * x W′ᵀ + bias, `[batch, token, from]` → `[batch, token, to]`.
 *
 * The product's node carries the module's path as its name; its output is the product before any bias. Readers of the
 * graph (low-rank adapters) rely on both.
 */
export function linear(writing: Writing, x: Value, spec: LinearSpec): Value {
  const { module, from, to, layout = "out-in" } = spec;
  const weight = writing.weights.float32(
    `${module}.weight`,
    layout === "out-in" ? [to, from] : [from, to],
  );
  const product = multiply(writing, x, { module, weight, transposed: layout === "out-in" });
  if (!spec.bias) return product;
  return writing.b.op("Add", [product, writing.weights.float32(`${module}.bias`, [to])]);
}

/** The product of a module with its weight. */
export function multiply(
  { b: { graph } }: Writing,
  x: Value,
  at: { readonly module: string; readonly weight: Value; readonly transposed: boolean },
): Value {
  const { module, weight, transposed } = at;
  const common = { name: graph.freshNodeName(module), inputs: [x, weight] };
  const outputs = [graph.freshName(`${module}/product`)];
  const node = transposed
    ? graph.addNode({
        ...common,
        opType: "FusedMatMul",
        domain: "com.microsoft",
        outputs,
        attributes: { transB: 1n },
      })
    : graph.addNode({ ...common, opType: "MatMul", outputs });
  return node.output();
}

/** Normalises the last axis, which has `width` numbers. */
export function norm({ b, weights }: Writing, x: Value, spec: NormSpec): Value {
  const { module, kind, width, eps, unitOffset = false } = spec;
  const stored = weights.float32(`${module}.weight`, [width]);
  const weight = unitOffset ? b.op("Add", [stored, b.float(1)]) : stored;
  const attributes = { axis: -1n, epsilon: eps, stash_type: 1n };
  return kind === "rms"
    ? b.op("SimplifiedLayerNormalization", [x, weight], attributes)
    : b.op(
        "LayerNormalization",
        [x, weight, weights.float32(`${module}.bias`, [width])],
        attributes,
      );
}
