/**
 * @file What a cell and an audit measure: counts per trial, never opinions. `verdict/` reads these, nothing else.
 */
import { SIDES, type Side } from "../plan/sides.js";

export { SIDES, type Side };

/** The four directions, in the order in which they are shown. */
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
  /** By model; absent where the joint maps show that it encodes the variable. */
  readonly alone?: Readonly<Partial<Record<Side, Alone>>>;
}

/**
 * Maps learned in one model alone, where the joint ones do not show that it encodes the variable: codes that conflict
 * can spoil each other's maps, and a model must not look as if it had lost what it merely does not share.
 */
export interface Alone {
  readonly iia: Hits;
  /** With the sources permuted among the trials. */
  readonly permuted: Hits;
}

/** How the learning of one cell went. */
export interface Learning {
  /** Which models were trained: both (MAS), or one alone where the other's gate was closed. */
  readonly trained: readonly Side[];
  readonly steps: number;
  /** Step of the validation state that was kept; 0 = the closed-form start. */
  readonly bestStep: number;
  readonly validationLossNats: readonly number[];
  /** How far patched states lie from natural ones of their counterfactual, by direction. */
  readonly naturalness: Readonly<Partial<Record<Direction, Distance>>>;
  /** σ of the states by model: one scalar per model and site. */
  readonly sigma: Readonly<Record<Side, number>>;
  /** Coordinates that are exchanged, where their number was learned. */
  readonly size?: number;
  /** Further learnings of the method, each with the directions whose maps it gave. */
  readonly others?: readonly LearningPart[];
  /** File of the learned P, relative to the run's folder; absent when nothing was learned. */
  readonly tensors?: string;
}

/** One learning of a method that consists of several. */
export interface LearningPart extends Pick<
  Learning,
  "steps" | "bestStep" | "validationLossNats" | "size"
> {
  readonly directions: readonly Direction[];
}

/** What was learned in place of rotations by MAS. */
export interface MapsMade {
  readonly method: string;
  /** Form of the maps. */
  readonly map: string;
  /** A model whose maps were learned from its natural states, not from its answers to interventions. */
  readonly closed?: Side;
  /** The number of exchanged coordinates was learned, up to k. */
  readonly learnsSize?: true;
  /** Cross directions put the source's coordinates into nothing else of the target (stitching). */
  readonly dropsRest?: true;
  /** Variables that were learned together, in the order of their blocks. */
  readonly joint?: readonly string[];
  /** Cross directions that the method learns maps for: what a verdict may compare. */
  readonly cross: readonly Direction[];
}

/**
 * Median Mahalanobis distance (Ledoit–Wolf covariance within groups) of patched states from the natural mean of their
 * counterfactual, over the same median of natural states (ratio, 1 = natural).
 */
export interface Distance {
  readonly ratio: number;
  /** 95 % interval of the median from order statistics, in the same unit. */
  readonly interval: readonly [low: number, high: number];
  /** Patched states behind it. */
  readonly n: number;
}

/** Hits by direction; a direction that was not run is absent. */
export type DirectedHits = Readonly<Partial<Record<Direction, Hits>>>;

/** A learning with the budget of the main one, and what its maps do on the same held-out trials. */
export interface ControlLearning {
  readonly iia: DirectedHits;
  readonly steps: number;
  readonly bestStep: number;
  readonly naturalness: Learning["naturalness"];
}

/** Maps from a network with random weights into each target, learned with the budget of the main ones. */
export interface UntrainedSource {
  readonly iia: Hits;
  readonly steps: number;
  readonly bestStep: number;
}

/**
 * Pairs whose source has another answer that the variable under test does not bring: after a swap of that variable
 * the target must still give its own answer. "1" = it did.
 */
export interface Isolation {
  readonly target: readonly number[];
  readonly source: readonly number[];
  readonly noIntervention: Readonly<Record<Side, Hits>>;
  readonly swapped: DirectedHits;
}

/** Everything outside the blocks of all variables taken from the source: "1" = the target gave its own answer all the same. */
export interface NullBlock {
  readonly noIntervention: Readonly<Record<Side, Hits>>;
  readonly swapped: DirectedHits;
}

/** Closed-form subspaces of several sizes, on the first trials of the cell. */
export interface SizeCurve {
  /** Trials, from the first on. */
  readonly n: number;
  /** Ascending k. */
  readonly points: readonly { readonly k: number; readonly iia: DirectedHits }[];
}

/** Where the learned subspaces lie. */
export interface Geometry {
  /** Between the two learned subspaces, radians ascending; absent where widths differ or one was not learned. */
  readonly principalAngles?: readonly number[];
  /** Share of P outside the directions that hold 99 % of the variance of the natural states. */
  readonly dormantShare: Readonly<Partial<Record<Side, number>>>;
  /** Root mean square of the code (group means about their contrast) inside P, in the units of the states. */
  readonly codeSize: Readonly<Partial<Record<Side, number>>>;
}

