/**
 * @file Activation functions by the names that `config.json` uses for them.
 */
import type { Builder } from "../../onnx/builder.js";
import type { Value } from "../../onnx/graph.js";

const MICROSOFT = { domain: "com.microsoft" };

type Emit = (b: Builder, x: Value) => Value;

/** x · σ(x), as the runtime's fused operator: α = 1. */
const silu: Emit = (b, x) => b.op("QuickGelu", [x], { alpha: 1 }, MICROSOFT);
/** ½ x (1 + erf(x / √2)). */
const gelu: Emit = (b, x) => b.op("Gelu", [x], {}, MICROSOFT);
/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). Its many names differ in how it is computed, not in what. */
const tanhGelu: Emit = (b, x) => b.op("FastGelu", [x], {}, MICROSOFT);
const relu: Emit = (b, x) => b.op("Relu", [x]);

const ACTIVATIONS = {
  silu,
  swish: silu,
  gelu,
  gelu_python: gelu,
  gelu_new: tanhGelu,
  gelu_fast: tanhGelu,
  gelu_accurate: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  gelu_python_tanh: tanhGelu,
  quick_gelu: (b, x) => b.op("QuickGelu", [x], { alpha: 1.702 }, MICROSOFT),
  relu,
  relu2: (b, x) => {
    const y = relu(b, x);
    return b.op("Mul", [y, y]);
  },
  tanh: (b, x) => b.op("Tanh", [x]),
  sigmoid: (b, x) => b.op("Sigmoid", [x]),
} as const satisfies Record<string, Emit>;

/** Name of an activation that can be written. */
export type Activation = keyof typeof ACTIVATIONS;

/** All names. */
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly Activation[];

/** Writes an activation, elementwise. */
export function activate(b: Builder, x: Value, name: Activation): Value {
  return ACTIVATIONS[name](b, x);
}
