/** @file Which models are run on the tokens that change alone, and a warning where a model's form does not allow it. */
import { SIDES, type Side } from "../measure/measures.js";
import { bySide } from "../measure/site.js";
import type { LocatedModel } from "../models/located.js";
import { obstacleToWindow } from "../models/window/choose-window.js";
import type { AuditOptions } from "../plan/options.js";
import type { Warning } from "../report/schema.js";

/** Decides per model; adds a warning for each that has to run whole prompts. */
export function chooseWindows(
  {
    models,
    layers,
    options,
  }: {
    readonly models: Readonly<Record<Side, LocatedModel>>;
    readonly layers: readonly number[];
    readonly options: Pick<AuditOptions, "referencePath">;
  },
  warnings: Warning[],
): Readonly<Record<Side, boolean>> {
  if (options.referencePath) return { base: false, tuned: false };
  const lowest = Math.min(...layers);
  const obstacles = bySide((side) => obstacleToWindow(models[side], lowest));
  for (const side of SIDES) {
    const obstacle = obstacles[side];
    if (obstacle === undefined) continue;
    const message = `the ${side} model is run on whole prompts, which is slow: ${obstacle}`;
    warnings.push({ code: "WHOLE_PROMPTS", message });
  }
  return bySide((side) => obstacles[side] === undefined);
}
