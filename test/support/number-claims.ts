/**
 * @file What the paper says of small networks on number tasks (arXiv 2501.06164: in words; its tables of accuracies are
 * not to be had), the runs of `mas-audit align` that look, and when what they find is the same.
 */
import type { Alignment } from "../../src/report/schema-alignment.js";

/** Arguments of `mas-audit align`: networks by name, then flags. */
interface ClaimRun {
  readonly networks: readonly string[];
  readonly flags?: readonly string[];
}

/** Accuracies to show: directions of one run. */
interface Figure {
  readonly label: string;
  readonly run: string;
  /** Which directions, pooled. */
  readonly of: (source: string, target: string) => boolean;
}

/** What was found of one run, all seeds. */
export interface Found {
  /** Mean accuracy of the directions of each figure, by label. */
  readonly accuracy: (label: string) => number;
  /** Words said of the pairs of a run, over all seeds. */
  readonly verdicts: (run: string) => readonly string[];
  /** Smallest over the seeds of each measure of likeness of a run. */
  readonly likeness: (run: string) => readonly number[];
}

/** One claim. */
export interface Claim {
  readonly id: string;
  readonly paper: string;
  readonly runs: Readonly<Record<string, ClaimRun>>;
  readonly figures: readonly Figure[];
  /** Runs whose verdicts are shown. */
  readonly judged?: readonly string[];
  /** Runs whose CKA and RSA are shown. */
  readonly likened?: readonly string[];
  readonly holds: (found: Found) => boolean;
  /** What `holds` asks, in words. */
  readonly asks: string;
}

const GRU = "multi-object-gru-1";
const OTHER = "multi-object-gru-2";
const UNTRAINED = "multi-object-gru-untrained";
const TRANSFORMER = "multi-object-transformer-1";
const SIZES = [1, 2, 4, 8, 16] as const;
/** The default, and the size that the paper uses for counting. */
const CLOSED_SIZES = [4, 16] as const;
/** Accuracies this near are the same for a claim: two standard errors of 300 trials at .9. */
const NEAR = 0.035;
/** "Near perfect". */
const HIGH = 0.9;

const across = (source: string, target: string): boolean => source !== target;
const into =
  (wanted: string, from?: string) =>
  (source: string, target: string): boolean =>
    target === wanted && (from === undefined ? source !== wanted : source === from);
const stitched = (k: number): readonly string[] => [
  ...["--method", "stitching", "--map", "linear", "--k", String(k)],
  ...["--steps", "1500", "--train-pairs", "5000", "--batch", "128"],
];
const arithmetic = ["--rename", "arithmetic:value=count", "--exchange", "count", "--k", "16"];

