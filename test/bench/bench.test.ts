/** @file The benches measure what they say: the arithmetic they divide by, the step they time, the options they take. */
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { UsageError } from "../../src/errors.js";
import { loadModel } from "../../src/models/load.js";
import { buildSuffix } from "../../src/models/suffix.js";
import { relative } from "../support/reference-check.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { blockSizes, stepFlops, type BlockSizes, type StepSizes } from "./arithmetic.js";
import { readOptions } from "./options.js";
import { writeRandomCheckpoint } from "./random-checkpoint.js";
import { spell, spreadOf } from "./spread.js";
import { openStep, type StepRun } from "./step-subject.js";

/** SmolLM2-135M. */
const SMALL: BlockSizes = {
  ...{ dModel: 576, heads: 9, kvHeads: 3, dHead: 64, hidden: 1536, layers: 30 },
};
const STEP: StepSizes = { rows: 256, suffix: 1, tokens: 32, layer: 15, answers: 8 };

/** Sums of float32 products in another order: some thousand roundings of 2^-24, less than this. */
const REORDERED = 1e-4;

describe("the arithmetic minimum", () => {
  it("is the hand-worked count for one token of one row", () => {
    // a block: q, o 2 · 576², k, v 2 · 576 · 192, mlp 3 · 576 · 1536 = 3 538 944 weights, 4 operations each
    const dense = 4 * 3_538_944;
    // 32 keys are seen: 8 · 576 · 32; one of them is the token's own: 4 · 576
    const attention = 8 * 576 * 32 + 4 * 576;
    const head = 4 * 576 * 8;
    expect(stepFlops(SMALL, { ...STEP, rows: 1 })).toBe(15 * (dense + attention) + head);
  });

  it("counts every weight that the suffix graph multiplies by, and no other", async () => {
    const folder = temporaryFolder();
    writeRandomCheckpoint(folder, { layers: 4, dModel: 64 });
    const located = await loadModel(folder, { adapters: ADAPTERS });
    const { graph } = buildSuffix(located, 1, { gradient: false, tokens: "window" });
    const weights = graph.nodes
      .filter(({ opType }) => /MatMul|Gemm/.test(opType))
      .flatMap(({ inputs }) => inputs.flatMap((value) => value?.initializer?.dims ?? []));
    const pairs = weights.length / 2;
    const elements = Array.from({ length: pairs }, (_, i) => weights[2 * i]! * weights[2 * i + 1]!);
    const sizes = { dModel: 64, heads: 2, kvHeads: 1, dHead: 32, hidden: 192, layers: 4 };
    const step = { rows: 1, suffix: 1, tokens: 1, layer: 1, answers: 0 };
    const scores = 3 * 64 * (8 + 4);
    expect(stepFlops(sizes, step) - scores).toBe(4 * elements.reduce((a, b) => a + b, 0));
  });

  it("refuses a model whose blocks it does not know", () => {
    expect(() => blockSizes({ model_type: "gpt2" })).toThrow(/gpt2/);
  });
});

describe("the step that is timed", () => {
  const folder = temporaryFolder();
  writeRandomCheckpoint(folder, { layers: 3, dModel: 64 });
  const run = async (rows: number, naturalness: number): Promise<StepRun> => {
    const located = await loadModel(folder, { adapters: ADAPTERS });
    const sizes = { layer: 1, tokens: 9, suffix: 3, batch: 6, k: 4, rows };
    const subject = await openStep({
      ...{ models: [located, located], ...sizes, session: { threads: 1 } },
    });
    try {
      await subject.run(naturalness);
      return await subject.run(naturalness);
    } finally {
      await subject.release();
    }
  };

  it("gives the same loss and gradient however its rows are cut, and again", async () => {
    const [whole, cut] = [await run(64, 0), await run(5, 0)];
    expect(Math.abs(whole.loss / cut.loss - 1)).toBeLessThan(REORDERED);
    const numbers = ({ gradients }: StepRun): Float32Array[] =>
      gradients.map(({ data }) => Float32Array.from(data));
    expect(relative(numbers(whole), numbers(cut))).toBeLessThan(REORDERED);
  });

  it("tells its time apart into parts that add up", async () => {
    const { ms, graphMs, feedMs } = await run(64, 0.3);
    expect(graphMs).toBeGreaterThan(0);
    expect(feedMs).toBeGreaterThan(0);
    expect(graphMs + feedMs).toBeLessThan(ms);
  });
});

describe("options", () => {
  it("are refused all at once", () => {
    const bad = ["--only", "stop", "--k", "0", "--role", "first", "--tokens", "x"];
    const found = (): string | undefined => {
      try {
        readOptions(bad, undefined);
      } catch (error) {
        if (error instanceof UsageError) return error.found;
      }
      return undefined;
    };
    expect(found()).toMatch(/--role first.*--only stop.*--tokens x.*--k 0/s);
  });

  it("that there are not are refused in a line", () => {
    expect(() => readOptions(["--modell", "x"], undefined)).toThrow(/unknown option '--modell'/);
  });

  it("have the defaults of the figures that are published", () => {
    const options = readOptions([], undefined);
    expect(options).toMatchObject({ tokens: 32, suffix: 1, batch: 64, k: 16, rounds: 7 });
  });
});

describe("spreads", () => {
  it("are median and quartiles, spelled to three digits", () => {
    expect(spell(spreadOf([4, 1, 3, 2, 5]))).toBe("3.00 (2.00 to 4.00)");
  });
});
