/**
 * @file The words and figures that `verdict/` hands to `report/`: types and vocabularies only, no rules.
 * Field names are those of `result.json`, so that a view prints what it is given and computes nothing.
 */
import type { Direction, Side } from "../measure/measures.js";
import type { Policy } from "./policy.js";

/**
 * A number that never travels alone, or the reason why there is none.
 *
 * Units: `share` is 0 to 1; `ratio` is a share of the target's own within-model effect, 1 = all of it.
 */
export type Measure =
  | {
      readonly kind: "value";
      readonly value: number;
      readonly unit: "share" | "ratio";
      /** Trials behind the value. */
      readonly n: number;
      readonly interval: readonly [low: number, high: number];
      readonly method: string;
    }
  | { readonly kind: "undefined"; readonly reason: string };

/** What one site, and one variable, can be called. */
export const VERDICT_WORDS = [
  "fails",
  "lost",
  "moved",
  "gained",
  "transfers",
  "absent",
  "inconclusive",
  "not-measurable",
] as const;
/** A word for a variable. */
export type VariableWord = (typeof VERDICT_WORDS)[number];
/** A word for a site; `moved` needs several sites, so it is a label there. */
export type SiteWord = Exclude<VariableWord, "moved">;

/** A word for the whole run; `fail` closes the gate. */
export type RunWord = "pass" | "fail" | "inconclusive" | "not-measurable";

/** Labels that explain a verdict or stand beside it; none of them decides. */
export const LABEL_MEANINGS = {
  "behaviour lost":
    "the tuned model gives the right answer no more often than the counterfactual one",
  "behaviour changed": "the tuned model follows the variable but answers by a table of its own",
  moved: "the tuned model encodes it at a later layer or another role",
  "still readable": "a cross direction still moves the answer above its null",
  "same basis": "the base's own P works in both models, without training",
  scale:
    "σ of the tuned states over σ of the base's lies outside .80 to 1.25 (printed as `scale ×r`)",
  steerable:
    "behaviour-only maps would have passed: needs behaviour-only maps, not measured in this version",
} as const satisfies Readonly<Record<string, string>>;

/** A label as printed; the scale label carries its ratio, tuned over base. */
export type Label = Exclude<keyof typeof LABEL_MEANINGS, "scale"> | `scale ×${string}`;

/** Three-valued answer of a gate: `"?"` where the interval does not decide. */
export type Gate = "yes" | "no" | "?";

/** The two gates of one model at one site, and what follows from both. */
export interface SideGates {
  /** Does swapping the whole state within this model move the answer? */
  readonly fullSwap: Gate;
  /** Does the learned subspace move it within this model? Absent where it was not trained. */
  readonly subspace?: Gate;
  /** Both together: does this model encode the variable here? */
  readonly encodes: Gate;
}

/** Figures by direction; a direction that was not run is absent. */
export type ByDirection = Readonly<Partial<Record<Direction, Measure>>>;

/** Figures of what should not work, or works without learning, beside the learned maps. */
export interface SiteControls {
  /** Within a model (and across, where widths agree): the whole state swapped. */
  readonly fullSwap: ByDirection;
  /** By target model: its natural answer already is the counterfactual one. */
  readonly noIntervention: Readonly<Record<Side, Measure>>;
  readonly permuted: ByDirection;
  readonly randomSubspace: ByDirection;
  readonly closedForm: ByDirection;
  readonly frozenBasis: ByDirection;
}

/** The same figures under the tuned model's own answer table. */
export interface OwnTableFigures {
  readonly n: number;
  readonly iia: ByDirection;
  readonly null: ByDirection;
  readonly controls: SiteControls;
}

/** One cell, judged: a layer, a position role and a variable. */
export interface SiteVerdict {
  readonly layer: number;
  readonly role: string;
  readonly k: number;
  readonly seed: number;
  readonly verdict: SiteWord;
  readonly labels: readonly Label[];
  /** Why, in words and numbers; the first sentence is the deciding one. */
  readonly reasons: readonly string[];
  /** What a reader should know but what did not decide. */
  readonly warnings: readonly string[];
  /** Held-out trials of the causal table. */
  readonly n: number;
  /** Trials that would decide an inconclusive site (normal approximation); absent elsewhere or where no number would. */
  readonly nToDecide?: number;
  readonly gates: Readonly<Record<Side, SideGates>>;
  /** IIA of the learned maps. */
  readonly iia: ByDirection;
  /** The largest of the nulls of each direction; `method` names the one it was. */
  readonly null: ByDirection;
  /** Cross directions only, and only where both models encode the variable. */
  readonly ratio: ByDirection;
  /** P-value of "this cross direction stays below the policy's ratio" after correction over the run. */
  readonly adjustedP: Readonly<Partial<Record<Direction, number>>>;
  readonly controls: SiteControls;
  readonly ownTable?: OwnTableFigures;
}

/** One causal variable of one audit, judged from its sites. */
export interface VariableVerdict {
  readonly audit: string;
  readonly variable: string;
  readonly verdict: VariableWord;
  readonly labels: readonly Label[];
  readonly reasons: readonly string[];
  /** Natural accuracy within the answer set, over all items. */
  readonly accuracy: Readonly<Record<Side, Measure>>;
  /** Sorted by role, then layer, k and seed. */
  readonly sites: readonly SiteVerdict[];
}

/** How claims of failure were corrected for their number. */
export interface Multiplicity {
  readonly method: Policy["multiplicity"];
  /** Claims "a cross direction stays below the ratio" that were tested in the run. */
  readonly claims: number;
}

/** The whole run, judged. */
export interface RunVerdict {
  readonly verdict: RunWord;
  readonly reasons: readonly string[];
  readonly variables: readonly VariableVerdict[];
  readonly multiplicity: Multiplicity;
  readonly policy: Policy;
}
