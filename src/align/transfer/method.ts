/**
 * @file The methods, as choices of one learner: what becomes of the rest of the target's coordinates, and which directions
 * are learned from by what (MAS and stitching: arXiv 2501.06164, section 3; DAS: arXiv 2303.02536).
 */
import type { TransferDirection, TransferProblem } from "./problem.js";

/** What decides whether a direction is learned from. */
interface DirectionFacts {
  readonly source: number;
  readonly target: number;
  /** The target may be recorded but not run from patched states. */
  readonly isClosed: boolean;
}

/** One method. */
interface Method {
  readonly title: string;
  readonly rest: TransferProblem["rest"];
  /** Whether networks that even a whole state does not move are left out of the learning. */
  readonly isGated: boolean;
  readonly weight: (facts: DirectionFacts) => TransferDirection["weight"];
}

const BEHAVIOUR = { behaviour: 1, latent: 0 } as const;
const LATENT = { behaviour: 0, latent: 1 } as const;
const NOT_LEARNED = { behaviour: 0, latent: 0 } as const;

function isForward({ source, target }: DirectionFacts): boolean {
  return source === 0 && target > 0;
}

/** All methods by name. */
export const METHODS = {
  mas: {
    title:
      "MAS: all directions, the rest of the target kept; latents instead of behaviour where a target is closed",
    rest: "kept",
    isGated: true,
    weight: ({ isClosed }) => (isClosed ? LATENT : BEHAVIOUR),
  },
  das: {
    title: "DAS: each network within itself, the rest kept",
    rest: "kept",
    isGated: true,
    weight: ({ source, target }) => (source === target ? BEHAVIOUR : NOT_LEARNED),
  },
  unimas: {
    title: "UniMAS: only into the networks after the first, the rest kept",
    rest: "kept",
    isGated: false,
    weight: ({ target }) => (target > 0 ? BEHAVIOUR : NOT_LEARNED),
  },
  stitching: {
    title:
      "model stitching: from the first network into the others, the rest of the target dropped",
    rest: "zero",
    isGated: false,
    weight: (facts) => (isForward(facts) ? BEHAVIOUR : NOT_LEARNED),
  },
  "latent-stitching": {
    title:
      "latent stitching: as stitching, fitted to the target's natural states instead of its behaviour",
    rest: "zero",
    isGated: false,
    weight: (facts) => (isForward(facts) ? LATENT : NOT_LEARNED),
  },
} as const satisfies Readonly<Record<string, Method>>;

/** Name of a method. */
export type MethodName = keyof typeof METHODS;
