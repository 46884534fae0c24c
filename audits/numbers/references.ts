/** @file Where the number tasks and their symbolic models come from. */

/** The paper, and the repository in which the tasks are defined. */
export const REFERENCES: readonly string[] = [
  "Model Alignment Search (2025). arXiv:2501.06164.",
  "Tasks and symbolic models: github.com/grantsrb/mas.",
];
