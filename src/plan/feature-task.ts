/**
 * @file The contract of a task on vectors of features with one class as the answer: what hierarchical equality
 * (`audits/equality/`) gives to the alignment of small networks. Its sibling on sequences is `sequence-task.ts`.
 */
import type { Stream } from "../stats/stream.js";
import type { TaskState } from "./sequence-task.js";

/** One input with the values of the variables that decide its answer. */
export interface FeatureExample {
  /** `[feature]`. */
  readonly features: Float32Array;
  readonly values: TaskState;
}

/** One task with its symbolic model. */
export interface FeatureTask {
  readonly id: string;
  readonly title: string;
  readonly references: readonly string[];
  /** Features of an input. */
  readonly width: number;
  /** Names of the answers, in order: `classes[id]`. */
  readonly classes: readonly string[];
  /** Variables that can be exchanged; together they decide the answer. */
  readonly variables: readonly string[];
  /** A natural input. */
  sample(random: Stream): FeatureExample;
  /**
   * Class id of the right answer to these values. After an interchange: to the target's values with the exchanged
   * ones of the source written over them.
   *
   * @throws PlanError unless there is a possible value of each variable.
   */
  outcome(values: TaskState): number;
}
