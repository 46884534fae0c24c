import { describe, expect, it } from "vitest";
import { HostError } from "../../src/errors.js";
import {
  checkMemory,
  estimateMemory,
  formatBytes,
  type MemoryPlan,
} from "../../src/plan/memory.js";

/** SmolLM2-135M: 30 blocks of 3.54 million weights. */
const SMOL = {
  blockParameters: 106.2e6,
  copiedBytes: 4 * 106.2e6,
  copiedHeadBytes: 4 * 49_152 * 576,
  nLayers: 30,
  dModel: 576,
  vocab: 49_152,
};

/** The recorded runs: one audit of 60 items at layer 1, two roles, batch 64, prompts of 8 tokens patched 4 from the end. */
const RUN: MemoryPlan = {
  models: { base: SMOL, tuned: SMOL },
  weightBytes: 538e6,
  copiesWeights: false,
  ownThreads: 0,
  lowestLayer: 1,
  layers: 1,
  items: 60,
  batch: 64,
  gradientRows: 64,
  tokens: 8,
  window: 4,
};

/** The demo models: 5 blocks of 110 thousand weights. */
const TINY = {
  blockParameters: 552_972,
  copiedBytes: 4 * 552_972,
  copiedHeadBytes: 4 * 1000 * 96,
  nLayers: 5,
  dModel: 96,
  vocab: 1000,
};

/** Two different files, with copies; 60 test pairs. */
const PAIR: MemoryPlan = { ...RUN, weightBytes: 1189e6, copiesWeights: true, items: 400 };
/** Two audits with prompts of up to 19 tokens, patched 8 from the end. */
const DEMO: MemoryPlan = {
  ...{ ...RUN, models: { base: TINY, tuned: TINY }, weightBytes: 5.2e6, copiesWeights: true },
  ...{ items: 400, layers: 5, tokens: 19, window: 8 },
};

const PACKED = { ...SMOL, copiedBytes: 68e6 };

/**
 * Largest resident memory of runs with the same file on both sides (Linux, 2 threads, ONNX Runtime 1.30): private pages,
 * and mapped pages of files counted once, in MB.
 */
const RECORDED: readonly {
  readonly what: string;
  readonly plan: MemoryPlan;
  readonly residentMB: number;
}[] = [
  { what: "float32, weights as mapped", plan: RUN, residentMB: 1941 },
  { what: "float16, widened where used", plan: { ...RUN, weightBytes: 269e6 }, residentMB: 1795 },
  { what: "float32, with copies", plan: { ...RUN, copiesWeights: true }, residentMB: 3850 },
  {
    what: "4 bits, with copies of the packed weights",
    plan: { ...RUN, models: { base: PACKED, tuned: PACKED }, copiesWeights: true },
    residentMB: 1876,
  },
  {
    what: "a model with itself",
    plan: { ...RUN, copiesWeights: true, items: 100 },
    residentMB: 3230,
  },
  { what: "the top layers only", plan: { ...PAIR, lowestLayer: 28 }, residentMB: 1229 },
  { what: "the upper half", plan: { ...PAIR, lowestLayer: 15 }, residentMB: 1888 },
  { what: "whole prompts", plan: { ...PAIR, lowestLayer: 15, window: 8 }, residentMB: 2033 },
  { what: "most layers", plan: { ...PAIR, lowestLayer: 4, layers: 2 }, residentMB: 2948 },
  { what: "tiny models", plan: DEMO, residentMB: 313 },
  {
    what: "the top layers only, a thread for each model",
    plan: { ...PAIR, lowestLayer: 28, ownThreads: 2 },
    residentMB: 1385,
  },
  { what: "tiny models, a thread each", plan: { ...DEMO, ownThreads: 2 }, residentMB: 467 },
  { what: "tiny models, many rows per run", plan: { ...DEMO, batch: 256 }, residentMB: 301 },
];

const machine = (memoryBytes: number) => ({
  cores: 2,
  memoryBytes,
  memoryFrom: "installed memory",
});

describe("the estimate of memory", () => {
  it.each(RECORDED)("is within 30 % of what was recorded: $what", ({ plan, residentMB }) => {
    const estimated = estimateMemory(plan).totalBytes / 1e6;
    expect(Math.abs(estimated - residentMB)).toBeLessThanOrEqual(0.3 * residentMB);
  });

  it("is below 2.5 times the float32 weights of both models for a float16 pair", () => {
    const pair = { ...RUN, weightBytes: 2 * 269e6 };
    expect(estimateMemory(pair).totalBytes).toBeLessThan(2.5 * 2 * 538e6);
  });

  it("is the sum of its parts, largest first", () => {
    const { parts, totalBytes } = estimateMemory(RUN);
    const bytes = parts.map((part) => part.bytes);
    expect(bytes.reduce((a, b) => a + b)).toBe(totalBytes);
    expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
  });

  it.each<Partial<MemoryPlan>>([
    { items: 1e6 },
    { gradientRows: 65 },
    { batch: 6500 },
    { window: 5 },
    { tokens: 4000 },
    { lowestLayer: 0 },
    { weightBytes: 600e6 },
    { models: { base: SMOL, tuned: { ...SMOL, blockParameters: 2e8 } } },
  ])("grows with %o", (change) => {
    const { totalBytes } = estimateMemory(RUN);
    expect(estimateMemory({ ...RUN, ...change }).totalBytes).toBeGreaterThan(totalBytes);
  });
});

describe("memory", () => {
  it("that suffices is not an error", () => {
    const estimate = estimateMemory(RUN);
    checkMemory(estimate, machine(estimate.totalBytes));
  });

  it("above what the machine has is refused, with the parts and what to reduce", () => {
    const estimate = estimateMemory({ ...RUN, batch: 4096, gradientRows: 4096 });
    const check = (): void => {
      checkMemory(estimate, machine(2e9));
    };
    expect(check).toThrow(HostError);
    expect(check).toThrow(
      expect.objectContaining({
        exitCode: 5,
        code: "MEMORY",
        message: "not enough memory",
        expected: "at most 2.0 GB (installed memory)",
        found:
          "an estimate of 59 GB: activations 58 GB, weights 538 MB, program 403 MB, captured states 1.1 MB",
        hint: "use a smaller --batch",
      }),
    );
  });

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [9_960, "10 kB"],
    [999_600, "1.0 MB"],
    [1.25e9, "1.3 GB"],
    [128e9, "128 GB"],
  ])("of %d bytes is printed as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
