/**
 * @file Derivatives of elementwise operators. Broadcast operands get their gradient back through `unbroadcast`.
 */
import type { Value } from "../../onnx/graph.js";
import { defineRules, mustBeFrozen, noGradient, type Gradient, type RuleCase } from "../rule.js";
import { unbroadcast } from "../unbroadcast.js";

/** One entry per input of an operator that broadcasts its inputs together. */
function broadcast({ b, x }: RuleCase, parts: readonly (() => Value)[]): Gradient[] {
  return parts.map((part, i) => () => unbroadcast(b, part(), { x: x(i) }));
}

/**
 * y = min or max of any number of inputs; ties share the gradient equally:  dx_i = [x_i = y] dy / #ties
 */
function extremum(rule: RuleCase): Gradient[] {
  const { b, dy, x, y, nInputs } = rule;
  const isTop = (i: number): Value => b.castLike(b.op("Equal", [x(i), y(0)]), dy);
  const nTies = (): Value =>
    Array.from({ length: nInputs }, (_, i) => isTop(i)).reduce((sum, each) => b.add(sum, each));
  return broadcast(
    rule,
    Array.from({ length: nInputs }, (_, i) => () => b.div(b.mul(dy, isTop(i)), nTies())),
  );
}

/**
 * y = xᶜ;  dx = c x^(c−1) dy. Known exponents take the forms that need no Pow and have no 0·∞ at x = 0.
 */
function power({ b, dy, x, y }: RuleCase): Value {
  const numbers = x(1).numbers;
  const c = numbers?.length === 1 ? numbers[0] : undefined;
  if (c === 2) return b.mul(b.mul(x(0), 2), dy);
  if (c === 3) return b.mul(b.mul(b.mul(x(0), x(0)), 3), dy);
  if (c === 1) return dy;
  if (c === 0) return b.mul(dy, 0);
  if (c === 0.5) return b.div(b.mul(dy, 0.5), y(0));
  const exponent = b.castLike(x(1), dy);
  const slope = b.mul(exponent, b.op("Pow", [x(0), b.sub(exponent, b.scalar(1, dy))]));
  return b.mul(slope, dy);
}

/** y = clip(x, low, high);  dx = [low ≤ x ≤ high] dy: the edges pass. */
function clip({ b, dy, x, optional }: RuleCase): Value {
  const [low, high] = [optional(1), optional(2)];
  const above = low && b.op("GreaterOrEqual", [x(0), low]);
  const below = high && b.op("LessOrEqual", [x(0), high]);
  const inside = above && below ? b.op("And", [above, below]) : (above ?? below);
  return inside === undefined ? dy : b.keepWhere(inside, dy);
}

const BOUND = mustBeFrozen("bounds are taken as constants");

