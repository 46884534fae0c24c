/** @file Continuations that keep what they answered, and others that give the same answers again to whoever asks next. */
import type { Backward } from "../../src/align/continuation.js";
import type { LearningModel } from "../../src/align/learner.js";

/** One call: what was asked and what came back. */
export interface Answered extends Backward {
  readonly patched: Float32Array;
}

/** Models that keep their backward passes; `answered`: per model, in the order of the calls. */
export function keepAnswers(models: readonly LearningModel[]): {
  readonly models: readonly LearningModel[];
  readonly answered: readonly Answered[][];
} {
  const answered = models.map((): Answered[] => []);
  const keeping = models.map((model, m) =>
    withBackward(model, async (backward, patched) => {
      const answer = await backward();
      answered[m]!.push({ ...answer, patched });
      return answer;
    }),
  );
  return { models: keeping, answered };
}

/** Models that answer what was kept, call by call, whatever they are asked; `asked`: the states that came. */
export function repeatAnswers(
  models: readonly LearningModel[],
  answered: readonly (readonly Answered[])[],
): { readonly models: readonly LearningModel[]; readonly asked: readonly Float32Array[][] } {
  const asked = models.map((): Float32Array[] => []);
  const repeating = models.map((model, m) =>
    withBackward(model, (_, patched) => {
      const answer = answered[m]![asked[m]!.length];
      if (answer === undefined) throw new Error(`model ${m} is asked once more than before`);
      asked[m]!.push(patched);
      return Promise.resolve(answer);
    }),
  );
  return { models: repeating, asked };
}

function withBackward(
  model: LearningModel,
  answer: (backward: () => Promise<Backward>, patched: Float32Array) => Promise<Backward>,
): LearningModel {
  const { target } = model;
  if (target === undefined) return model;
  const { continuation } = target;
  return {
    ...model,
    target: {
      ...target,
      continuation: {
        ...continuation,
        backward: (items, patched, labels) =>
          answer(() => continuation.backward(items, patched, labels), patched),
      },
    },
  };
}
