/**
 * @file What a cell and an audit measure: counts per trial, never opinions. `verdict/` reads these, nothing else.
 */
import { SIDES, type Side } from "../plan/sides.js";

export { SIDES, type Side };

export const DIRECTIONS = ["base→base", "base→tuned", "tuned→base", "tuned→tuned"] as const;
/** `source→target`: the state is taken from the source and the target continues with it. */
export type Direction = (typeof DIRECTIONS)[number];

/** The direction between two sides. */
export function direction(source: Side, target: Side): Direction {
  return `${source}→${target}`;
}

/** Outcome of each trial in order, "1" = the patched answer was the counterfactual one. Length = n. */
export type Hits = string;

/** Address of a cell: the unit of work. */
export interface CellKey {
  readonly audit: string;
  readonly variable: string;
  readonly layer: number;
  readonly role: string;
  readonly k: number;
  readonly seed: number;
}

/**
 * Held-out interchange trials under one answer table. Trial i patches target item `target[i]` with the state of
 * source item `source[i]`; the same trials are used for every direction and control, so that they stay paired.
 * Only trials whose counterfactual answer differs from the target's own under this table.
 */
export interface Trials {
  /** "causal": the audit's causal model. "own": the tuned model's own natural answer per value. */
  readonly table: "causal" | "own";
  readonly target: readonly number[];
  readonly source: readonly number[];
  /** The whole state swapped, within a model: can the variable be moved here at all? */
  readonly fullSwap: Readonly<Partial<Record<Direction, Hits>>>;
  /** The target's natural answer already equals the counterfactual one. */
  readonly noIntervention: Readonly<Record<Side, Hits>>;
  /** Learned maps; absent directions were not trained because a gate had closed. */
  readonly iia: Readonly<Partial<Record<Direction, Hits>>>;
  /** The same maps with the sources permuted among the trials. */
  readonly permuted: Readonly<Partial<Record<Direction, Hits>>>;
  /** A random subspace of the same k in both models. */
  readonly randomSubspace: Readonly<Partial<Record<Direction, Hits>>>;
  /** The closed-form start, before any training. */
  readonly closedForm: Readonly<Partial<Record<Direction, Hits>>>;
  /** The base's P used in both models (only where the widths agree). */
  readonly frozenBasis: Readonly<Partial<Record<Direction, Hits>>>;
}

/** How the learning of one cell went. */
export interface Learning {
  /** Which models were trained: both (MAS), or one alone where the other's gate was closed. */
  readonly trained: readonly Side[];
  readonly steps: number;
  /** Step of the validation state that was kept; 0 = the closed-form start. */
  readonly bestStep: number;
  readonly validationLossNats: readonly number[];
  /** Median Mahalanobis distance of patched states over the natural one, by direction (ratio, 1 = natural). */
  readonly naturalness: Readonly<Partial<Record<Direction, number>>>;
  /** σ of the states by model: one scalar per model and site. */
  readonly sigma: Readonly<Record<Side, number>>;
  /** File of the learned P, relative to the run's folder; absent when nothing was learned. */
  readonly tensors?: string;
}

/** Everything measured in one cell. */
export interface CellMeasures {
  readonly cell: CellKey;
  readonly dModel: Readonly<Record<Side, number>>;
  /** First entry: the causal table. A second one only where the tuned model answers by another table. */
  readonly trials: readonly Trials[];
  /** Absent when the full-swap gate was closed in both models. */
  readonly learning?: Learning;
  /** Learning under the tuned model's own table; absent where there is none, or its gate was closed in both models. */
  readonly ownLearning?: Learning;
  /** The tuned model's own table (class by joined values of the outcome variables), where it differs from the causal one. */
  readonly ownTable?: Readonly<Record<string, string>>;
}

/** A share with its counts. */
export interface Count {
  readonly hits: number;
  readonly n: number;
}

/** What an audit measured before any intervention, for one variable under test. */
export interface AuditMeasures {
  readonly audit: string;
  readonly title: string;
  readonly question: string;
  readonly variable: string;
  readonly classes: readonly string[];
  readonly items: {
    readonly generated: number;
    /** Left out: longer than a model's context. */
    readonly tooLong: number;
    readonly baseRight: number;
    readonly tunedRight: number;
    readonly bothRight: number;
    /** Items used, drawn from those the base answers rightly. */
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    /** What was held out together: groups of items (focus words) or single items. */
    readonly heldOut: "group" | "item";
  };
  /** Natural accuracy within the answer set over all items, and mean probability mass of the answer set. */
  readonly natural: Readonly<Record<Side, { accuracy: Count; answerMass: number }>>;
  /** Set when the variable cannot be measured; no cell was run then. */
  readonly notMeasurable?: string;
}
