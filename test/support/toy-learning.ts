/** @file What a learner gets of two toy models of unequal width, whose code is a circle of classes. */
import type { LearningModel, LearningPairs } from "../../src/align/learner.js";
import { randomSubspace } from "../../src/align/stiefel.js";
import { checkInput } from "../../src/measure/cell-input.js";
import { bySide, prepareSite } from "../../src/measure/site.js";
import { tableRuns } from "../../src/measure/table-run.js";
import { stream } from "../../src/stats/stream.js";
import { circle, toyCell } from "./toy-world.js";

/** Base and tuned, both targets, from random subspaces of two dimensions; naturalness is counted in a unit of 2. */
export function toyLearning(classes: number): {
  readonly models: readonly LearningModel[];
  readonly pairs: LearningPairs;
} {
  const order = Array.from({ length: classes }, (_, i) => i);
  const code = circle(order, 2);
  const model = { dModel: 12, basis: 1, gain: 0.5, blocks: [{ writes: code, reads: code }] };
  const input = toyCell(
    { classes, items: 120 },
    { base: model, tuned: { ...model, basis: 2, dModel: 10, scale: 2 } },
    { k: 2 },
  );
  checkInput(input);
  const site = prepareSite(input);
  const run = tableRuns(input)[0]!;
  const { base, tuned } = bySide((side): LearningModel => ({
    states: site.states(side),
    start: randomSubspace(2, input.sides[side].dModel, stream(3, side)),
    target: {
      natural: site.natural(side),
      continuation: input.sides[side].continuation,
      labels: { train: run.train.label[side], validation: run.validation.label[side] },
      unit: { train: 2, validation: 2 },
    },
  }));
  return { models: [base, tuned], pairs: run.train };
}