export const ELEMENTWISE_RULES = defineRules([
  // y = a + b;  da = dy, db = dy
  { op: "Add", saves: ["x*"], vjp: (r) => broadcast(r, [() => r.dy, () => r.dy]) },

  // y = a − b;  da = dy, db = −dy
  { op: "Sub", saves: ["x*"], vjp: (r) => broadcast(r, [() => r.dy, () => r.b.neg(r.dy)]) },

  // y = a b;  da = b dy, db = a dy
  {
    op: "Mul",
    saves: ["x*"],
    vjp: (r) => broadcast(r, [() => r.b.mul(r.dy, r.x(1)), () => r.b.mul(r.dy, r.x(0))]),
  },

  // y = a / b;  da = dy / b, db = −y dy / b: by the output, which saves a square
  {
    op: "Div",
    saves: ["x*", "y0"],
    vjp: (r) => {
      const { b, dy, x, y } = r;
      const da = (): Value => b.div(dy, x(1));
      return broadcast(r, [da, () => b.neg(b.mul(da(), y(0)))]);
    },
  },

  // y = −x;  dx = −dy
  { op: "Neg", saves: [], vjp: ({ b, dy }) => [() => b.neg(dy)] },

  // y = x;  dx = dy
  { op: "Identity", saves: [], vjp: ({ dy }) => [() => dy] },

  // y = x in another element type;  dx = dy in the type of x
  { op: "Cast", saves: ["x0"], vjp: ({ b, dy, x }) => [() => b.castLike(dy, x(0))] },
  {
    op: "CastLike",
    saves: ["x0"],
    vjp: ({ b, dy, x }) => [() => b.castLike(dy, x(0)), noGradient("read for its type only")],
  },

  // inference: y = x;  dx = dy
  {
    op: "Dropout",
    saves: [],
    refuses: ({ node }) => {
      const training = node.inputs[2];
      const isInference = !training || training.numbers?.[0] === 0;
      return isInference ? undefined : "training mode is not known to be off";
    },
    vjp: ({ dy, nInputs }) => [() => dy, noGradient("ratio"), noGradient("mode")].slice(0, nInputs),
  },

  {
    op: "Pow",
    saves: ["x0", "x1", "y0"],
    vjp: (r) => [
      () => unbroadcast(r.b, power(r), { x: r.x(0) }),
      mustBeFrozen("exponents are constants"),
    ],
  },

  // y = √x;  dx = dy / 2y
  { op: "Sqrt", saves: ["y0"], vjp: ({ b, dy, y }) => [() => b.div(b.mul(dy, 0.5), y(0))] },

  // y = 1/x;  dx = −y² dy
  {
    op: "Reciprocal",
    saves: ["y0"],
    vjp: ({ b, dy, y }) => [() => b.neg(b.mul(b.mul(y(0), y(0)), dy))],
  },

  // y = eˣ;  dx = y dy
  { op: "Exp", saves: ["y0"], vjp: ({ b, dy, y }) => [() => b.mul(y(0), dy)] },

  // y = ln x;  dx = dy / x
  { op: "Log", saves: ["x0"], vjp: ({ b, dy, x }) => [() => b.div(dy, x(0))] },

  // y = tanh x;  dx = (1 − y²) dy
  {
    op: "Tanh",
    saves: ["y0"],
    vjp: ({ b, dy, y }) => [() => b.mul(b.from(1, b.mul(y(0), y(0))), dy)],
  },

  // y = σ(x);  dx = y (1 − y) dy
  {
    op: "Sigmoid",
    saves: ["y0"],
    vjp: ({ b, dy, y }) => [() => b.mul(b.mul(y(0), b.from(1, y(0))), dy)],
  },

  // y = erf x;  dx = 2/√π exp(−x²) dy
  {
    op: "Erf",
    saves: ["x0"],
    vjp: ({ b, dy, x }) => [
      () => {
        const bell = b.op("Exp", [b.neg(b.mul(x(0), x(0)))]);
        return b.mul(b.mul(bell, 2 / Math.sqrt(Math.PI)), dy);
      },
    ],
  },

  // y = max(x, 0);  dx = [x > 0] dy, 0 at the kink
  {
    op: "Relu",
    saves: ["y0"],
    vjp: ({ b, dy, y }) => [() => b.keepWhere(b.op("Greater", [y(0), b.scalar(0, y(0))]), dy)],
  },

  // y = |x|;  dx = sign(x) dy, 0 at the kink
  { op: "Abs", saves: ["x0"], vjp: ({ b, dy, x }) => [() => b.mul(b.op("Sign", [x(0)]), dy)] },

  {
    op: "Clip",
    saves: ["x*"],
    vjp: (r) => [() => clip(r), BOUND, BOUND].slice(0, r.nInputs),
  },

  // y = sin x;  dx = cos x dy.   y = cos x;  dx = −sin x dy
  { op: "Sin", saves: ["x0"], vjp: ({ b, dy, x }) => [() => b.mul(b.op("Cos", [x(0)]), dy)] },
  {
    op: "Cos",
    saves: ["x0"],
    vjp: ({ b, dy, x }) => [() => b.neg(b.mul(b.op("Sin", [x(0)]), dy))],
  },

  { op: "Min", saves: ["x*", "y0"], vjp: extremum },
  { op: "Max", saves: ["x*", "y0"], vjp: extremum },

  // y = a where c, else b;  da = dy where c, else 0; db the other way round. A value that is not chosen gets exactly 0,
  // even where it is NaN: no product is formed
  {
    op: "Where",
    saves: ["x*"],
    vjp: ({ b, dy, x }) => [
      noGradient("condition"),
      () => unbroadcast(b, b.keepWhere(x(0), dy), { x: x(1) }),
      () => unbroadcast(b, b.op("Where", [x(0), b.scalar(0, dy), dy]), { x: x(2) }),
    ],
  },
]);
