/** @file Rows of outcomes with known truth, for calibration by simulation. */
import type { Stream } from "../../src/stats/stream.js";

/** Three standard errors of a share that `runs` repeats estimate: 1 correct check in 370 would fail by chance. */
export function threeErrors(share: number, runs: number): number {
  return 3 * Math.sqrt((share * (1 - share)) / runs);
}

/** Rows with these rates; half of the trials share their luck between rows, so that the rows are paired. */
export function drawRows(rng: Stream, n: number, rates: readonly number[]): string[] {
  const rows = rates.map(() => "");
  for (let i = 0; i < n; i++) {
    const shared = rng.next();
    rates.forEach((rate, row) => {
      const luck = rng.next() < 0.5 ? shared : rng.next();
      rows[row] = `${rows[row]!}${luck < rate ? "1" : "0"}`;
    });
  }
  return rows;
}

/** Shape of {@link drawClustered}. */
export interface ClusterShape {
  readonly clusters: number;
  readonly size: number;
  /** Share of trials that copy the luck of their cluster: correlation 2nd order within a cluster is its square. */
  readonly copied: number;
}

/** Rows with these rates whose trials resemble each other within a cluster, and the cluster of each trial. */
export function drawClustered(
  rng: Stream,
  { clusters, size, copied }: ClusterShape,
  rates: readonly number[],
): { rows: string[]; ids: number[] } {
  const rows = rates.map(() => "");
  const ids: number[] = [];
  for (let cluster = 0; cluster < clusters; cluster++) {
    const lucks = rates.map(() => rng.next());
    for (let i = 0; i < size; i++) {
      ids.push(cluster);
      rates.forEach((rate, row) => {
        const luck = rng.next() < copied ? lucks[row]! : rng.next();
        rows[row] = `${rows[row]!}${luck < rate ? "1" : "0"}`;
      });
    }
  }
  return { rows, ids };
}

/** Counts of `n` trials that fall to only a, only b or neither with these chances. */
export function drawDiscordance(
  rng: Stream,
  n: number,
  chances: { readonly onlyA: number; readonly onlyB: number },
): { onlyA: number; onlyB: number; n: number } {
  let [onlyA, onlyB] = [0, 0];
  for (let i = 0; i < n; i++) {
    const luck = rng.next();
    if (luck < chances.onlyA) onlyA++;
    else if (luck < chances.onlyA + chances.onlyB) onlyB++;
  }
  return { onlyA, onlyB, n };
}

/** Two rows with these counts; the trials on which they agree are hits. */
export function rowsOf({ onlyA, onlyB, n }: { onlyA: number; onlyB: number; n: number }): {
  a: string;
  b: string;
} {
  const agreed = "1".repeat(n - onlyA - onlyB);
  return {
    a: `${"1".repeat(onlyA)}${"0".repeat(onlyB)}${agreed}`,
    b: `${"0".repeat(onlyA)}${"1".repeat(onlyB)}${agreed}`,
  };
}

/** A count of hits among `n` trials of this rate. */
export function drawHits(rng: Stream, n: number, rate: number): number {
  let hits = 0;
  for (let i = 0; i < n; i++) hits += rng.next() < rate ? 1 : 0;
  return hits;
}
