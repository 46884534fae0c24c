/** @file Runs a model once, for tests that compare outputs. */
import type { Model } from "../../src/onnx/graph.js";
import { createSession } from "../../src/runtime/session.js";
import type { Feeds, RuntimeTensor } from "../../src/runtime/tensor.js";

/** Runs a model on one thread and releases it. */
export async function runModel(model: Model, feeds: Feeds): Promise<Record<string, RuntimeTensor>> {
  const session = await createSession(model, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Largest absolute difference of two outputs, and the largest magnitude of the second. */
export function deviation(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { worst: number; largest: number } {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} elements, expected ${expected.length}`);
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= worst)) worst = difference; // NaN counts as worst
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return { worst, largest };
}
