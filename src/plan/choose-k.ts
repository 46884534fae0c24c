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
  const width = Math.min(model.dModel.base, model.dModel.tuned);
  if (asked === "auto") return Math.max(1, Math.min(model.classes - 1, Math.floor(width / 8)));
  if (asked <= width) return asked;
  throw new PlanError("--k", {
    code: "K_TOO_LARGE",
    expected: `1 to ${width}, the width of the ${model.dModel.base <= model.dModel.tuned ? "base" : "tuned"} model`,
    found: String(asked),
    hint: `classes − 1 is enough for most variables, and more than ${Math.max(1, Math.floor(width / 8))} (dModel / 8) proves little`,
  });
}
