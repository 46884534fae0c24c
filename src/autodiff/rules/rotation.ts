/**
 * @file Derivative of the rotary position embedding: a rotation of pairs, whose transpose turns them back.
 */
import type { Value } from "../../onnx/graph.js";
import { defineRules, mustBeFrozen, noGradient, type RuleCase } from "../rule.js";

const INPUTS = { positions: 1, cos: 2, sin: 3 } as const;
const ANGLES = mustBeFrozen("angles are taken as constants");

/** −sin, one for all rotations by these angles. */
function negated({ b, x }: RuleCase): Value {
  const sin = x(INPUTS.sin);
  const known = sin.uses.find(({ node }) => node.op === "Neg")?.node.output();
  return known ?? b.neg(sin);
}

export const ROTATION_RULES = defineRules([
  // y = [a cos − b sin, b cos + a sin] at each pair (a, b);  dx = the same with −sin
  {
    op: "com.microsoft.RotaryEmbedding",
    saves: ["x1", "x2", "x3"],
    refuses: ({ node }) =>
      [...node.attributes.keys()].length > 0 ? "attributes other than the defaults" : undefined,
    vjp: (rule) => {
      const { b, dy, x } = rule;
      const turnedBack = (): Value =>
        b.contrib("RotaryEmbedding", [dy, x(INPUTS.positions), x(INPUTS.cos), negated(rule)]);
      return [turnedBack, noGradient("positions"), ANGLES, ANGLES];
    },
  },
]);
