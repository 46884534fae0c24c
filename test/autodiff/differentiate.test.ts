import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.js";
import { defineRules } from "../../src/autodiff/rule.js";
import { InvariantError, UnsupportedOperatorError } from "../../src/errors.js";
import { Builder } from "../../src/onnx/builder.js";
import { declareContribOperators, Graph, type Model, type Value } from "../../src/onnx/graph.js";
import { float64Tensor } from "../../src/onnx/tensor.js";
import { tensor } from "../../src/runtime/tensor.js";
import { runModel } from "../support/run-model.js";
import { modelOf } from "../support/tiny-models.js";

interface Fixture {
  readonly model: Model;
  readonly b: Builder;
  readonly x: Value;
  readonly constant: (values: readonly number[], dims?: readonly number[]) => Value;
}

function fixture(dims: readonly number[], opset = 18): Fixture {
  const graph = new Graph("test");
  const b = new Builder(graph, "test");
  return {
    model: modelOf(graph, opset),
    b,
    x: graph.addInput("x", { dtype: "float64", shape: dims }),
    constant: (values, shape = [values.length]) => b.constant(float64Tensor(values, shape)),
  };
}

/** The gradient of `loss` at `at`. */
async function gradientAt(
  { model, x }: Fixture,
  loss: Value,
  at: readonly number[],
): Promise<number[]> {
  const gradient = differentiate(model, { loss, wrt: x });
  const output = new Builder(model.graph, "out").op("Identity", [gradient]);
  output.type = { dtype: "float64" };
  model.graph.outputs.push(output);
  model.graph.prune();
  const shape = x.type!.shape as number[];
  const results = await runModel(model, { x: tensor("float64", shape, Float64Array.from(at)) });
  return Array.from(results[output.name]!.data, Number);
}

describe("differentiate", () => {
  it("gives the gradient that is worked out by hand: x² · W at 2×2", async () => {
    const f = fixture([2, 2]);
    const y = f.b.op("MatMul", [f.b.op("Mul", [f.x, f.x]), f.constant([1, 2, 3, 4], [2, 2])]);
    // d Σ y / dx_ij = 2 x_ij (W_j1 + W_j2), row sums of W: 3 and 7
    expect(await gradientAt(f, y, [1, 2, 3, 4])).toEqual([6, 28, 18, 56]);
  });

  it("sums the contributions of every user of a value", async () => {
    const f = fixture([1]);
    const y = f.b.op("Add", [f.b.op("Mul", [f.x, f.x]), f.b.op("Neg", [f.x])]);
    expect(await gradientAt(f, y, [3])).toEqual([5]);
  });

  it("of a composition is the chain of the two gradients", async () => {
    const inner = (f: Fixture, x: Value): Value => f.b.op("Exp", [x]);
    const outer = (f: Fixture, y: Value): Value => f.b.op("Mul", [y, f.b.op("Tanh", [y])]);
    const at = [0.1, -0.4, 0.9];
    const both = fixture([3]);
    const [whole, ofInner, ofOuter] = await Promise.all([
      gradientAt(both, outer(both, inner(both, both.x)), at),
      (async () => {
        const f = fixture([3]);
        return gradientAt(f, inner(f, f.x), at);
      })(),
      (async () => {
        const f = fixture([3]);
        return gradientAt(f, outer(f, f.x), at.map(Math.exp));
      })(),
    ]);
    whole.forEach((each, i) => {
      // one rounding per factor
      expect(Math.abs(each - ofInner[i]! * ofOuter[i]!)).toBeLessThanOrEqual(1e-12);
    });
  });

  it("never gives weights a gradient: only nodes for active inputs are emitted", () => {
    const f = fixture([2, 2]);
    const y = f.b.op("MatMul", [f.x, f.constant([1, 2, 3, 4], [2, 2])]);
    differentiate(f.model, { loss: y, wrt: f.x });
    const products = f.model.graph.nodes.filter(({ opType }) => opType === "MatMul");
    expect(products).toHaveLength(2); // the forward one and dx
  });

  it("ignores what does not reach the loss", async () => {
    const f = fixture([2]);
    f.b.op("NoSuchOperator", [f.x]);
    expect(await gradientAt(f, f.b.op("Neg", [f.x]), [1, 2])).toEqual([-1, -1]);
  });

  it("stops at shapes and comparisons", async () => {
    const f = fixture([2]);
    const count = f.b.cast(f.b.op("Size", [f.x]), "float64");
    const isPositive = f.b.cast(f.b.op("Greater", [f.x, f.constant([0], [])]), "float64");
    const y = f.b.op("Mul", [f.b.op("Mul", [f.x, count]), isPositive]);
    expect(await gradientAt(f, y, [1, -2])).toEqual([2, 0]);
  });

  it("refuses all operators without a rule at once, with counts and the first node", () => {
    const f = fixture([2]);
    const selu = f.b.op("Selu", [f.b.op("Selu", [f.x])]);
    const y = f.b.op("Conv", [selu, selu]);
    const act = (): Value => differentiate(f.model, { loss: y, wrt: f.x });
    expect(act).toThrow(UnsupportedOperatorError);
    try {
      act();
    } catch (error) {
      const { code, found } = error as UnsupportedOperatorError;
      expect(code).toBe("UNSUPPORTED_OPERATORS");
      expect(found).toContain('Selu ×2 (no rule; first: node "test/Selu" (Selu))');
      expect(found).toContain("Conv ×1");
    }
  });

  it("refuses a form of an operator that its rule does not cover, with the reason", () => {
    const f = fixture([2, 2]);
    const y = f.b.op("MatMul", [f.x, f.constant([1, 2])]);
    expect(() => differentiate(f.model, { loss: y, wrt: f.x })).toThrow(
      expect.objectContaining({
        found: expect.stringContaining("an operand is a vector") as string,
      }),
    );
  });

  it("refuses a gradient through an input that has none", () => {
    const f = fixture([2]);
    const y = f.b.op("Pow", [f.constant([2], []), f.x]);
    expect(() => differentiate(f.model, { loss: y, wrt: f.x })).toThrow(
      expect.objectContaining({ code: "NO_GRADIENT", found: "exponents are constants" }),
    );
  });

  it("passes over an input that is read for its type only", async () => {
    const f = fixture([2]);
    expect(await gradientAt(f, f.b.op("CastLike", [f.x, f.x]), [1, 2])).toEqual([1, 1]);
  });

  it("refuses opsets before 13", () => {
    const f = fixture([2], 12);
    const y = f.b.op("Neg", [f.x]);
    expect(() => differentiate(f.model, { loss: y, wrt: f.x })).toThrow(
      expect.objectContaining({ code: "OPSET" }),
    );
  });

  it("throws when the loss does not depend on the value", () => {
    const f = fixture([2]);
    const y = f.constant([1, 2]);
    expect(() => differentiate(f.model, { loss: y, wrt: f.x })).toThrow(InvariantError);
  });
});

