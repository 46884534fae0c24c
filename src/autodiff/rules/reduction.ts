/**
 * @file Derivatives of reductions: the gradient is spread back over the reduced axes.
 */
import type { Value } from "../../onnx/graph.js";
import { defineRules, noGradient, type Gradient, type RuleCase } from "../rule.js";

const AXES = noGradient("axes");

function entries({ nInputs }: RuleCase, dx: () => Value): Gradient[] {
  return [dx, AXES].slice(0, nInputs);
}

/** Does this node, without axes or with an empty list of them, return its input? */
function isNoop({ optional, attributes }: RuleCase): boolean {
  if (attributes.int("noop_with_empty_axes", 0) !== 1) return false;
  const input = optional(1);
  if (input !== undefined) return input.numbers?.length === 0;
  return !attributes.has("axes") || attributes.ints("axes").length === 0;
}

/** Puts reduced axes back with size 1, so that the value broadcasts against x. A full reduction is a scalar already. */
function restoreAxes(rule: RuleCase, reduced: Value): Value {
  const { b, optional, attributes } = rule;
  if (attributes.int("keepdims", 1) === 1 || isNoop(rule)) return reduced;
  const axes = optional(1) ?? (attributes.has("axes") ? attributes.ints("axes") : []);
  const isAll = "graph" in axes ? axes.numbers?.length === 0 : axes.length === 0;
  return isAll ? reduced : b.unsqueeze(reduced, axes);
}

function spread(rule: RuleCase): Value {
  return rule.b.expandLike(restoreAxes(rule, rule.dy), rule.x(0));
}

/** How many elements were averaged into one, in the element type of dy. */
function meanCount({ b, dy, x, y }: RuleCase): Value {
  const size = (value: Value): Value => b.castLike(b.op("Size", [value]), dy);
  return b.div(size(x(0)), size(y(0)));
}

export const REDUCTION_RULES = defineRules([
  // y = Σ x;  dx = dy, spread
  { op: "ReduceSum", saves: ["x*"], vjp: (rule) => entries(rule, () => spread(rule)) },

  // y = Σ x / n;  dx = dy / n, spread
  {
    op: "ReduceMean",
    saves: ["x*", "y0"],
    vjp: (rule) => {
      const averaged = (): RuleCase => ({ ...rule, dy: rule.b.div(rule.dy, meanCount(rule)) });
      return entries(rule, () => spread(averaged()));
    },
  },

  // y = ln Σ eˣ;  dx = e^(x − y) dy. By the output, so that no exponential exceeds 1
  {
    op: "ReduceLogSumExp",
    saves: ["x*", "y0"],
    vjp: (rule) => {
      const { b, dy, x, y } = rule;
      return entries(rule, () => {
        const share = b.op("Exp", [b.sub(x(0), restoreAxes(rule, y(0)))]);
        return b.mul(share, restoreAxes(rule, dy));
      });
    },
  },
]);
