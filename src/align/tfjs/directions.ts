/** @file The directions of a learning and the rows of a batch in each: every model gives states to every target. */
import { invariant } from "../../errors.js";
import { i32 } from "../../numeric/vector.js";
import type { LearningModel, LearningTarget } from "../learner.js";
import type { Batch } from "../objective.js";
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

/** `values` of the chosen pairs. */
export function ofChosen({ chosen }: Pick<Batch, "chosen">, values: Int32Array): Int32Array {
  return chosen.map((pair) => i32(values, pair));
}

/** The directions into one target, one per source. */
export function directionsInto(
  { t, model, target }: Answering,
  batch: Batch,
  { models, naturalness }: { readonly models: readonly LearningModel[]; naturalness: number },
): DirectionRows[] {
  const items = ofChosen(batch, batch.pairs.target);
  const sources = ofChosen(batch, batch.pairs.source);
  const { normalised, normalisation } = model.states;
  const natural =
    naturalness > 0
      ? naturalRows(
          { natural: target.natural, normalised },
          { items, groups: ofChosen(batch, batch.pairs.group), unit: target.unit[batch.split] },
        )
      : undefined;
  const targetStates = tableOfRows(normalised, items);
  return models.map(({ states }, source) => ({
    ...{ source, target: t, targetStates, sigma: normalisation.sigma },
    sourceStates: tableOfRows(states.normalised, sources),
    ...(natural === undefined ? {} : { natural }),
  }));
}

/** Rows of all directions of a batch. */
export function rowCount(models: readonly LearningModel[], { chosen }: Batch): number {
  const rows = models.length * answeringModels(models).length * chosen.length;
  invariant(rows > 0, "pairs and a target");
  return rows;
}
