/**
 * @file Derivatives of the fused activations, which exporters write in the ai.onnx and com.microsoft domains.
 */
import type { Value } from "../../onnx/graph.js";
import type { Emitter } from "../emitter.js";
import { defineRules, type Gradient, type RuleCase } from "../rule.js";
import { unbroadcast } from "../unbroadcast.js";

/** y = x Φ(x);  dy/dx = Φ(x) + x φ(x), Φ and φ of the standard normal distribution. */
function geluSlope(b: Emitter, x: Value): Value {
  const erf = b.op("Erf", [b.mul(x, Math.SQRT1_2)]);
  const cdf = b.mul(b.add(erf, b.scalar(1, x)), 0.5);
  const bell = b.op("Exp", [b.mul(b.mul(x, x), -0.5)]);
  return b.add(cdf, b.mul(b.mul(x, bell), 1 / Math.sqrt(2 * Math.PI)));
}

const C = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/**
 * y = ½ x (1 + t), t = tanh u, u = C (x + CUBIC x³);  dy/dx = ½ (1 + t) + ½ x (1 − t²) u′, u′ = C (1 + 3 CUBIC x²)
 */
function tanhGeluSlope(b: Emitter, x: Value): Value {
  const square = b.mul(x, x);
  const one = b.scalar(1, x);
  const u = b.mul(b.mul(x, b.add(one, b.mul(square, CUBIC))), C);
  const t = b.op("Tanh", [u]);
  const slopeOfU = b.mul(b.add(one, b.mul(square, 3 * CUBIC)), C);
  const inner = b.mul(b.mul(x, b.from(1, b.mul(t, t))), slopeOfU);
  return b.mul(b.add(b.add(one, t), inner), 0.5);
}

/**
 * y = x s, s = σ(αx);  dy/dx = s + αx s (1 − s) = s + s α (x − y). Where s rounds to 1 the difference is exactly 0, and
 * below that |αx| < 17, so that the rounding of y adds at most 1e-6 to a slope near 1.
 */
function quickGeluSlope(b: Emitter, { x, y }: { x: Value; y: Value }, alpha: number): Value {
  const s = b.op("Sigmoid", [b.mul(x, alpha)]);
  return b.add(s, b.mul(s, b.mul(b.sub(x, y), alpha)));
}

/** y = f(x + bias), bias optional:  dx = f′(x + bias) dy, and the bias the same summed. */
function biased(
  { b, dy, x, optional, nInputs }: RuleCase,
  slope: (b: Emitter, x: Value) => Value,
): Gradient[] {
  const bias = optional(1);
  const inner = (): Value => (bias === undefined ? x(0) : b.add(x(0), bias));
  const part = (i: number) => () => unbroadcast(b, b.mul(slope(b, inner()), dy), { x: x(i) });
  return [part(0), part(1)].slice(0, nInputs);
}

export const ACTIVATION_RULES = defineRules([
  {
    op: "Gelu",
    saves: ["x0"],
    vjp: ({ b, dy, x, attributes }) => {
      const isTanh = attributes.string("approximate", "none") === "tanh";
      return [() => b.mul(isTanh ? tanhGeluSlope(b, x(0)) : geluSlope(b, x(0)), dy)];
    },
  },
  {
    op: "com.microsoft.Gelu",
    saves: ["x0"],
    vjp: ({ b, dy, x }) => [() => b.mul(geluSlope(b, x(0)), dy)],
  },
  { op: "com.microsoft.BiasGelu", saves: ["x*"], vjp: (rule) => biased(rule, geluSlope) },
  { op: "com.microsoft.FastGelu", saves: ["x*"], vjp: (rule) => biased(rule, tanhGeluSlope) },
  {
    op: "com.microsoft.QuickGelu",
    saves: ["x0", "y0"],
    vjp: ({ b, dy, x, y, attributes }) => [
      // 1.702 is the operator's own default
      () => b.mul(quickGeluSlope(b, { x: x(0), y: y(0) }, attributes.float("alpha", 1.702)), dy),
    ],
  },
]);
