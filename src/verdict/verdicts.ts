/**
 * @file The words and figures that `verdict/` hands to `report/`: types and vocabularies only, no rules.
 * Field names are those of `result.json`, so that a view prints what it is given and computes nothing.
 */
import type { Direction, Geometry, Side } from "../measure/measures.js";
import type { Policy } from "./policy.js";

/**
 * A number that never travels alone, or the reason why there is none.
 *
 * Units: `share` is 0 to 1; `ratio` is a share of the target's own within-model effect, 1 = all of it; `difference` is
 * one share less another.
 */
export type Measure =
  | {
      readonly kind: "value";
      readonly value: number;
      readonly unit: "share" | "ratio" | "difference";
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
  steerable: "maps learned on behaviour alone pass: it can be steered, it is not shared",
  entangled:
    "a swap within the tuned model changes answers that other variables decide; in the base it does not",
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
  /** Only maps learned in this model alone say yes: joint ones cannot serve both codes. */
  readonly isAlone?: true;
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
  /** Within a model, by maps learned in it alone; absent where the joint maps show its code. */
  readonly alone?: ByDirection;
}

/** A cross direction against the target's own maps, on the same trials. */
export interface PairedTest {
  /** Trials that only the cross direction, and only the target's own maps, hit. */
  readonly onlyCross: number;
  readonly onlyWithin: number;
  /** McNemar's exact test, two-sided: the two rates differ. */
  readonly p: number;
  /** Cross less within; `equivalenceP` belongs to the claim that the size of it is below `margin` (two one-sided tests). */
  readonly difference: {
    readonly measure: Measure;
    readonly margin: number;
    readonly equivalenceP?: number;
  };
  /** The ratio of the verdict with an interval that allows for trials which share their target item. */
  readonly clusteredRatio: Measure;
}

/** Figures of what stands beside the learned maps; none of them decides. */
export interface FurtherFigures {
  /** λ = 0. */
  readonly behaviourOnly?: ByDirection;
  /** Learned from shuffled labels, scored by the true ones. */
  readonly shuffledLabels?: ByDirection;
  /** From a network with random weights, by target. */
  readonly untrainedSource?: Readonly<Partial<Record<Side, Measure>>>;
  /** Share of the answers that other variables decide which a swap leaves. */
  readonly isolation?: {
    readonly n: number;
    readonly kept: ByDirection;
    readonly noIntervention: Readonly<Record<Side, Measure>>;
  };
  /** On the trials whose items both models answer rightly; absent where too few remain. */
  readonly bothRight?: { readonly n: number; readonly iia: ByDirection };
  /** Closed-form subspaces of growing k; `smallest` reaches 95 % of the best of its direction. */
  readonly sizeCurve: {
    readonly n: number;
    readonly points: readonly { readonly k: number; readonly iia: ByDirection }[];
    readonly smallest: Readonly<Partial<Record<Direction, number>>>;
  };
  /** `codeScale`: size of the tuned model's code over the base's. */
  readonly geometry: Geometry & { readonly codeScale?: number };
  /** Lowest and highest rate over several learnings. */
  readonly spread?: {
    readonly learnings: number;
    readonly iia: Readonly<Partial<Record<Direction, readonly [low: number, high: number]>>>;
  };
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
  /** Absent where nothing was learned. */
  readonly further?: FurtherFigures;
  /** Cross directions only, where their target was learned. */
  readonly tests: Readonly<Partial<Record<Direction, PairedTest>>>;
  readonly ownTable?: OwnTableFigures;
}

/** Sites that a policy keeps from closing the gate, or kept until its day was over. */
export interface Excuse {
  readonly kind: "allowed" | "waived" | "expired";
  readonly reason: string;
  /** Last day (UTC) of a waiver. */
  readonly expires?: string;
  /** The variable as a whole; otherwise only the sites named here. */
  readonly isWhole: boolean;
  readonly sites: readonly Pick<SiteVerdict, "layer" | "role" | "k" | "seed">[];
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
  /** What the policy says of sites that would close the gate; absent where it says nothing. */
  readonly excuses?: readonly Excuse[];
  /** Its verdict would close the gate, but nothing that is left of it without the excused sites does. */
  readonly isExcused?: true;
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
