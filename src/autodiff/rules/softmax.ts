/**
 * @file Derivatives of the softmax family, by the output: stable wherever the forward pass is.
 */
import type { Node, Value } from "../../onnx/graph.js";
import type { Emitter } from "../emitter.js";
import { defineRules } from "../rule.js";

/**
 * Exporters guard attention by `Where(IsNaN(P), 0, P)`: rows in which every key is masked with −∞ are NaN. The guard
 * stops a NaN of the forward pass, but P itself stands in the derivative, where 0 · NaN would be NaN again. So where
 * somebody guards P, the derivative uses the guarded value.
 */
function guarded(b: Emitter, y: Value): Value {
  const test = y.uses.map(({ node }) => node).find((node) => node.opType === "IsNaN");
  if (test === undefined) return y;
  const isNaN = test.output();
  const found = isNaN.uses.map(({ node }) => node).find((node) => isZeroGuard(node, y));
  return found?.output() ?? b.op("Where", [isNaN, b.scalar(0, y), y]);
}

function isZeroGuard(node: Node, y: Value): boolean {
  const [, zero, other] = node.inputs;
  return node.opType === "Where" && other === y && zero?.numbers?.every((v) => v === 0) === true;
}

export const SOFTMAX_RULES = defineRules([
  // y = softmax x;  dx = y (dy − Σ y dy)
  {
    op: "Softmax",
    saves: ["y0"],
    vjp: ({ b, dy, y, attributes }) => [
      () => {
        const p = guarded(b, y(0));
        const mean = b.reduceSum(b.mul(p, dy), [attributes.int("axis", -1)]);
        return b.mul(p, b.sub(dy, mean));
      },
    ],
  },

  // y = x − ln Σ eˣ;  dx = dy − e^y Σ dy
  {
    op: "LogSoftmax",
    saves: ["y0"],
    vjp: ({ b, dy, y, attributes }) => [
      () => {
        const total = b.reduceSum(dy, [attributes.int("axis", -1)]);
        return b.sub(dy, b.mul(b.op("Exp", [y(0)]), total));
      },
    ],
  },
]);
