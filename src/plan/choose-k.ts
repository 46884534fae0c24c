/**
 * @file How many dimensions a subspace gets.
 */
import { PlanError } from "../errors.js";
import type { Side } from "./sides.js";

/**
 * Dimensions k of the subspaces of one variable: as asked, else classes − 1 and at most an eighth of the narrower
 * model, at least 1 (a larger k mainly adds room to steer, so that it proves less).
 *
 * @throws {@link PlanError} when the asked k is larger than the narrower model is wide.
 */
export function chooseK(
  asked: number | "auto",
  model: { readonly classes: number; readonly dModel: Readonly<Record<Side, number>> },
): number {
  checkK(asked, model.dModel);
  if (asked !== "auto") return asked;
  const width = Math.min(model.dModel.base, model.dModel.tuned);
  return Math.max(1, Math.min(model.classes - 1, Math.floor(width / 8)));
}

/**
 * Checks the asked k before anything is run.
 *
 * @throws {@link PlanError} when it is larger than the narrower model is wide.
 */
export function checkK(asked: number | "auto", dModel: Readonly<Record<Side, number>>): void {
  const width = Math.min(dModel.base, dModel.tuned);
  if (asked === "auto" || asked <= width) return;
  throw new PlanError("--k", {
    code: "K_TOO_LARGE",
    expected: `1 to ${width}, the width of the ${dModel.base <= dModel.tuned ? "base" : "tuned"} model`,
    found: String(asked),
    hint: `classes − 1 is enough for most variables, and more than ${Math.max(1, Math.floor(width / 8))} (dModel / 8) proves little`,
  });
}
