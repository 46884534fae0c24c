/**
 * @file Derivatives of layer normalisations. Statistics are computed again from x: cheaper than keeping them, and in
 * float32 where x is narrower, as the operators do themselves.
 */
import { present } from "../../errors.js";
import type { Value } from "../../onnx/graph.js";
import type { Emitter } from "../emitter.js";
import {
  defineRules,
  mustBeFrozen,
  type Gradient,
  type Rule,
  type RuleCase,
  type RuleQuestion,
} from "../rule.js";

const WEIGHT = mustBeFrozen("weights are frozen");

/** The normalised axes, counted from the end: all from attribute `axis` on. */
function normalisedAxes({ b, x, attributes }: RuleCase): number[] {
  const axis = attributes.int("axis", -1);
  const n = axis < 0 ? -axis : present(b.types.shape(x(0))?.length, "rank") - axis;
  return Array.from({ length: n }, (_, i) => i - n);
}

/** In float32 unless it is wider already. */
function widen(b: Emitter, x: Value): Value {
  return b.types.dtype(x) === "float64" ? x : b.castTo(x, "float32");
}

function inverseRoot(b: Emitter, meanSquare: Value, epsilon: number): Value {
  return b.op("Reciprocal", [b.op("Sqrt", [b.add(meanSquare, b.scalar(epsilon, meanSquare))])]);
}

/**
 * x̂ = (x − μ)/s (μ = 0 for the root mean square form), s = √(mean((x − μ)²) + ε), y = x̂ w (+ bias), g = w dy:
 * dx = (g − mean(g) − x̂ mean(g x̂)) / s, without mean(g) for the root mean square form
 */
function normalised(rule: RuleCase, isCentred: boolean): Value {
  const { b, dy, x, attributes } = rule;
  const axes = normalisedAxes(rule);
  const wide = widen(b, x(0));
  const centred = isCentred ? b.sub(wide, b.reduceMean(wide, axes)) : wide;
  const square = b.reduceMean(b.mul(centred, centred), axes);
  // 1e-5 is the operators' own default
  const scale = inverseRoot(b, square, attributes.float("epsilon", 1e-5));
  const unit = b.mul(centred, scale);
  const g = b.mul(widen(b, dy), widen(b, x(1)));
  const along = b.mul(unit, b.reduceMean(b.mul(g, unit), axes));
  const across = isCentred ? b.sub(g, b.reduceMean(g, axes)) : g;
  return b.castLike(b.mul(b.sub(across, along), scale), x(0));
}

function refusesOtherOutputs({ node, types }: RuleQuestion): string | undefined {
  if (node.outputs.slice(1).some((value) => value.isUsed))
    return "mean or inverse deviation are used";
  const isCountable = node.int("axis", -1) < 0 || types.shape(node.input(0)) !== undefined;
  return isCountable ? undefined : "an axis counted from the front of an unknown rank";
}

function norm(op: string, isCentred: boolean): Rule {
  return {
    op,
    saves: ["x0", "x1"],
    refuses: refusesOtherOutputs,
    vjp: (rule) => {
      const entries: Gradient[] = [() => normalised(rule, isCentred), WEIGHT, WEIGHT];
      return entries.slice(0, rule.nInputs);
    },
  };
}

export const NORMALISATION_RULES = defineRules([
  norm("LayerNormalization", true),
  norm("RMSNormalization", false),
  // a contrib operator that the runtime registers under ai.onnx
  norm("SimplifiedLayerNormalization", false),
]);
