/**
 * @file Representational similarity analysis (Kriegeskorte et al. 2008): the dissimilarities between items in one model
 * against those in the other. Every pair once, never the diagonal (its zeros would correlate with themselves).
 */
import type { Matrix } from "../numeric/matrix.js";
import { varies } from "./centred.js";
import { dissimilarities, type Dissimilarity } from "./dissimilarity.js";
import type { Gram } from "./kernel-matrix.js";
import { kendallTauB } from "./kendall.js";
import { centredPairs, pairCosine, type PairVector } from "./pair-vector.js";
import { averageRanks } from "./ranks.js";

/** Names of the comparisons of two lists of dissimilarities. */
export const COMPARISONS = ["spearman", "pearson", "kendall"] as const;
/** Spearman's ρ (ties shared), Pearson's r, Kendall's τ-b. */
export type Comparison = (typeof COMPARISONS)[number];

/** How RSA compares. */
export interface RsaOptions {
  /** @defaultValue "euclidean" */
  readonly dissimilarity?: Dissimilarity;
  /** @defaultValue "spearman" */
  readonly comparison?: Comparison;
  readonly gram?: Gram;
}

/** Fewest items that RSA can order: three pairs. */
export const RSA_ITEMS = 3;

const DISSIMILARITY_NAMES: Readonly<Record<Dissimilarity, string>> = {
  euclidean: "Euclidean distance",
  cosine: "cosine distance",
  correlation: "correlation distance",
};
const COMPARISON_NAMES: Readonly<Record<Comparison, string>> = {
  spearman: "Spearman's ρ",
  pearson: "Pearson's r",
  kendall: "Kendall's τ-b",
};

/** Name of a variant, as every output spells it. */
export function rsaName({
  dissimilarity = "euclidean",
  comparison = "spearman",
}: RsaOptions = {}): string {
  return `RSA, ${DISSIMILARITY_NAMES[dissimilarity]}, ${COMPARISON_NAMES[comparison]}`;
}

/**
 * RSA of two models' states of the same items, `x` `[item, d₁]` and `y` `[item, d₂]`, −1 to 1.
 *
 * @returns `undefined` where one of them does not vary, or there are fewer than 3 items.
 */
export function rsa(x: Matrix, y: Matrix, options: RsaOptions = {}): number | undefined {
  const { dissimilarity = "euclidean", comparison, gram } = options;
  if (x.rows < RSA_ITEMS || !varies(x) || !varies(y)) return undefined;
  return compareDissimilarities(
    dissimilarities(x, dissimilarity, gram),
    dissimilarities(y, dissimilarity, gram),
    comparison,
  );
}

/** Compares two lists of dissimilarities between the same items; `undefined` where one is constant. */
export function compareDissimilarities(
  a: PairVector,
  b: PairVector,
  comparison: Comparison = "spearman",
): number | undefined {
  if (comparison === "kendall") return kendallTauB(a.values, b.values);
  return pairCosine(rsaPairs(a, comparison), rsaPairs(b, comparison));
}

/** What ρ or r sees of a list of dissimilarities: the cosine of two is their RSA. */
export function rsaPairs(list: PairVector, comparison: Exclude<Comparison, "kendall">): PairVector {
  return centredPairs(
    comparison === "pearson" ? list : { n: list.n, values: averageRanks(list.values) },
  );
}

/**
 * Between which values the RSA of the best model lies, given how the same states come out when measured several times
 * (Nili et al. 2014): the mean agreement of each repeat with the mean of the others (low) and of all (high).
 *
 * @param repeats - two or more lists of dissimilarities between the same items.
 * @returns `undefined` for fewer than two repeats, or a constant one.
 */
export function noiseCeiling(
  repeats: readonly PairVector[],
  comparison: Exclude<Comparison, "kendall"> = "spearman",
): { readonly low: number; readonly high: number } | undefined {
  if (repeats.length < 2) return undefined;
  const seen = repeats.map((repeat) => rsaPairs(repeat, comparison));
  const agreement = (peers: (own: PairVector) => readonly PairVector[]): number | undefined => {
    const found = seen.map((own) => pairCosine(own, meanOf(peers(own))));
    const known = found.filter((value) => value !== undefined);
    return known.length < found.length ? undefined : known.reduce((a, b) => a + b) / known.length;
  };
  const low = agreement((own) => seen.filter((other) => other !== own));
  const high = agreement(() => seen);
  return low === undefined || high === undefined ? undefined : { low, high };
}

/** Mean of centred lists, each brought to length 1 first, so that none counts more. */
function meanOf(lists: readonly PairVector[]): PairVector {
  const [first] = lists;
  const n = first?.n ?? 0;
  const values = new Float64Array(first?.values.length ?? 0);
  for (const list of lists) {
    const length = Math.hypot(1e-300, Math.sqrt(list.values.reduce((s, v) => s + v * v, 0)));
    list.values.forEach((value, i) => {
      values[i] = (values[i] ?? 0) + value / length;
    });
  }
  return { n, values };
}
