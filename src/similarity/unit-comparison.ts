/**
 * @file Everything that "Convergent Learning" (Li et al. 2016, arXiv 1511.07543) asks of the units of two layers, on
 * held-out items where something is fitted, each figure beside its chance: the same with the items of y in another order.
 */
import { takeColumns, takeRows, type Matrix } from "../numeric/matrix.js";
import type { Stream } from "../stats/stream.js";
import { matchedUnits } from "./matched-units.js";
import type { PairedStates } from "./procrustes.js";
import { sharedClusters } from "./shared-clusters.js";
import { sparseFigures } from "./sparse-figures.js";
import { CLOSE_UNITS, closeness } from "./unit-closeness.js";
import { standardUnits } from "./unit-correlation.js";
import { drawUnits, halvesOf, type UnitFigure } from "./unit-figure.js";

/** Units of one layer. */
export interface UnitCount {
  /** Units that were compared. */
  readonly used: number;
  readonly of: number;
}

/** The units of two layers. */
export interface UnitComparison {
  readonly x: UnitCount;
  readonly y: UnitCount;
  /** Why there are no figures; absent where there are. */
  readonly reason?: string;
  readonly figures: readonly UnitFigure[];
}

/** Most units of x that are matched with all of y, and that foretell units of y. */
const MATCHED_UNITS = 768;

/** Compares the units of `x` `[item, d₁]` and `y` `[item, d₂]`; those that do not vary on the fitted half are left out. */
export function compareUnits({ x, y }: PairedStates, random: Stream): UnitComparison {
  const order = random.fork("halves").shuffle([...Array(x.rows).keys()]);
  const [left, right] = [takeRows(x, order), takeRows(y, order)];
  const { fit } = halvesOf({ x: left, y: right });
  const chosen = drawUnits(varying(fit.x), MATCHED_UNITS, random.fork("units of x"));
  const other = varying(fit.y);
  const counts = { x: { used: chosen.length, of: x.cols }, y: { used: other.length, of: y.cols } };
  if (chosen.length < 2 || other.length < 2) {
    return { ...counts, reason: "fewer than two units vary over these prompts", figures: [] };
  }
  const pair = { x: takeColumns(left, chosen), y: takeColumns(right, other) };
  const apart = random.fork("apart").shuffle([...Array(x.rows).keys()]);
  const chance = between({ x: pair.x, y: takeRows(pair.y, apart) }, random);
  const figures = between(pair, random).map((figure, i) => ({
    ...figure,
    chance: figure.chance === undefined ? (chance[i]?.value ?? null) : figure.chance,
  }));
  return { ...counts, figures: [...within(pair, random), ...figures] };
}

function varying(states: Matrix): readonly number[] {
  const constant = new Set(standardUnits(states).constant);
  return [...Array(states.cols).keys()].filter((unit) => !constant.has(unit));
}

function within(pair: PairedStates, random: Stream): readonly UnitFigure[] {
  const { x, y } = someUnits(pair, random);
  const own = (units: Matrix, name: string, model: string): readonly UnitFigure[] =>
    closeness(
      { x: units, y: units },
      { name, where: `different units within the ${model} model`, isOwn: true },
    );
  return [...own(x, "base", "base"), ...own(y, "tuned", "tuned")];
}

function between(pair: PairedStates, random: Stream): readonly UnitFigure[] {
  const halves = halvesOf(pair);
  const { figures, partners } = matchedUnits(halves);
  return [
    ...closeness(someUnits(pair, random), {
      ...{ name: "both", where: "units between the models", isOwn: false },
    }),
    ...figures,
    ...sparseFigures(halves, random.fork("targets")),
    ...sharedClusters(halves, partners, random.fork("clusters")),
  ];
}

function someUnits({ x, y }: PairedStates, random: Stream): PairedStates {
  const draw = (units: Matrix, name: string): Matrix =>
    takeColumns(units, drawUnits([...Array(units.cols).keys()], CLOSE_UNITS, random.fork(name)));
  return { x: draw(x, "close x"), y: draw(y, "close y") };
}
