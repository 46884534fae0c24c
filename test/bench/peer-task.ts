/** @file What every PyTorch peer is told of a site: see `peers/common.py`. */
import { resolve } from "node:path";
import type { LearningModel } from "../../src/align/learner.js";
import type { PreparedAudit } from "../../src/models/prepared-items.js";
import type { Matrix } from "../../src/numeric/matrix.js";

/** A site of base and tuned, and the pairs that are run there. */
export interface PeerSite {
  /** Folders of base and tuned. */
  readonly paths: readonly string[];
  readonly threads: number;
  readonly layer: number;
  readonly prepared: PreparedAudit;
  /** Token that is patched, of every prompt. */
  readonly position: number;
  readonly pairs: { readonly target: Iterable<number>; readonly source: Iterable<number> };
  /** `[model][pair]`, class index. */
  readonly labels: readonly Iterable<number>[];
  readonly models: readonly LearningModel[];
  /** `[k, dModel]` of each model. */
  readonly subspaces: readonly Matrix[];
}

/** The part of a task that all peers read: arrays of plain numbers, models in the order base, tuned. */
export interface PeerTask {
  readonly base: string | undefined;
  readonly tuned: string | undefined;
  readonly layer: number;
  readonly threads: number;
  readonly position: number;
  readonly k: number | undefined;
  readonly prompts: readonly (readonly number[])[];
  readonly pairs: { readonly target: readonly number[]; readonly source: readonly number[] };
  readonly labels: readonly (readonly number[])[];
  readonly answerIds: readonly number[];
  /** `[answer token]`, class index. */
  readonly classOf: readonly number[];
  /** P, `[k, dModel]`, row by row. */
  readonly starts: readonly (readonly number[])[];
  readonly means: readonly (readonly number[])[];
  readonly sigmas: readonly number[];
}

/** Writes down a site for a peer. */
export function peerTask(site: PeerSite): PeerTask {
  const { threads, layer, position, prepared, pairs, labels, models, subspaces } = site;
  const [base, tuned] = site.paths.map((path) => resolve(path));
  return {
    ...{ base, tuned, layer, threads, position, k: subspaces[0]?.rows },
    prompts: prepared.items.map(({ ids }) => ids),
    pairs: { target: [...pairs.target], source: [...pairs.source] },
    labels: labels.map((each) => [...each]),
    answerIds: prepared.answerTokens.flat(),
    classOf: prepared.answerTokens.flatMap((ids, at) => ids.map(() => at)),
    starts: subspaces.map(({ data }) => [...data]),
    means: models.map(({ states }) => [...states.normalisation.mean]),
    sigmas: models.map(({ states }) => states.normalisation.sigma),
  };
}
