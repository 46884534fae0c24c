/** @file Which pairs of layers have their units compared, and the JSON of what was found. */
import { PlanError } from "../errors.js";
import type { ComparedUnits, NumberedPair } from "../measure/compare-units.js";
import type { Side } from "../measure/measures.js";
import type { UnitsPart } from "../report/schema-units.js";
import type { CompareOptions } from "./commands.js";

/** Pairs of layers, and in words which. */
interface UnitPairs {
  readonly of: string;
  readonly pairs: readonly NumberedPair[];
}

const CHANCE = "the same with the prompts of the tuned model in another order";

/**
 * Units of models that differ in depth are compared where the sub-networks say.
 *
 * @throws {@link PlanError} where they are asked for and the sub-networks are not.
 */
export function checkUnitPairs(
  { units, measures }: Pick<CompareOptions, "units" | "measures">,
  sameDepth: boolean,
): void {
  if (!units || sameDepth || measures === null || measures.includes("gromov")) return;
  throw new PlanError("nothing says which layers' units to compare: the models differ in depth", {
    code: "NO_UNIT_PAIRS",
    where: "--units",
    expected: `"gromov" among --measures, which proposes pairs of layers`,
    found: JSON.stringify(measures.join(",")),
    hint: "add gromov to --measures, or leave --units out",
  });
}

/** Layers of equal number; the `proposed` pairs where the models differ in depth. */
export function unitPairs({
  layers,
  sameDepth,
  proposed,
}: {
  readonly layers: Readonly<Record<Side, readonly number[]>>;
  readonly sameDepth: boolean;
  readonly proposed: readonly NumberedPair[];
}): UnitPairs {
  if (!sameDepth) {
    return {
      of: "pairs that the sub-networks propose: the models differ in depth",
      pairs: proposed,
    };
  }
  const pairs = layers.base.filter((layer) => layers.tuned.includes(layer));
  return { of: "layers of equal number", pairs: pairs.map((base) => ({ base, tuned: base })) };
}

/** What was found between units, with reasons where there is nothing. */
export function unitsPart(of: string, found: readonly ComparedUnits[]): UnitsPart {
  return {
    ...{ chance: CHANCE, of },
    pairs: found.map(({ base, tuned, found: { x, y, reason, figures } }) => ({
      ...{ base, tuned, units: { base: x, tuned: y }, reason: reason ?? null },
      figures: figures.map((figure) => ({
        ...{ name: figure.name, measure: figure.measure, value: figure.value },
        ...{ reason: figure.reason ?? null, chance: figure.chance ?? null },
        ...{ n: figure.n, nFit: figure.nFit ?? null },
      })),
    })),
  };
}
