import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.js";
import { Graph } from "../../src/onnx/graph.js";
import { readNumbers } from "../../src/onnx/tensor.js";
import { tensor } from "../../src/runtime/tensor.js";
import { addPackedProduct, drawPacked, type PackedForm } from "../support/packed-weight.js";
import { runModel } from "../support/run-model.js";
import { modelOf } from "../support/tiny-models.js";

/**
 * A product sums at most 100 terms in float32, in an order of the kernel's own: 100 · 2⁻²⁴ ≈ 6e-6 of the largest sum of
 * magnitudes, which is at most 4 times the largest result drawn here.
 */
const ROUNDING = 3e-5;

const forms: fc.Arbitrary<PackedForm> = fc
  .record({
    bits: fc.constantFrom<PackedForm["bits"][]>(2, 4, 8),
    blockSize: fc.constantFrom<PackedForm["blockSize"][]>(16, 32, 64),
    n: fc.integer({ min: 1, max: 9 }),
    // up to five blocks, the last one full or not; odd counts of blocks leave half a byte of zero points empty
    k: fc.integer({ min: 1, max: 80 }),
    zeroPoints: fc.constantFrom<PackedForm["zeroPoints"][]>("none", "packed", "float"),
    isFlat: fc.boolean(),
    hasBias: fc.boolean(),
    seed: fc.integer({ min: 0, max: 1000 }),
  })
  // the runtime has no kernel for these; the pass "exact-nbits" refuses them
  .filter(({ bits, zeroPoints }) => bits !== 8 || zeroPoints !== "float");

const ROWS = 3;

async function run(
  form: PackedForm,
  edit: (operands: ReturnType<typeof drawPacked>) => ReturnType<typeof drawPacked> = (same) => same,
): Promise<{ forward: number; gradient: number }> {
  const operands = drawPacked(form);
  const { n, k } = form;
  const graph = new Graph("packed");
  const x = graph.addInput("x", { dtype: "float32", shape: ["row", k] });
  const u = graph.addInput("u", { dtype: "float32", shape: ["row", n] });
  const y = addPackedProduct(graph, x, { form, operands: edit(operands) }).output();
  y.type = { dtype: "float32", shape: ["row", n] };
  const model = modelOf(graph, 13);
  const dx = differentiate(model, { loss: y, wrt: x, cotangent: u });
  dx.type = { dtype: "float32", shape: ["row", k] };
  graph.outputs.push(y, dx);
  const data = Array.from({ length: ROWS * k }, (_, i) => Math.sin(1 + i * Math.SQRT2));
  const slope = Array.from({ length: ROWS * n }, (_, i) => Math.cos(2 + i * Math.SQRT2));
  const outputs = await runModel(model, {
    x: tensor("float32", [ROWS, k], Float32Array.from(data)),
    u: tensor("float32", [ROWS, n], Float32Array.from(slope)),
  });
  const { dense, bias } = operands;
  const offsets = bias && readNumbers(bias);
  return {
    forward: deviation(outputs[y.name]!.data, ROWS * n, (i) => {
      const [row, out] = [Math.floor(i / n), i % n];
      const terms = dense[out]!.map((w, column) => w * data[row * k + column]!);
      return { terms, offset: offsets?.[out] ?? 0 };
    }),
    gradient: deviation(outputs[dx.name]!.data, ROWS * k, (i) => {
      const [row, column] = [Math.floor(i / k), i % k];
      return { terms: dense.map((w, out) => w[column]! * slope[row * n + out]!), offset: 0 };
    }),
  };
}

/** Largest |found − expected|, over the largest sum of magnitudes. */
function deviation(
  found: ArrayLike<number | bigint>,
  count: number,
  expected: (i: number) => { terms: readonly number[]; offset: number },
): number {
  expect(found.length).toBe(count);
  let [worst, largest] = [0, 0];
  for (let i = 0; i < count; i++) {
    const { terms, offset } = expected(i);
    const value = terms.reduce((a, b) => a + b, offset);
    const magnitude = terms.reduce((a, b) => a + Math.abs(b), Math.abs(offset));
    const difference = Math.abs(Number(found[i]) - value);
    worst = difference <= worst ? worst : difference;
    largest = Math.max(largest, magnitude);
  }
  return largest === 0 ? worst : worst / largest;
}

describe("the product by a packed weight", () => {
  it("and its gradient are those of the dense weight, for all widths, blocks and forms of zero points", async () => {
    await fc.assert(
      fc.asyncProperty(forms, async (form) => {
        const { forward, gradient } = await run(form);
        expect(forward).toBeLessThanOrEqual(ROUNDING);
        expect(gradient).toBeLessThanOrEqual(ROUNDING);
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  const form: PackedForm = {
    bits: 4,
    blockSize: 16,
    n: 5,
    k: 40,
    zeroPoints: "packed",
    isFlat: false,
    hasBias: false,
    seed: 1,
  };

  it("is not that of a weight whose half bytes are read in the wrong order", async () => {
    const swap = (x: number): number => ((x & 15) << 4) | (x >> 4);
    const found = await run(form, (operands) => {
      const { data, ...packed } = operands.packed;
      const bytes = Uint8Array.from(data.kind === "inline" ? data.bytes : [], swap);
      return { ...operands, packed: { ...packed, data: { kind: "inline", bytes } } };
    });
    expect(found.gradient).toBeGreaterThan(100 * ROUNDING);
  });

  it("is not that of a weight without its zero points", async () => {
    const found = await run(form, (operands) => ({ ...operands, zeroPoints: undefined }));
    expect(found.gradient).toBeGreaterThan(100 * ROUNDING);
  });
});