describe("conventions at kinks and singular points", () => {
  it("Relu and Abs have gradient 0 at 0", async () => {
    for (const op of ["Relu", "Abs"]) {
      const f = fixture([3]);
      const [below, at] = await gradientAt(f, f.b.op(op, [f.x]), [-1, 0, 1]);
      expect([below === 0 || below === -1, at]).toEqual([true, 0]);
    }
  });

  it("Clip passes at its edges", async () => {
    const f = fixture([4]);
    const y = f.b.op("Clip", [f.x, f.constant([-1], []), f.constant([1], [])]);
    expect(await gradientAt(f, y, [-1, 1, -1.5, 1.5])).toEqual([1, 1, 0, 0]);
  });

  it("ties of Max share the gradient equally", async () => {
    const f = fixture([2]);
    const y = f.b.op("Max", [f.x, f.constant([1, 1]), f.constant([0, 1])]);
    expect(await gradientAt(f, y, [1, 2])).toEqual([0.5, 1]);
  });

  it("x² has gradient 0 at 0, where the general form of Pow would give 0 · ∞ for small exponents", async () => {
    const f = fixture([1]);
    expect(await gradientAt(f, f.b.op("Pow", [f.x, f.constant([0], [])]), [0])).toEqual([0]);
  });

  it("a value that Where does not choose gets exactly 0, even where its own derivative is infinite or NaN", async () => {
    const f = fixture([2]);
    const isPositive = f.b.op("Greater", [f.x, f.constant([0], [])]);
    const safe = f.b.op("Where", [isPositive, f.x, f.constant([1], [])]);
    const y = f.b.op("Where", [isPositive, f.b.op("Log", [safe]), f.constant([0], [])]);
    expect(await gradientAt(f, y, [2, -1])).toEqual([0.5, 0]);
  });

  it.each(["the exporters' Where(IsNaN(P), 0, P)", "another use of IsNaN(P)"])(
    "fully masked rows of attention are stopped by %s",
    async (form) => {
      const f = fixture([2, 2]);
      const mask = f.constant([0, 0, -Infinity, -Infinity], [2, 2]);
      const p = f.b.op("Softmax", [f.b.op("Add", [f.x, mask])], { axis: -1n });
      const isNaN = f.b.op("IsNaN", [p]);
      const zero = f.constant([0], []);
      const guarded = form.startsWith("the")
        ? f.b.op("Where", [isNaN, zero, p])
        : f.b.op("Where", [f.b.op("Not", [isNaN]), p, zero]);
      const y = f.b.op("Mul", [guarded, f.constant([1, 3, 1, 3], [2, 2])]);
      // p = (½, ½): dp₁ = p₁ p₂ (1 − 3)
      expect(await gradientAt(f, y, [0, 0, 0, 0])).toEqual([-0.5, 0.5, 0, 0]);
    },
  );

  it("QuickGelu has its slope far out too, where x − y cancels", async () => {
    const xs = Array.from({ length: 401 }, (_, i) => (i - 200) / 2);
    for (const alpha of [1, 1.702]) {
      const f = fixture([xs.length]);
      declareContribOperators(f.model);
      const single = f.b.cast(f.x, "float32"); // the kernel knows no other type
      const y = f.b.op("QuickGelu", [single], { alpha }, { domain: "com.microsoft" });
      const found = await gradientAt(f, f.b.cast(y, "float64"), xs);
      const errors = xs.map((x, i) => {
        const s = 1 / (1 + Math.exp(-alpha * x));
        return Math.abs(found[i]! - s - alpha * x * s * (1 - s));
      });
      // |x − y| is wrong by 2⁻²⁴ · 17 / α and what the kernel's σ is wrong by, 2⁻²³ of 17 / α: 3e-6
      expect(Math.max(...errors)).toBeLessThan(3.1e-6);
    }
  });

  it("says shapes that are known, and reshapes once where the model did so several times", async () => {
    const f = fixture([2, 6]);
    f.x.type = { dtype: "float64", shape: ["n", 6] };
    const pairs = f.b.op("Reshape", [f.x, f.b.ints([0, 3, 2])]);
    const apart = f.b.op("Reshape", [pairs, f.b.ints([0, 2, 3])]);
    const y = f.b.op("Mul", [apart, f.constant([1, 2, 3, 4, 5, 6], [2, 3])]);
    const gradient = differentiate(f.model, { loss: y, wrt: f.x });
    expect(gradient.producer?.opType).toBe("Reshape");
    expect(gradient.producer?.inputs[0]?.producer?.opType).toBe("Mul");
    expect(gradient.producer?.inputs[1]?.numbers).toEqual([-1, 6]);
    f.x.type = { dtype: "float64", shape: [2, 6] };
    const output = f.b.op("Identity", [gradient]);
    output.type = { dtype: "float64" };
    f.model.graph.outputs.push(output);
    f.model.graph.prune();
    const x = tensor("float64", [2, 6], new Float64Array(12));
    const results = await runModel(f.model, { x });
    const weights = [1, 2, 3, 4, 5, 6];
    expect([...results[output.name]!.data]).toEqual([...weights, ...weights]);
  });

  it("does not expand the gradient of a sum that a product broadcasts anyway", async () => {
    // y = (Σ_j x_ij w_j)², of which the derivative by x_ij is 2 (Σ_j x_ij w_j) w_j
    const inner = (f: Fixture): Value =>
      f.b.op("ReduceSum", [f.b.op("Mul", [f.x, f.constant([1, 2, 3])]), f.b.ints([-1])]);
    const f = fixture([2, 3]);
    const sums = inner(f);
    const y = f.b.op("Mul", [sums, sums]);
    expect(await gradientAt(f, y, [1, 0, 0, 0, 1, 1])).toEqual([2, 4, 6, 10, 20, 30]);
    expect(f.model.graph.nodes.map(({ opType }) => opType)).not.toContain("Expand");
  });

  it("ReduceLogSumExp is stable for large and for masked logits, forward and backward", async () => {
    for (const opset of [13, 18]) {
      const f = fixture([4], opset);
      const masked = f.b.op("Add", [f.x, f.constant([0, 0, -1e30, -1e30])]);
      const y =
        opset < 18
          ? f.b.op("ReduceLogSumExp", [masked], { axes: [-1n], keepdims: 0n })
          : f.b.op("ReduceLogSumExp", [masked, f.b.ints([-1])], { keepdims: 0n });
      expect(await gradientAt(f, y, [500, -500, 500, 400])).toEqual([1, 0, 0, 0]);
    }
  });
});

describe("defineRules", () => {
  it("refuses two rules for one operator", () => {
    const row = { op: "Neg", saves: [], vjp: () => [] };
    expect(() => defineRules([row, row])).toThrow("two rules for Neg");
  });
});