/** All claims, in the order in which they are shown. */
export const NUMBER_CLAIMS: readonly Claim[] = [
  {
    id: "planted",
    paper: "(planted: an exactly rotated copy must transfer, one that lost the count must not)",
    runs: {
      rotated: { networks: [GRU, "multi-object-gru-rotated"] },
      damaged: { networks: [GRU, "multi-object-gru-damaged"] },
    },
    figures: [
      { label: "GRU ↔ rotated", run: "rotated", of: across },
      { label: "GRU ↔ damaged", run: "damaged", of: across },
    ],
    judged: ["rotated", "damaged"],
    holds: ({ verdicts }) =>
      verdicts("rotated").every((word) => word === "transfers") &&
      verdicts("damaged").every((word) => word === "lost"),
    asks: "verdicts transfers and lost",
  },
  {
    id: "four-dimensions",
    paper: "four dimensions suffice for counting",
    runs: Object.fromEntries(
      SIZES.map((k) => [`k = ${k}`, { networks: [GRU, OTHER], flags: ["--k", String(k)] }]),
    ),
    figures: SIZES.map((k) => ({ label: `k = ${k}`, run: `k = ${k}`, of: across })),
    holds: ({ accuracy }) => accuracy("k = 4") > accuracy("k = 16") - NEAR,
    asks: `k = 4 within ${NEAR} of k = 16`,
  },
  {
    id: "gru-gru",
    paper: "GRU and GRU align",
    runs: { pair: { networks: [GRU, OTHER] } },
    figures: [{ label: "GRU ↔ GRU", run: "pair", of: across }],
    judged: ["pair"],
    holds: ({ verdicts }) => verdicts("pair").every((word) => word === "transfers"),
    asks: "verdict transfers",
  },
  {
    id: "gru-transformer",
    paper: "GRU and transformer do not, although CKA and RSA can be high",
    runs: { pair: { networks: [GRU, TRANSFORMER], flags: ["--k", "16"] } },
    figures: [
      { label: "GRU → GRU", run: "pair", of: into(GRU, GRU) },
      { label: "GRU ↔ transformer", run: "pair", of: across },
    ],
    judged: ["pair"],
    likened: ["pair"],
    holds: ({ verdicts, likeness }) =>
      verdicts("pair").every((word) => word !== "transfers") &&
      likeness("pair").every((value) => value > 0.5),
    asks: "no verdict transfers, CKA and RSA above .5",
  },
  {
    id: "stitching",
    paper: "stitching is near perfect even at rank 2",
    runs: { pair: { networks: [OTHER, GRU], flags: stitched(2) } },
    figures: [{ label: "rank 2, GRU → GRU", run: "pair", of: into(GRU) }],
    holds: ({ accuracy }) => accuracy("rank 2, GRU → GRU") > HIGH,
    asks: `above ${HIGH}`,
  },
  {
    id: "stitching-untrained",
    paper: "stitching is near perfect even from an untrained source; MAS is not",
    runs: {
      "rank 2": { networks: [UNTRAINED, GRU], flags: stitched(2) },
      "rank 16": { networks: [UNTRAINED, GRU], flags: stitched(16) },
      mas: { networks: [UNTRAINED, GRU], flags: ["--k", "16"] },
    },
    figures: [
      { label: "stitching, rank 2", run: "rank 2", of: into(GRU) },
      { label: "stitching, rank 16", run: "rank 16", of: into(GRU) },
      { label: "MAS, k = 16", run: "mas", of: into(GRU) },
    ],
    judged: ["mas"],
    holds: ({ accuracy }) => accuracy("stitching, rank 2") > HIGH && accuracy("MAS, k = 16") < HIGH,
    asks: `stitching above ${HIGH}, MAS below`,
  },
  {
    id: "arithmetic",
    paper: "the count of arithmetic and the count of counting are not fully exchangeable",
    runs: { pair: { networks: ["arithmetic-gru-1", GRU], flags: arithmetic } },
    figures: [
      { label: "within arithmetic", run: "pair", of: into("arithmetic-gru-1", "arithmetic-gru-1") },
      { label: "within counting", run: "pair", of: into(GRU, GRU) },
      { label: "arithmetic → counting", run: "pair", of: into(GRU) },
      { label: "counting → arithmetic", run: "pair", of: into("arithmetic-gru-1") },
    ],
    judged: ["pair"],
    holds: ({ accuracy }) =>
      Math.min(accuracy("arithmetic → counting"), accuracy("counting → arithmetic")) <
      Math.min(accuracy("within arithmetic"), accuracy("within counting")) - NEAR,
    asks: `the worse direction across more than ${NEAR} below within`,
  },
  {
    id: "closed",
    paper: "the counterfactual latent loss helps into a network that may only be recorded",
    runs: Object.fromEntries(
      CLOSED_SIZES.flatMap((k) => [
        [
          `with, k = ${k}`,
          { networks: [OTHER, GRU], flags: ["--closed", OTHER, "--k", String(k)] },
        ],
        [
          `without, k = ${k}`,
          { networks: [OTHER, GRU], flags: ["--method", "unimas", "--k", String(k)] },
        ],
      ]),
    ),
    figures: CLOSED_SIZES.flatMap((k) =>
      [`with, k = ${k}`, `without, k = ${k}`].map((run) => ({ label: run, run, of: into(OTHER) })),
    ),
    holds: ({ accuracy }) => accuracy("with, k = 16") > accuracy("without, k = 16") + NEAR,
    asks: `k = 16 more than ${NEAR} above the same without it (UniMAS)`,
  },
];

/** What the runs of a claim found. */
export function foundOf(claim: Claim, runs: Readonly<Record<string, Alignment>>): Found {
  return {
    accuracy: (label) => {
      const values = claim.figures
        .filter((figure) => figure.label === label)
        .flatMap((figure) => hitsOf(figure, runs));
      const [hits, n] = values.reduce(([h, m], each) => [h + each.hits, m + each.n], [0, 0]);
      return hits / n;
    },
    verdicts: (run) =>
      runs[run]?.runs.flatMap(({ pairs }) => pairs.map(({ verdict }) => verdict)) ?? [],
    likeness: (run) =>
      runs[run]?.runs.flatMap(({ similarities }) =>
        similarities.map(({ value }) => value ?? Number.NaN),
      ) ?? [],
  };
}

/** Hits of a figure, one entry per seed. */
export function hitsOf(
  { run, of }: Figure,
  runs: Readonly<Record<string, Alignment>>,
): readonly { readonly hits: number; readonly n: number }[] {
  return (runs[run]?.runs ?? []).map(({ directions }) => {
    const own = directions.filter(({ source, target }) => of(source, target));
    return own.reduce(
      (total, { iia }) => {
        if (iia.kind !== "value") throw new Error(`an accuracy that is ${iia.kind}`);
        return {
          hits: total.hits + Math.round(iia.value * iia.n),
          n: total.n + iia.n,
        };
      },
      { hits: 0, n: 0 },
    );
  });
}
