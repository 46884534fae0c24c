/** @file The number tasks, each with the symbolic model that its variables are usually taken from. */
import type { SequenceTask } from "../../src/plan/sequence-task.js";
import { arithmetic } from "./arithmetic.js";
import { COUNTING_NAMES, countingTask } from "./counting.js";

/** All number tasks. */
export const NUMBER_TASKS: readonly SequenceTask[] = [
  ...COUNTING_NAMES.map((task) => countingTask({ task })),
  arithmetic,
];
