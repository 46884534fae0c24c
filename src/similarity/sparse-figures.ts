/**
 * @file How few units of one model foretell a unit of the other (Li et al. 2016, 3.3): fitted on one half of the items;
 * on one half of the rest the strength of the penalty is chosen, on the other it is scored.
 */
import { NumericsError } from "../errors.js";
import { takeColumns } from "../numeric/matrix.js";
import type { Stream } from "../stats/stream.js";
import type { PairedStates } from "./procrustes.js";
import {
  operatingPoint,
  predictSparsely,
  STRENGTHS,
  type SparseLevel,
} from "./sparse-prediction.js";
import { drawUnits, halvesOf, type Halves, type UnitFigure } from "./unit-figure.js";

/** Units of y that are foretold. */
const TARGETS = 16;
/** Weakest strength: below, a descent over correlated units takes minutes. */
const WEAKEST = 0.03;
/** Explained variance to about six digits; what takes longer has hardly more items than predictors in use. */
const DESCENT = { tolerance: 1e-6, mostSweeps: 3000 };
const USED = STRENGTHS.filter((strength) => strength > WEAKEST);

/** Explained variance and number of predictors at the greatest strength whose loss is within 5 % of the least. */
export function sparseFigures({ fit, test }: Halves, random: Stream): readonly UnitFigure[] {
  const units = drawUnits([...Array(fit.y.cols).keys()], TARGETS, random);
  const targets = (part: PairedStates): PairedStates => ({
    x: part.x,
    y: takeColumns(part.y, units),
  });
  const { fit: choosing, test: scoring } = halvesOf(targets(test));
  const found = scoredLevel({ fit: targets(fit), choosing, scoring });
  const what =
    `sparse prediction (LASSO) of at most ${TARGETS} units of the tuned model, ` +
    `strengths 1 to ${WEAKEST} chosen on other items`;
  const sizes = { n: scoring.x.rows, nFit: fit.x.rows };
  const reason = typeof found === "string" ? { reason: found } : {};
  const level = typeof found === "string" ? undefined : found;
  return [
    {
      ...{
        name: "R²",
        ...sizes,
        ...reason,
        value: level === undefined ? null : 1 - 2 * level.loss,
      },
      measure: `${what}: explained variance, held-out items`,
    },
    {
      ...{ name: "units", ...sizes, ...reason, value: level?.predictors ?? null },
      measure: `${what}: mean number of predictors`,
    },
  ];
}

/** The level of the chosen strength, or why there is none. */
function scoredLevel({
  fit,
  choosing,
  scoring,
}: {
  readonly fit: PairedStates;
  readonly choosing: PairedStates;
  readonly scoring: PairedStates;
}): SparseLevel | string {
  try {
    const chosen = operatingPoint(predictSparsely({ fit, test: choosing }, USED, DESCENT));
    const [level] = predictSparsely(
      { fit, test: scoring },
      chosen ? [chosen.strength] : [],
      DESCENT,
    );
    return level ?? "no strength was tried";
  } catch (error) {
    if (error instanceof NumericsError && error.code === "LASSO_NOT_SETTLED") return error.message;
    throw error;
  }
}
