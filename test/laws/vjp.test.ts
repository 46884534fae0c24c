import { afterAll, describe, expect, it } from "vitest";
import { checkGradient } from "../../src/autodiff/gradient-check.js";
import { RULES } from "../../src/autodiff/rules.js";
import { stream } from "../../src/stats/stream.js";
import { SPECS } from "../autodiff/specs.js";
import {
  gradientGraph,
  type Case,
  type GradientGraph,
  type Knowledge,
} from "../support/gradient-case.js";

/**
 * Step and relative tolerance of a central difference. float64: the error of the difference is ε^⅔ ≈ 4·10⁻¹¹ at
 * h = 10⁻⁵, with room for the condition of the operator. float32: at h = 5·10⁻³ rounding leaves ε/h ≈ 2·10⁻⁵ and the
 * third derivative h² ≈ 2.5·10⁻⁵.
 */
const DIFFERENCE = {
  float64: { step: 1e-5, tolerance: 1e-8 },
  float32: { step: 5e-3, tolerance: 1e-3 },
} as const;

/** Sums of at most 10² products, no difference of large numbers: 10² ε, and as much again for the sums. */
const LINEAR = { float64: 1e-12, float32: 1e-4 } as const;

const KNOWLEDGE: readonly Knowledge[] = ["sizes", "ranks", "nothing"];
const DEFAULT_OPSETS = [13, 18, 20];

/** Every opset of a case with every degree of knowledge about shapes, each at least once. */
function variants(spec: Case): { opset: number; knowledge: Knowledge }[] {
  const opsets = spec.opsets ?? DEFAULT_OPSETS;
  const knowledge = spec.needsRank === true ? KNOWLEDGE.slice(0, 2) : KNOWLEDGE;
  const n = Math.max(opsets.length, knowledge.length);
  return Array.from({ length: n }, (_, i) => ({
    opset: opsets[i % opsets.length]!,
    knowledge: knowledge[i % knowledge.length]!,
  }));
}

const open: GradientGraph[] = [];
afterAll(() => Promise.all(open.map(({ session }) => session.release())));

async function* graphsOf(op: string): AsyncGenerator<{ graph: GradientGraph; label: string }> {
  for (const [i, spec] of SPECS[op]!.entries()) {
    for (const variant of variants(spec)) {
      const graph = await gradientGraph(spec, { op, ...variant });
      open.push(graph);
      yield { graph, label: `case ${i}, opset ${variant.opset}, shapes: ${variant.knowledge}` };
    }
  }
}

it("every rule has a row in specs.ts and every row a rule", () => {
  expect(Object.keys(SPECS).sort()).toEqual([...RULES.keys()].sort());
});

describe.each(Object.keys(SPECS))("the gradient of %s", (op) => {
  it("agrees with central differences, has the shapes of its inputs and is linear in the cotangent", async () => {
    for await (const { graph, label } of graphsOf(op)) {
      const { dtype, x } = graph;
      const check = await checkGradient(graph.asChecked(), {
        x,
        rng: stream(1, label),
        ...DIFFERENCE[dtype],
      });
      expect(check.verdict, `${label}: ${JSON.stringify(check)}`).toBe("agrees");

      const u = (k: number): number => Math.cos(3 * k);
      const v = (k: number): number => 1 / (1 + k);
      const [of, zero, du, dv, both] = await Promise.all([
        graph.run(x),
        graph.run(x, () => 0),
        graph.run(x, u),
        graph.run(x, v),
        graph.run(x, (k) => 2 * u(k) - 3 * v(k)),
      ]);
      expect(of.shapes, label).toEqual(graph.active.map(({ dims }) => dims));
      // zero cotangents give exactly zero, of either sign
      expect(
        zero.gradient.every((each) => each === 0),
        label,
      ).toBe(true);
      const scale = Math.max(1, ...du.gradient.map(Math.abs), ...dv.gradient.map(Math.abs));
      both.gradient.forEach((each, i) => {
        const expected = 2 * du.gradient[i]! - 3 * dv.gradient[i]!;
        expect(Math.abs(each - expected), label).toBeLessThanOrEqual(LINEAR[dtype] * scale);
      });
    }
  });
});