/** What is measured beside the learned maps, under the causal table, where anything was learned. */
export interface FurtherMeasures {
  /** Per trial: both models naturally answer target and source rightly. */
  readonly bothRight: Hits;
  readonly geometry: Geometry;
  readonly sizeCurve: SizeCurve;
  /** Absent where no other variable decides the answer, so that nothing can be carried along. */
  readonly isolation?: Isolation;
  /** Only where all variables of the audit were learned together. */
  readonly nullBlock?: NullBlock;
  /** λ = 0: what behaviour alone can be steered to; absent where both cross directions do what the target's own does. */
  readonly behaviourOnly?: ControlLearning;
  /** Labels shuffled among the training pairs, scored by the true ones: how selective the maps are; never a null. */
  readonly shuffledLabels?: ControlLearning;
  /** By target; absent where only one model was learned. */
  readonly untrainedSource?: Readonly<Partial<Record<Side, UntrainedSource>>>;
  /** The same learning with other random numbers. */
  readonly repeats: readonly ControlLearning[];
}

/** A figure with its 95 % interval. */
export interface Figure {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
  readonly n: number;
}

/** Controls of which divergences are kept. */
export const DIVERGENCE_CONTROLS = [
  "fullSwap",
  "iia",
  "permuted",
  "randomSubspace",
  "closedForm",
  "frozenBasis",
] as const satisfies readonly (keyof Trials)[];

/**
 * For whole contexts: how far what a target says lies from what it says naturally after the source text, over the whole
 * vocabulary, KL(natural ‖ patched) in nats. Same trials as the hits.
 */
export interface Divergence {
  /** Without intervention: what it says after the source text against what it says after its own. */
  readonly floorNats: Readonly<Record<Side, Figure>>;
  readonly nats: Readonly<Record<DivergenceControl, Readonly<Partial<Record<Direction, Figure>>>>>;
  /** Share of the floor that is gone: 1 = the target says what it would have said, 0 = as without intervention. */
  readonly removedShare: Divergence["nats"];
}

/** Name of a control of which divergences are kept. */
export type DivergenceControl = (typeof DIVERGENCE_CONTROLS)[number];

/** A trial of the learned maps whose patched answer was not the counterfactual one. */
export interface FailedTrial {
  /** Place among the causal trials. */
  readonly trial: number;
  /** Answer class that the target gave. */
  readonly answer: string;
  /** Answer class of the counterfactual. */
  readonly expected: string;
}

/** The first failing trials of each direction of the learned maps, in trial order; empty where all trials hit. */
export type Examples = Readonly<Partial<Record<Direction, readonly FailedTrial[]>>>;

/** A correlative figure, or why there is none. */
export interface SimilarityFigure {
  /** The exact variant, spelt out. */
  readonly measure: string;
  /** Distinct held-out items behind it. */
  readonly n: number;
  readonly value?: number;
  /** Set exactly where there is no value. */
  readonly undefinedBecause?: string;
}

/** How alike the states of both models are at a cell's site: correlative, stands beside the verdict, never in it. */
export interface CellSimilarity {
  readonly linearCkaDebiased: SimilarityFigure;
  readonly rsa: SimilarityFigure;
  /** `nFit`: distinct train items that the map was fitted to. */
  readonly procrustes: SimilarityFigure & { readonly nFit: number };
}

/** Everything measured in one cell. */
export interface CellMeasures {
  readonly cell: CellKey;
  readonly dModel: Readonly<Record<Side, number>>;
  /** Absent for rotations learned by MAS. */
  readonly maps?: MapsMade;
  /** First entry: the causal table. A second one only where the tuned model answers by another table. */
  readonly trials: readonly Trials[];
  /** Absent when the full-swap gate was closed in both models. */
  readonly learning?: Learning;
  /** Absent where nothing was learned. */
  readonly further?: FurtherMeasures;
  /** Learning under the tuned model's own table; absent where there is none, or its gate was closed in both models. */
  readonly ownLearning?: Learning;
  /** The tuned model's own table (class by joined values of the outcome variables), where it differs from the causal one. */
  readonly ownTable?: Readonly<Record<string, string>>;
  /** Whole contexts only. */
  readonly divergence?: Divergence;
  /** Under the causal table; absent where nothing was learned, and for whole contexts, which have no classes. */
  readonly examples?: Examples;
  /** Absent in results of versions that did not measure it, and for whole contexts. */
  readonly similarity?: CellSimilarity;
}

/** A share with its counts. */
export interface Count {
  readonly hits: number;
  readonly n: number;
}

/** A prompt as the models read it, or only the SHA-256 of its UTF-8 bytes. */
export type KeptPrompt = { readonly text: string } | { readonly sha256: string };

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
  /** By item, only those that examples of failing trials name; as far as the policy lets prompts be kept. */
  readonly prompts?: Readonly<Record<string, KeptPrompt>>;
}
