/**
 * @file Derivatives of matrix products. A frozen weight is used as it lies, transposed by a flag and never copied.
 *
 *   Y = α A′ B′, A′ = A or Aᵀ, B′ = B or Bᵀ
 *   dA = α dY B′ᵀ, transposed where A is;  dB = α A′ᵀ dY, transposed where B is
 */
import type { Value } from "../../onnx/graph.js";
import { defineRules, type Gradient, type RuleCase, type RuleQuestion } from "../rule.js";
import { unbroadcast } from "../unbroadcast.js";

interface Product {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly alpha: number;
}

const PLAIN: Product = { transA: false, transB: false, alpha: 1 };

/** Operands and flags of the product that gives the gradient of each side. */
function gradientOperands(
  { dy, x }: RuleCase,
  { transA, transB, alpha }: Product,
): {
  readonly a: () => readonly [Value, Value, Product];
  readonly b: () => readonly [Value, Value, Product];
} {
  return {
    a: () =>
      transA
        ? [x(1), dy, { transA: transB, transB: true, alpha }]
        : [dy, x(1), { transA: false, transB: !transB, alpha }],
    b: () =>
      transB
        ? [dy, x(0), { transA: true, transB: transA, alpha }]
        : [x(0), dy, { transA: !transA, transB: false, alpha }],
  };
}

/** Both sides of a product whose leading (batch) axes broadcast. */
function batched(rule: RuleCase, product: Product): Gradient[] {
  const operands = gradientOperands(rule, product);
  const gradient = (i: number, side: "a" | "b") => (): Value =>
    unbroadcast(rule.b, rule.b.matmul(...operands[side]()), { x: rule.x(i), matrix: true });
  return [gradient(0, "a"), gradient(1, "b")];
}

function refusesVectors({ node, types }: RuleQuestion): string | undefined {
  const ranks = [node.input(0), node.input(1)].map((value) => types.shape(value)?.length);
  return ranks.some((rank) => rank !== undefined && rank < 2)
    ? "an operand is a vector; only matrices are covered"
    : undefined;
}

/** Gemm on matrices:  Y = α A′ B′ + β C;  dC = β dY summed to the shape of C. */
function gemm(rule: RuleCase): Gradient[] {
  const { b, dy, x, attributes, nInputs } = rule;
  const operands = gradientOperands(rule, {
    transA: attributes.int("transA", 0) !== 0,
    transB: attributes.int("transB", 0) !== 0,
    alpha: attributes.float("alpha", 1),
  });
  const product = (side: "a" | "b") => (): Value => {
    const [left, right, { transA, transB, alpha }] = operands[side]();
    const flags = { transA: transA ? 1n : 0n, transB: transB ? 1n : 0n, alpha };
    return b.op("Gemm", [left, right], flags);
  };
  const beta = attributes.float("beta", 1);
  const bias = (): Value => unbroadcast(b, b.mul(dy, beta), { x: x(2) });
  return [product("a"), product("b"), bias].slice(0, nInputs);
}

export const MATMUL_RULES = defineRules([
  {
    op: "MatMul",
    saves: ["x*"],
    refuses: refusesVectors,
    vjp: (rule) => batched(rule, PLAIN),
  },
  {
    op: "com.microsoft.FusedMatMul",
    saves: ["x*"],
    refuses: (question) => {
      const { node } = question;
      const hasBatchFlags = node.int("transBatchA", 0) !== 0 || node.int("transBatchB", 0) !== 0;
      return hasBatchFlags ? "transposed batch axes" : refusesVectors(question);
    },
    vjp: (rule) =>
      batched(rule, {
        transA: rule.attributes.int("transA", 0) !== 0,
        transB: rule.attributes.int("transB", 0) !== 0,
        alpha: rule.attributes.float("alpha", 1),
      }),
  },
  { op: "Gemm", saves: ["x*"], vjp: gemm },
]);
