import { afterAll, describe, expect, it } from "vitest";
import { checkGradient, type CheckedFunction } from "../../src/autodiff/gradient-check.js";
import type { Model, Node } from "../../src/onnx/graph.js";
import { int64Tensor } from "../../src/onnx/tensor.js";
import { stream } from "../../src/stats/stream.js";
import { gradientGraph, type Case, type GradientGraph } from "../support/gradient-case.js";
import { SPECS } from "./specs.js";

const STEP = 1e-5;
const TOLERANCE = 1e-8; // as in laws/vjp.test.ts: ε^⅔ with room for the condition of the operator

const X = Float64Array.from([0.3, -0.7, 1.1]);

/** Σ sin x, with a gradient that is right up to `fault`. */
function sine(fault: (gradient: number, i: number) => number): CheckedFunction {
  return {
    forward: (x) => Promise.resolve(x.map(Math.sin)),
    backward: (x) => Promise.resolve(x.map((each, i) => fault(Math.cos(each), i))),
  };
}

const check = (f: CheckedFunction, step = STEP): ReturnType<typeof checkGradient> =>
  checkGradient(f, { x: X, rng: stream(3, "check"), step, tolerance: TOLERANCE });

describe("checkGradient", () => {
  it("accepts the right gradient and shows both numbers", async () => {
    const { verdict, directions, worst } = await check(sine((g) => g));
    expect(verdict).toBe("agrees");
    expect(directions).toHaveLength(3);
    expect(worst).toBeLessThan(TOLERANCE);
    for (const { analytic, numeric } of directions) expect(analytic).not.toBe(numeric);
  });

  it.each([
    ["a flipped sign", (g: number) => -g],
    ["a factor of 1.001", (g: number) => 1.001 * g],
    ["one wrong element", (g: number, i: number) => (i === 1 ? g + 0.01 : g)],
    ["a gradient of zero", () => 0],
  ])("refuses %s", async (_, fault) => {
    expect((await check(sine(fault))).verdict).toBe("disagrees");
  });

  it.each([NaN, Infinity])("calls a gradient of %s not finite", async (bad) => {
    expect((await check(sine(() => bad))).verdict).toBe("not-finite");
  });

  it("calls a loss of NaN not finite", async () => {
    const f = sine((g) => g);
    const broken = { ...f, forward: (x: Float64Array) => Promise.resolve(x.map(() => NaN)) };
    expect((await check(broken)).verdict).toBe("not-finite");
  });

  it("throws for a gradient of another size", async () => {
    const f = { ...sine((g) => g), backward: () => Promise.resolve([1]) };
    await expect(check(f)).rejects.toThrow("a gradient of 1 for 3 inputs");
  });

  it("has an error that falls like the square of the step and then rises: it measures something", async () => {
    const errors = await Promise.all(
      [1e-1, 1e-2, 1e-3, 1e-13].map(
        async (step) =>
          (
            await check(
              sine((g) => g),
              step,
            )
          ).worst,
      ),
    );
    const [e1, e2, e3, tiny] = errors as [number, number, number, number];
    expect(e1 / e2).toBeGreaterThan(90);
    expect(e1 / e2).toBeLessThan(110);
    expect(e2 / e3).toBeGreaterThan(90);
    expect(e2 / e3).toBeLessThan(110);
    expect(tiny).toBeGreaterThan(e3);
  });
});

describe("faults planted in a gradient graph are caught", () => {
  const open: GradientGraph[] = [];
  afterAll(() => Promise.all(open.map(({ session }) => session.release())));

  async function verdictOf(op: string, spec: Case, edit: (model: Model) => void): Promise<string> {
    const graph = await gradientGraph(spec, { op, opset: 18, knowledge: "sizes", edit });
    open.push(graph);
    const options = { x: graph.x, rng: stream(1, op), step: STEP, tolerance: TOLERANCE };
    return (await checkGradient(graph.asChecked(), options)).verdict;
  }

  /** The first node of the backward pass with this operator. */
  function backwardNode(model: Model, opType: string): Node {
    return model.graph.nodes.find((n) => n.opType === opType && n.name.startsWith("gradient/"))!;
  }

  /** Bypasses a node: its users read its first input. */
  function bypass(model: Model, opType: string): void {
    const node = backwardNode(model, opType);
    model.graph.replaceAllUses(node.output(), node.input(0));
  }

  const casesOf = (op: string, i = 0): Case => SPECS[op]![i]!;

  it("none of the graphs below fails before its fault is planted", async () => {
    for (const [op, i] of [
      ["Sub", 0],
      ["MatMul", 3],
      ["Transpose", 1],
      ["Softmax", 0],
    ] as const)
      expect(await verdictOf(op, casesOf(op, i), () => undefined)).toBe("agrees");
  });

  it("a flipped sign", async () => {
    expect(
      await verdictOf("Sub", casesOf("Sub"), (model) => {
        bypass(model, "Neg");
      }),
    ).toBe("disagrees");
  });

  it("a dropped transpose of a square operand", async () => {
    const square: Case = {
      inputs: [
        { kind: "active", dims: [3, 3], domain: (rng) => rng.normal() },
        { kind: "active", dims: [3, 3], domain: (rng) => rng.normal() },
      ],
    };
    expect(
      await verdictOf("MatMul", square, (model) => {
        bypass(model, "Transpose");
      }),
    ).toBe("disagrees");
  });

  it("a permutation that is not inverted", async () => {
    const cube: Case = {
      inputs: [{ kind: "active", dims: [3, 3, 3], domain: (rng) => rng.normal() }],
      attributes: { perm: [1n, 2n, 0n] },
    };
    expect(
      await verdictOf("Transpose", cube, (model) => {
        const perm = { kind: "ints", value: [1n, 2n, 0n] } as const;
        backwardNode(model, "Transpose").attributes.set("perm", perm);
      }),
    ).toBe("disagrees");
  });

  it("a sum over the wrong axis", async () => {
    const square: Case = {
      inputs: [{ kind: "active", dims: [3, 3], domain: (rng) => rng.normal() }],
    };
    expect(
      await verdictOf("Softmax", square, (model) => {
        const axes = model.graph.addInitializer("wrong", int64Tensor([0]));
        backwardNode(model, "ReduceSum").replaceInput(1, axes);
      }),
    ).toBe("disagrees");
  });

  it("a missing sum over a broadcast axis shows as a gradient of another size", async () => {
    const row: Case = {
      inputs: [
        { kind: "frozen", dims: [2, 3], domain: (rng) => rng.normal() },
        { kind: "active", dims: [3], domain: (rng) => rng.normal() },
      ],
    };
    await expect(
      verdictOf("Add", row, (model) => {
        bypass(model, "ReduceSum");
      }),
    ).rejects.toThrow("a gradient of 6 for 3 inputs");
  });
});
