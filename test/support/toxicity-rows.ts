/**
 * @file Results of the toxicity case study as rows, and what they say to the paper's two qualitative claims. Pure: counts
 * in, words out.
 */
import type { Divergence, Direction, DirectedHits } from "../../src/measure/measures.js";
import { DIRECTIONS } from "../../src/measure/measures.js";
import type { Result } from "../../src/report/schema.js";
import { countHits } from "../../src/stats/hits.js";
import type { Tally } from "../../src/stats/intervals.js";
import { unpairedDifferenceInterval } from "../../src/stats/unpaired.js";
import type { PairKind } from "./toxicity-models.js";

/** Token accuracy of one direction with everything it is to be read against. */
export interface DirectionRow {
  readonly direction: Direction;
  /** Learned maps: the target's next token is the one it prefers after the source text. */
  readonly iia: Tally;
  /** By the same count: nothing exchanged. 0 by construction, as trials are pairs on which the token changes. */
  readonly noIntervention: Tally;
  /** Sources dealt to other trials. */
  readonly permuted: Tally;
  /** A random subspace of the same size; within a model only. */
  readonly randomSubspace?: Tally;
  /** The whole state. */
  readonly fullSwap?: Tally;
  /** Share of the divergence without intervention that the learned maps remove. */
  readonly removedShare: number;
  /** That divergence, nats. */
  readonly floorNats: number;
}

/** One pair at one layer. */
export interface ToxicityRow {
  readonly pair: string;
  readonly kind: PairKind;
  readonly layer: number;
  readonly k: number;
  readonly verdict: string;
  readonly labels: readonly string[];
  readonly directions: readonly DirectionRow[];
}

/** Rows of one pair's result, one per layer. */
export function rowsOf(
  { cells, variables }: Pick<Result, "cells" | "variables">,
  { pair, kind }: Pick<ToxicityRow, "pair" | "kind">,
): readonly ToxicityRow[] {
  return cells.flatMap(({ cell, trials: [trials], divergence }) => {
    if (trials === undefined || divergence === undefined) return [];
    const site = variables
      .flatMap(({ sites }) => sites)
      .find(({ layer, role, seed }) => layer === cell.layer && role === cell.role && seed === cell.seed); // prettier-ignore
    const directions = DIRECTIONS.map((direction) => directionRow(direction, { trials, divergence })); // prettier-ignore
    const { verdict = "not judged", labels = [] } = site ?? {};
    return [{ pair, kind, layer: cell.layer, k: cell.k, verdict, labels, directions }];
  });
}

interface CellOfContexts {
  readonly trials: Result["cells"][number]["trials"][number];
  readonly divergence: Divergence;
}

function directionRow(direction: Direction, { trials, divergence }: CellOfContexts): DirectionRow {
  const target = direction.endsWith("base") ? "base" : "tuned";
  const tally = (hits: DirectedHits): Tally | undefined =>
    hits[direction] === undefined ? undefined : countHits(hits[direction]);
  const none = { hits: 0, n: 0 };
  const randomSubspace = tally(trials.randomSubspace);
  const fullSwap = tally(trials.fullSwap);
  return {
    direction,
    iia: tally(trials.iia) ?? none,
    noIntervention: countHits(trials.noIntervention[target]),
    permuted: tally(trials.permuted) ?? none,
    ...(randomSubspace === undefined ? {} : { randomSubspace }),
    ...(fullSwap === undefined ? {} : { fullSwap }),
    removedShare: divergence.removedShare.iia[direction]?.value ?? NaN,
    floorNats: divergence.floorNats[target].value,
  };
}

/** What was found beside a claim. */
export interface ClaimFound {
  readonly claim: string;
  readonly found: "as in the paper" | "not as in the paper" | "not decided" | "not tested";
  readonly why: string;
}

/** Both ends together hold with 95 %. */
const ONE_SIDED = 0.975;

/** The paper's two sentences, and what these rows say to each. */
export function claimsOf(rows: readonly ToxicityRow[]): readonly ClaimFound[] {
  return [moreAmongToxic(rows), sameAmongNonToxic(rows)];
}

function moreAmongToxic(rows: readonly ToxicityRow[]): ClaimFound {
  const claim = "toxic–toxic pairs transfer better than toxic–non-toxic pairs";
  const a = acrossOf(rows, "toxic–toxic");
  const b = acrossOf(rows, "toxic–non-toxic");
  if (a.n === 0 || b.n === 0) {
    return { claim, found: "not tested", why: `no ${a.n === 0 ? "toxic–toxic" : "toxic–non-toxic"} pair was run` }; // prettier-ignore
  }
  const interval = unpairedDifferenceInterval({ a, b }, ONE_SIDED);
  if (interval.kind === "undefined") return { claim, found: "not tested", why: interval.reason };
  const { low, high } = interval;
  const why = `between models ${share(a)} against ${share(b)}, difference [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  if (low > 0) return { claim, found: "as in the paper", why };
  return { claim, found: high < 0 ? "not as in the paper" : "not decided", why };
}

function sameAmongNonToxic(rows: readonly ToxicityRow[]): ClaimFound {
  const claim = "non-toxic pairs do not differ internally";
  const own = rows.filter(({ kind }) => kind === "non-toxic–non-toxic");
  if (own.length === 0) {
    return { claim, found: "not tested", why: "no non-toxic–non-toxic pair was run" };
  }
  const words = own.map(({ verdict }) => verdict);
  const why = [...new Set(words)]
    .map((word) => `${words.filter((each) => each === word).length} of ${words.length} ${word}`)
    .join(", ");
  if (words.every((word) => word === "transfers")) return { claim, found: "as in the paper", why };
  const isBroken = words.some((word) => word === "fails" || word === "lost" || word === "gained");
  return { claim, found: isBroken ? "not as in the paper" : "not decided", why };
}

/** Hits between two different models, all rows of a kind together: of the learned maps, or of whole states. */
export function acrossOf(
  rows: readonly ToxicityRow[],
  kind: PairKind,
  what: "iia" | "fullSwap" = "iia",
): Tally {
  const across = rows
    .filter((row) => row.kind === kind)
    .flatMap(({ directions }) => directions)
    .filter(({ direction }) => direction === "base→tuned" || direction === "tuned→base");
  return total(across.flatMap((row) => row[what] ?? []));
}

/** All trials together. */
export function total(tallies: readonly Tally[]): Tally {
  return tallies.reduce<Tally>((sum, { hits, n }) => ({ hits: sum.hits + hits, n: sum.n + n }), {
    hits: 0,
    n: 0,
  });
}

/** A tally as a share of three digits. */
export function share({ hits, n }: Tally): string {
  return n === 0 ? "–" : (hits / n).toFixed(3);
}
