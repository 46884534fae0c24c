/**
 * @file Pairs that the learned maps did not bring over, with the answer that came instead: what a reader asks to see
 * after a figure. The first ones in trial order, so that nobody chose them; how many failed is told by the hits.
 */
import { present } from "../errors.js";
import { i32 } from "../numeric/vector.js";
import type { Direction, Examples, FailedTrial } from "./measures.js";

/** Most failing trials that are kept per direction. */
export const MAX_EXAMPLES = 5;

/** One direction of the learned maps, as answered. */
export interface Answered {
  /** `[trial]`, class index that the target gave after the interchange. */
  readonly answers: Int32Array;
  /** `[trial]`, class index that it should have given. */
  readonly labels: Int32Array;
  /** Names of the classes. */
  readonly classes: readonly string[];
}

/** The first trials that missed, at most {@link MAX_EXAMPLES}; none where all hit. */
export function failedTrials({ answers, labels, classes }: Answered): readonly FailedTrial[] {
  const failed: FailedTrial[] = [];
  for (let trial = 0; trial < labels.length && failed.length < MAX_EXAMPLES; trial++) {
    const [answer, expected] = [i32(answers, trial), i32(labels, trial)];
    if (answer === expected) continue;
    failed.push({
      trial,
      answer: present(classes[answer], "class"),
      expected: present(classes[expected], "class"),
    });
  }
  return failed;
}

/** Gathers the answers of the learned maps as they are run, one direction after the other. */
export class ExampleBook {
  private readonly found: Partial<Record<Direction, readonly FailedTrial[]>> = {};

  constructor(private readonly classes: readonly string[]) {}

  /** Takes what one direction answered. */
  add(direction: Direction, answered: Omit<Answered, "classes">): void {
    this.found[direction] = failedTrials({ ...answered, classes: this.classes });
  }

  /** What was taken so far. */
  examples(): Examples {
    return { ...this.found };
  }
}
