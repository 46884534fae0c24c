/**
 * @file Both models at one site, prepared for learning: normalised states, natural states, codes. Each part is fitted
 * when it is first needed, because most cells end at the first gate.
 */
import { codeAndNoise, type CodeAndNoise } from "../align/closed-form.js";
import type { Grouping } from "../align/grouping.js";
import { fitNaturalStates, type NaturalStates } from "../align/natural-states.js";
import { normaliseStates, type SiteStates } from "../align/normalisation.js";
import { i32 } from "../numeric/vector.js";
import { cellName, type CellInput } from "./cell-input.js";
import type { CausalIndex } from "./causal-index.js";
import { SIDES, type Side } from "./measures.js";

/** Fitted parts of one site, per model. */
export interface Site {
  /** Names the cell in errors. */
  readonly name: string;
  readonly grouping: Grouping;
  states(side: Side): SiteStates;
  natural(side: Side): NaturalStates;
  code(side: Side): CodeAndNoise;
}

/** The site of a cell; nothing is computed yet. */
export function prepareSite({ key, sides, causal, train }: CellInput): Site {
  const grouping = groupingOf(causal);
  const states = oncePerSide((side) => {
    const { states: raw, dModel } = sides[side];
    return normaliseStates({ raw, dModel, train, grouping });
  });
  return {
    name: cellName(key),
    grouping,
    states,
    natural: oncePerSide((side) => fitNaturalStates(states(side).normalised, train, grouping)),
    code: oncePerSide((side) => codeAndNoise(states(side).normalised, train, grouping)),
  };
}

/** The same site as another variable of the audit sees it: groups are the same, contrasts its own. */
export function seenBy(site: Site, causal: CausalIndex, train: Int32Array): Site {
  const grouping = groupingOf(causal);
  return {
    ...site,
    grouping,
    code: oncePerSide((side) => codeAndNoise(site.states(side).normalised, train, grouping)),
  };
}

/** Groups of the causal model; groups that differ only in the variable under test form one contrast. */
function groupingOf({ group, groupNames, swapped, nValues }: CausalIndex): Grouping {
  const contrast = Int32Array.from(groupNames, (_, g) => i32(swapped, g * nValues));
  return { group, nGroups: groupNames.length, contrast };
}

function oncePerSide<T>(make: (side: Side) => T): (side: Side) => T {
  const made = new Map<Side, T>();
  return (side) => {
    const known = made.get(side);
    if (known !== undefined) return known;
    const fresh = make(side);
    made.set(side, fresh);
    return fresh;
  };
}

/** A value per side. */
export function bySide<T>(make: (side: Side) => T): Record<Side, T> {
  return { base: make(SIDES[0]), tuned: make(SIDES[1]) };
}
