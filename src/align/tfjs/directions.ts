/** @file The directions of a learning and the rows of a batch in each: every model gives states to every target. */
import { invariant } from "../../errors.js";
import type { LearningModel, LearningTarget } from "../learner.js";
import { ofPairs, type Batch } from "../batch.js";
import { naturalRows, type NaturalRows } from "./penalty.js";
import { tableOfRows, type Table } from "./table.js";

/** A model that answers, and its place among the models. */
export interface Answering {
  readonly t: number;
  readonly model: LearningModel;
  readonly target: LearningTarget;
}

/** The rows of a batch in one direction. */
export interface DirectionRows {
  /** Places of the models. */
  readonly source: number;
  readonly target: number;
  /** Pairs of the split, `[pair]`. */
  readonly chosen: Int32Array;
  /** Normalised states, `[pair, dModel]`. */
  readonly sourceStates: Table;
  readonly targetStates: Table;
  /** σ of the target. */
  readonly sigma: number;
  /** Absent where naturalness counts for nothing. */
  readonly natural?: NaturalRows;
}

/** Models that can be patched, in their order. */
export function answeringModels(models: readonly LearningModel[]): Answering[] {
  return models.flatMap((model, t) =>
    model.target === undefined ? [] : [{ t, model, target: model.target }],
  );
}

/** The directions into one target, one per source. */
export function directionsInto(
  { t, model, target }: Answering,
  { split, pairs, chosen }: Batch,
  { models, naturalness }: { readonly models: readonly LearningModel[]; naturalness: number },
): DirectionRows[] {
  const { normalised, normalisation } = model.states;
  const lists = chosen[answeringModels(models).findIndex((answering) => answering.t === t)];
  return models.map(({ states }, source) => {
    const own = lists?.[source];
    invariant(own !== undefined, `pairs from ${source} into ${t}`);
    const items = ofPairs(own, pairs.target);
    const natural =
      naturalness > 0
        ? naturalRows(
            { natural: target.natural, normalised },
            { items, groups: ofPairs(own, pairs.group), unit: target.unit[split] },
          )
        : undefined;
    return {
      ...{ source, target: t, chosen: own, sigma: normalisation.sigma },
      sourceStates: tableOfRows(states.normalised, ofPairs(own, pairs.source)),
      targetStates: tableOfRows(normalised, items),
      ...(natural === undefined ? {} : { natural }),
    };
  });
}
