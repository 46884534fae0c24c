/** @file What an alignment of small networks is asked for. */
import type { MapForm } from "../../align/maps/map.js";
import type { TransferOptions } from "../../align/transfer/problem.js";
import type { MethodName } from "../../align/transfer/method.js";
import type { RunTask } from "./placed-run.js";
import type { Block } from "./starts.js";
import type { Steps } from "./steps.js";
import type { Renaming } from "./trial-set.js";

/** An open network with the task that it reads. */
export interface TaskedNetwork {
  readonly steps: Steps;
  readonly task: RunTask;
}

/** Trials per direction and variable. */
export interface TrialCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** A request. */
export interface AlignmentRequest {
  readonly networks: readonly TaskedNetwork[];
  readonly method: MethodName;
  readonly form: MapForm;
  readonly blocks: readonly Block[];
  /** Exchanges the states at all positions up to the place, each with the one at its position, not the one at the place. */
  readonly isStepwise: boolean;
  /** Also asks, within each network, that everything outside the blocks can be exchanged without effect. */
  readonly nullBlock: boolean;
  /** Sizes up to each block's k are learned. */
  readonly learnsSize: boolean;
  /** Networks that may be recorded but not run from patched states while learning. */
  readonly closed: ReadonlySet<number>;
  /** Directions between other networks than this one are not learned from: they never meet. */
  readonly reference?: number;
  readonly renaming: Renaming;
  /** Sources as they come, also those that change nothing; otherwise each changes what is exchanged. */
  readonly anySource: boolean;
  readonly trials: TrialCounts;
  readonly options: TransferOptions;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done, and awaited. */
  readonly onStage?: (stage: string) => Promise<void>;
}

/** Trials unless asked otherwise: as many held-out ones as an audit has pairs; the others suffice for counting (k = 4). */
export const TRIAL_COUNTS: TrialCounts = { train: 1000, validation: 200, test: 300 };
